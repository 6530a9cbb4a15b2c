//! What the peers have in common: their arguments, and the figures of a run in the form of `samsa perf --json`.

use std::time::{Duration, Instant};

use nix::sys::resource::{Usage, UsageWho, getrusage};
use serde::Serialize;

/// A run that has begun. What was spent before it (start-up, metadata) does not count.
pub struct Run {
    began: Instant,
    used: Usage,
}

/// The figures of a run, named as `samsa perf --json` names them.
#[derive(Debug, Serialize)]
pub struct Figures {
    records: u64,
    bytes: u64,
    seconds: f64,
    records_per_second: f64,
    cpu_user_seconds: f64,
    cpu_system_seconds: f64,
    cpu_ns_per_record: f64,
    max_rss_bytes: u64,
}

impl Run {
    /// Begins now.
    ///
    /// # Panics
    ///
    /// When the operating system does not tell what this process used.
    pub fn begin() -> Self {
        Self { began: Instant::now(), used: usage() }
    }

    /// Ends now, after `records` with `bytes` of keys and values.
    ///
    /// # Panics
    ///
    /// When the operating system does not tell what this process used.
    pub fn end(self, records: u64, bytes: u64) -> Figures {
        let seconds = self.began.elapsed().as_secs_f64();
        let now = usage();
        let user = seconds_of(now.user_time()) - seconds_of(self.used.user_time());
        let system = seconds_of(now.system_time()) - seconds_of(self.used.system_time());
        Figures {
            records,
            bytes,
            seconds,
            records_per_second: records as f64 / seconds,
            cpu_user_seconds: user,
            cpu_system_seconds: system,
            cpu_ns_per_record: (user + system) * 1e9 / records as f64,
            max_rss_bytes: u64::try_from(now.max_rss()).unwrap_or(0) * 1024,
        }
    }
}

impl Figures {
    /// Prints the one line.
    ///
    /// # Errors
    ///
    /// Never for these fields; the signature is that of the encoder.
    pub fn print(&self) -> Result<(), serde_json::Error> {
        println!("{}", serde_json::to_string(self)?);
        Ok(())
    }
}

/// A peer that hears nothing for this long gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);

fn usage() -> Usage {
    getrusage(UsageWho::RUSAGE_SELF).expect("a process may ask for its own usage")
}

fn seconds_of(time: nix::sys::time::TimeVal) -> f64 {
    time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6
}
