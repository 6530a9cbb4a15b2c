//! What the system says that this process has used.

use std::time::Duration;

use crate::failure::Failure;

/// Since the start of the process, over all its threads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    pub(super) in_user: Duration,
    pub(super) in_system: Duration,
    /// The most memory that it had.
    pub(super) max_rss_bytes: u64,
}

#[cfg(unix)]
impl Usage {
    pub(super) fn of_process() -> Result<Self, Failure> {
        use nix::sys::resource::{UsageWho, getrusage};
        use nix::sys::time::{TimeVal, TimeValLike};

        /// Bytes in the unit in which the system tells the size of a process.
        const UNIT: u64 = if cfg!(target_vendor = "apple") { 1 } else { 1024 };

        let usage = getrusage(UsageWho::RUSAGE_SELF)
            .map_err(|error| Failure::NotDone(format!("the system does not say what we use: {error}")))?;
        let time = |time: TimeVal| Duration::from_micros(time.num_microseconds().unsigned_abs());
        Ok(Self {
            in_user: time(usage.user_time()),
            in_system: time(usage.system_time()),
            max_rss_bytes: u64::try_from(usage.max_rss()).unwrap_or(0) * UNIT,
        })
    }
}

#[cfg(not(unix))]
impl Usage {
    pub(super) fn of_process() -> Result<Self, Failure> {
        Err(Failure::NotDone("what this process uses can be measured on Unix only".to_owned()))
    }
}
