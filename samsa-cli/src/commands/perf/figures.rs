//! What a run took.

use std::io::Write;
use std::time::Instant;

use serde::Serialize;

use super::usage::Usage;
use crate::failure::Failure;
use crate::output::Output;

/// A run that has begun. What was spent before it does not count.
#[derive(Debug)]
pub(super) struct Run {
    began: Instant,
    used: Usage,
}

/// The figures of a run.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
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
    pub(super) fn begin() -> Result<Self, Failure> {
        Ok(Self { used: Usage::of_process()?, began: Instant::now() })
    }

    /// Ends now, after so many records with so many bytes of keys and values.
    #[expect(clippy::cast_precision_loss, reason = "beyond 2^53 records nobody counts them one by one")]
    pub(super) fn end(&self, records: u64, bytes: u64) -> Result<Figures, Failure> {
        let seconds = self.began.elapsed().as_secs_f64();
        let used = Usage::of_process()?;
        let in_user = used.in_user.saturating_sub(self.used.in_user).as_secs_f64();
        let in_system = used.in_system.saturating_sub(self.used.in_system).as_secs_f64();
        Ok(Figures {
            records,
            bytes,
            seconds,
            records_per_second: records as f64 / seconds,
            cpu_user_seconds: in_user,
            cpu_system_seconds: in_system,
            cpu_ns_per_record: (in_user + in_system) * 1e9 / records.max(1) as f64,
            max_rss_bytes: used.max_rss_bytes,
        })
    }
}

/// Prints figures: a line each, or one object.
pub(super) fn print(
    figures: &impl Serialize,
    lines: Vec<(&'static str, String)>,
    json: bool,
) -> Result<(), Failure> {
    let mut out = Output::stdout();
    if json {
        out.object(figures)?;
    } else {
        for (name, figure) in lines {
            writeln!(out, "{name:<20} {figure}")?;
        }
    }
    Ok(out.flush()?)
}

impl Figures {
    pub(super) fn print(&self, json: bool) -> Result<(), Failure> {
        print(self, self.lines(), json)
    }

    pub(super) fn lines(&self) -> Vec<(&'static str, String)> {
        vec![
            ("records", self.records.to_string()),
            ("bytes", self.bytes.to_string()),
            ("seconds", format!("{:.3}", self.seconds)),
            ("records_per_second", format!("{:.0}", self.records_per_second)),
            ("cpu_user_seconds", format!("{:.3}", self.cpu_user_seconds)),
            ("cpu_system_seconds", format!("{:.3}", self.cpu_system_seconds)),
            ("cpu_ns_per_record", format!("{:.1}", self.cpu_ns_per_record)),
            ("max_rss_bytes", self.max_rss_bytes.to_string()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_and_json_see_the_same_figures() {
        let figures = Run::begin().unwrap().end(10, 1000).unwrap();
        let json = serde_json::to_value(&figures).unwrap();
        let mut names: Vec<_> = figures.lines().iter().map(|(name, _)| (*name).to_owned()).collect();
        names.sort_unstable();
        let object = json.as_object().unwrap();
        assert_eq!(object.keys().cloned().collect::<Vec<_>>(), names);
        assert_eq!((&json["records"], &json["bytes"]), (&10.into(), &1000.into()));
        assert!(figures.max_rss_bytes > 0);
    }

    #[test]
    fn a_run_of_nothing_has_figures() {
        let figures = Run::begin().unwrap().end(0, 0).unwrap();
        assert!(figures.cpu_ns_per_record.is_finite() && figures.records_per_second.is_finite());
    }
}
