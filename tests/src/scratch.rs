//! A directory for one broker's data and logs, which goes with the process that made it.

use std::{
    fs,
    fs::File,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use crate::{
    cache,
    error::{At, Error},
};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A directory under the cache's `running/`, removed on drop. A process that dies leaves its own behind: its lock is free
/// then, and the next one that makes a directory removes it.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
    _ours: File,
}

impl Scratch {
    pub(crate) fn new() -> Result<Self, Error> {
        let running = cache::directory()?.join("running");
        let _alone = cache::lock(&running.join("lock"), Duration::from_secs(60))?;
        sweep(&running)?;
        let path = running.join(format!("{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        let ours = cache::lock(&path.join("lock"), Duration::ZERO)?;
        Ok(Self { path, _ours: ours })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Removes the directories whose processes are gone. One that is dropped at this moment may vanish at any step, and its lock
/// with it.
fn sweep(running: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(running).at("list", running)?.flatten() {
        let path = entry.path();
        if path.is_dir()
            && let Ok(Some(_abandoned)) = cache::try_lock(&path.join("lock"))
        {
            let _ = fs::remove_dir_all(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_directory_that_goes_meanwhile_stands_in_nobodys_way() {
        let scratch = Scratch::new().expect("a directory");
        let (running, gone) = (scratch.path().join("running"), scratch.path().join("gone"));
        for name in ["going", "left"] {
            fs::create_dir_all(running.join(name)).expect("a directory");
        }
        // Opening it fails as it does when the directory goes at that very moment.
        std::os::unix::fs::symlink(gone.join("lock"), running.join("going").join("lock")).expect("a link");
        sweep(&running).expect("it is passed over");
        assert!(running.join("going").exists());
        assert!(!running.join("left").exists());
    }

    #[test]
    fn a_directory_in_use_is_left_alone_and_goes_on_drop() {
        let first = Scratch::new().expect("a first directory");
        let second = Scratch::new().expect("a second, whose making sweeps");
        assert!(first.path().is_dir() && second.path().is_dir());
        let path = first.path().to_owned();
        drop(first);
        assert!(!path.exists());
    }

    #[test]
    fn directories_come_and_go_beside_each_other() {
        let come_and_go = || (0..50).for_each(|_| drop(Scratch::new().expect("a directory")));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(come_and_go);
            }
        });
    }
}
