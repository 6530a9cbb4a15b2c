//! Every seed of the fuzz targets, and so every input that once found a fault, holds.

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::{fs, io};

fn seeds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds")
}

fn names_in(directory: &Path) -> io::Result<BTreeSet<String>> {
    fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

#[test]
fn every_target_has_seeds_and_there_are_no_others() {
    let targets = samsa_fuzz::TARGETS.map(|(name, _)| name.to_owned()).into();
    assert_eq!(names_in(&seeds()).expect("the seeds are there"), targets);
}

#[test]
fn every_seed_holds() {
    for (target, run) in samsa_fuzz::TARGETS {
        let directory = seeds().join(target);
        let names = names_in(&directory).expect("the seeds can be listed");
        assert!(!names.is_empty(), "{target} has no seeds");
        for name in names {
            let input = fs::read(directory.join(&name)).expect("the seed can be read");
            assert!(catch_unwind(|| run(&input)).is_ok(), "fuzz/seeds/{target}/{name} does not hold");
        }
    }
}
