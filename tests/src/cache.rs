//! The directory outside the repository where jars, compiled Java and running brokers live.
//!
//! `$SAMSA_TEST_CACHE`, or `samsa-tests` in the user's cache directory (`$XDG_CACHE_HOME`, `~/.cache`). Any number of test
//! processes use it at once: an entry is made in a directory beside it while a lock file is held, and renamed into place only
//! when it is whole, so a download that was cut off never counts as cached.

use std::{
    env, fs,
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use crate::error::{At, Error};

/// How long another process may hold an entry's lock: longer than the longest step under it.
const LOCK_LIMIT: Duration = Duration::from_secs(900);

/// The cache directory; made when it is not there.
pub fn directory() -> Result<PathBuf, Error> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let directory = set("SAMSA_TEST_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|caches| caches.join("samsa-tests")))
        .or_else(|| env::home_dir().map(|home| home.join(".cache").join("samsa-tests")))
        .unwrap_or_else(|| env::temp_dir().join("samsa-tests"));
    fs::create_dir_all(&directory).at("create", &directory)?;
    directory.canonicalize().at("resolve", directory)
}

/// The directory `name` of the cache, filled by `fill` when it is not there yet.
///
/// `fill` gets an empty directory of its own. It runs in one process at a time, and what it leaves is kept only when it succeeds.
pub fn entry(name: &str, fill: impl FnOnce(&Path) -> Result<(), Error>) -> Result<PathBuf, Error> {
    let cache = directory()?;
    let entry = cache.join(name);
    let _alone = lock(&cache.join(format!("{name}.lock")), LOCK_LIMIT)?;
    if entry.is_dir() {
        return Ok(entry);
    }
    let partial = cache.join(format!("{name}.partial"));
    if partial.exists() {
        fs::remove_dir_all(&partial).at("remove", &partial)?;
    }
    fs::create_dir_all(&partial).at("create", &partial)?;
    fill(&partial)?;
    fs::rename(&partial, &entry).at("rename to its place", &partial)?;
    Ok(entry)
}

/// Takes a lock file, which the operating system lets go when the file is dropped or the process dies.
pub(crate) fn lock(path: &Path, limit: Duration) -> Result<File, Error> {
    let give_up = Instant::now() + limit;
    loop {
        if let Some(file) = try_lock(path)? {
            return Ok(file);
        }
        if Instant::now() > give_up {
            return Err(Error::Late {
                process: format!("another test process, which holds {}", path.display()),
                goal: "letting go of the lock".into(),
                limit,
                tail: String::new(),
            });
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Takes a lock file if nobody holds it.
pub(crate) fn try_lock(path: &Path) -> Result<Option<File>, Error> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).at("create", parent)?;
    }
    let file = File::options().create(true).truncate(false).write(true).open(path).at("open", path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(Error::File { doing: "lock", path: path.into(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing() -> Error {
        Error::Missing { program: "nothing", install: "nothing" }
    }

    #[test]
    fn an_entry_whose_filling_failed_is_filled_again() {
        let name = format!("self-test-{}", std::process::id());
        let cut_off = entry(&name, |partial| {
            fs::write(partial.join("half.jar"), "ha").at("write", partial)?;
            Err(failing())
        });
        assert!(matches!(cut_off, Err(Error::Missing { .. })));

        let whole =
            entry(&name, |partial| fs::write(partial.join("whole.jar"), "whole").at("write", partial));
        let directory = whole.expect("the second filling succeeds");
        assert!(directory.join("whole.jar").exists());
        assert!(!directory.join("half.jar").exists());

        let cached = entry(&name, |_| Err(failing())).expect("nothing is filled twice");
        assert_eq!(cached, directory);
        fs::remove_dir_all(directory).expect("remove the entry");
        fs::remove_file(cached.with_extension("lock")).expect("remove the lock file");
    }
}
