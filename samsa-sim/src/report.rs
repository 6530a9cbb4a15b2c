//! What came of a run.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::violations::Violation;

/// What came of a run. As text it is what a failing test should print.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Which scenario; `None` for an application of one's own.
    pub scenario: Option<&'static str>,
    /// The seed, which gives the same run again.
    pub seed: u64,
    /// What must not happen, and did. Empty when all is well.
    pub violations: Vec<Violation>,
    /// A hash of all that happened: the same seed gives the same.
    pub trace_hash: u64,
    /// A line for each thing that happened: all of them, or the last ones.
    pub trace: Vec<String>,
    /// How much time has passed in the world.
    pub virtual_time: Duration,
    /// What went wrong, and how often; and some of what came of it: sessions of group members that expired, and answers to a
    /// create or a delete that were read when another had made the node anew.
    pub faults: BTreeMap<&'static str, u64>,
    /// Records that were accepted.
    pub published: u64,
    /// Records that were acknowledged.
    pub acknowledged: u64,
    /// Records that were read.
    pub read: u64,
    /// How often a task was run.
    pub steps: u64,
    /// How often something was checked: the bounds of a client after each of its turns, each record when it is acknowledged, and
    /// at the end each that was published, and each that was read. Where there is no client: each member of the group, whenever
    /// it is looked at.
    pub checks: u64,
    /// Whether the run was made twice, and compared.
    pub is_compared: bool,
    /// The fault that was planted into the client.
    pub planted: Option<&'static str>,
}

impl Report {
    /// Whether every check held.
    pub fn is_ok(&self) -> bool {
        self.violations.is_empty()
    }

    /// What to type to see the same run again.
    pub fn replay_command(&self) -> String {
        let plant = self.planted.map(|bug| format!(" --plant {bug}")).unwrap_or_default();
        match self.scenario {
            Some(scenario) => format!(
                "cargo run --release -p samsa-sim --example sim -- --scenario {scenario} --seed {}{plant} --trace",
                self.seed
            ),
            None => format!("samsa_sim::Simulation::new({}).keep_trace(true)", self.seed),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_ok() {
            writeln!(f, "the last {} lines of the trace:", self.trace.len())?;
            self.trace.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        }
        for violation in &self.violations {
            writeln!(f, "VIOLATION {violation}")?;
        }
        let name = self.scenario.unwrap_or("simulation");
        let verdict = if self.is_ok() { "ok" } else { "FAILED" };
        write!(
            f,
            "{name} seed {}: {verdict}; {:.1} s of virtual time, ",
            self.seed,
            self.virtual_time.as_secs_f64()
        )?;
        write!(
            f,
            "{} records published, {} acknowledged, {} read; ",
            self.published, self.acknowledged, self.read
        )?;
        write!(f, "faults: {}; trace {:016x}", faults(&self.faults), self.trace_hash)?;
        if !self.is_ok() {
            write!(f, "\nsee it again: {}", self.replay_command())?;
        }
        Ok(())
    }
}

/// Kinds with their counts, or `none`.
pub(crate) fn faults(faults: &BTreeMap<&'static str, u64>) -> String {
    if faults.is_empty() {
        return "none".to_owned();
    }
    faults.iter().map(|(kind, count)| format!("{kind} {count}")).collect::<Vec<_>>().join(", ")
}
