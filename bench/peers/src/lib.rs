//! What the peers have in common: what they publish, and the figures of a run in the form of `samsa perf --json`.

mod arguments;
mod floor;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use nix::sys::resource::{Usage, UsageWho, getrusage};
use serde::Serialize;

pub use arguments::{Load, Place, Settings};
pub use floor::Connection;

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
    #[serde(skip_serializing_if = "Option::is_none")]
    p50_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p99_ms: Option<f64>,
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
            p50_ms: None,
            p99_ms: None,
        }
    }
}

impl Figures {
    /// Adds how long records took, from times in microseconds in ascending order.
    #[must_use]
    pub fn with_times(self, micros: &[u64]) -> Self {
        let at = |quantile: f64| {
            let place = (micros.len() as f64 * quantile).ceil() as usize;
            micros.get(place.saturating_sub(1)).map(|micros| *micros as f64 / 1e3)
        };
        Self { p50_ms: at(0.5), p99_ms: at(0.99), ..self }
    }

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

/// Reads every byte, as an application would, and says how many there are.
#[inline]
pub fn touch(bytes: Option<&[u8]>) -> u64 {
    let bytes = bytes.unwrap_or_default();
    black_box(bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)));
    bytes.len() as u64
}

/// A peer that hears nothing for this long gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);

fn usage() -> Usage {
    getrusage(UsageWho::RUSAGE_SELF).expect("a process may ask for its own usage")
}

fn seconds_of(time: nix::sys::time::TimeVal) -> f64 {
    time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6
}
