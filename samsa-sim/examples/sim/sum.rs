//! What came of all runs, in a line.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use samsa_sim::Report;

#[derive(Default)]
pub(crate) struct Sum {
    pub(crate) seeds: u64,
    runs: u64,
    /// Runs that were made a second time.
    compared: u64,
    pub(crate) failed: u64,
    virtual_time: Duration,
    /// Of the machine.
    pub(crate) took: Duration,
    published: u64,
    read: u64,
    checks: u64,
    faults: BTreeMap<&'static str, u64>,
}

impl Sum {
    pub(crate) fn add(&mut self, report: &Report) {
        self.runs += 1;
        self.compared += u64::from(report.is_compared);
        self.failed += u64::from(!report.is_ok());
        self.virtual_time += report.virtual_time;
        self.published += report.published;
        self.read += report.read;
        self.checks += report.checks;
        for (kind, count) in &report.faults {
            *self.faults.entry(kind).or_default() += count;
        }
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.failed {
            0 => write!(f, "all ok: ")?,
            failed => write!(f, "{failed} FAILED: ")?,
        }
        write!(
            f,
            "{} seeds, {} runs, {} of them made twice and compared, ",
            self.seeds, self.runs, self.compared
        )?;
        let (passed, took) = (self.virtual_time.as_secs_f64(), self.took.as_secs_f64());
        write!(f, "{passed:.0} s of virtual time in {took:.1} s, ")?;
        write!(f, "{} records published, {} read, ", self.published, self.read)?;
        write!(
            f,
            "{} checks (bounds after each turn of a client, and each record at the end), ",
            self.checks
        )?;
        let faults: Vec<String> = self.faults.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        write!(f, "faults: {}", if faults.is_empty() { "none".to_owned() } else { faults.join(", ") })
    }
}
