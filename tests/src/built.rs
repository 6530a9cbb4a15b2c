//! What cargo builds for the tests, in the profile and target directory of the running tests.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::{
    Error,
    error::At,
    process::{self, Process},
    scratch::Scratch,
};

/// A cold build on a busy machine.
const BUILD_LIMIT: Duration = Duration::from_secs(900);

/// Runs an example of a package to its end, which has to be a good one, and returns what it printed.
pub fn run_example(
    package: &str,
    example: &str,
    arguments: &[&str],
    limit: Duration,
) -> Result<String, Error> {
    let executable = build(&["-p", package, "--example", example], &format!("examples/{example}"))?;
    let scratch = Scratch::new()?;
    let log = scratch.path().join("log");
    let mut process = Process::start(example, Command::new(executable).args(arguments), &log)?;
    process.finish("it was done", limit)?;
    Ok(process.logged())
}

/// Has cargo build what the arguments name, and returns the path of the executable, `file` in the directory of the
/// profile.
pub(crate) fn build(arguments: &[&str], file: &str) -> Result<PathBuf, Error> {
    let ours = env::current_exe().at("find", "the running test")?;
    let directory = ours.ancestors().nth(2).unwrap_or(Path::new("."));
    let profile = directory.file_name().unwrap_or_default();
    let profile = if profile == "debug" { "dev".as_ref() } else { profile };
    let scratch = Scratch::new()?;
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .args(["build", "--quiet", "--profile"])
        .arg(profile)
        .args(arguments)
        .arg("--target-dir")
        .arg(directory.parent().unwrap_or(directory));
    let name = format!("cargo build {}", arguments.join(" "));
    process::run(&name, &mut cargo, &scratch.path().join("cargo.log"), BUILD_LIMIT)?;
    Ok(directory.join(format!("{file}{}", env::consts::EXE_SUFFIX)))
}
