//! Named situations, each a file: what the world is like, what an application does in it, and what must hold.

mod ages;
mod ambiguous_outcome;
mod consumer_group;
mod dead_leader;
mod dead_leaders;
mod empty_batches;
mod fetch_sessions;
mod group_from_outside;
mod leaders_move;
mod lingering;
mod long_polls;
mod lying_broker;
mod moved_cluster;
mod nearest_replica;
mod one_partition_in_doubt;
mod plan;
mod publish_and_read;
mod quotas;
mod read_back;
mod read_committed;
mod retries_forbidden;
mod rolling_upgrade;
#[cfg(feature = "model")]
mod scala07_group;
mod seek_and_pause;
mod sequence_wraps;
mod sets_stay_whole;
mod short_deadline;
mod silent_leader;
mod slow_application;
mod stage;
mod stale_metadata;
mod suspended;
mod topic_flaps;
mod topic_made_anew;
mod torn_connections;
mod truncation;
mod wander;
mod written;

use std::fmt;

use crate::report::Report;
use crate::violations::Violation;

/// What a run of a scenario should keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// All lines of the trace, not only the last ones.
    pub trace: bool,
}

impl Options {
    /// Keeps all lines of the trace, or not.
    #[must_use]
    pub const fn trace(mut self, trace: bool) -> Self {
        self.trace = trace;
        self
    }
}

/// A scenario that can be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// What it is about, in a sentence.
    pub about: &'static str,
    /// The names of the faults of the client that it finds, when they are planted.
    pub finds: &'static [&'static str],
}

/// Runs one scenario from a seed.
type Body = fn(u64, Options) -> Report;

const ALL: &[(Scenario, Body)] = &[
    (publish_and_read::SCENARIO, publish_and_read::run),
    (read_back::SCENARIO, read_back::run),
    (leaders_move::SCENARIO, leaders_move::run),
    (ambiguous_outcome::SCENARIO, ambiguous_outcome::run),
    (retries_forbidden::SCENARIO, retries_forbidden::run),
    (short_deadline::SCENARIO, short_deadline::run),
    (one_partition_in_doubt::SCENARIO, one_partition_in_doubt::run),
    (sets_stay_whole::SCENARIO, sets_stay_whole::run),
    (sequence_wraps::SCENARIO, sequence_wraps::run),
    (topic_flaps::SCENARIO, topic_flaps::run),
    (topic_made_anew::SCENARIO, topic_made_anew::run),
    (dead_leaders::SCENARIO, dead_leaders::run),
    (quotas::SCENARIO, quotas::run),
    (ages::SCENARIO, ages::run),
    (ages::STUTTERING, ages::run_stuttering),
    (rolling_upgrade::SCENARIO, rolling_upgrade::run),
    (stale_metadata::SCENARIO, stale_metadata::run),
    (lying_broker::SCENARIO, lying_broker::run),
    (torn_connections::SCENARIO, torn_connections::run),
    (moved_cluster::SCENARIO, moved_cluster::run),
    (long_polls::SCENARIO, long_polls::run),
    (suspended::SCENARIO, suspended::run),
    (dead_leader::SCENARIO, dead_leader::run),
    (silent_leader::SCENARIO, silent_leader::run),
    (truncation::SCENARIO, truncation::run),
    (empty_batches::SCENARIO, empty_batches::run),
    (read_committed::SCENARIO, read_committed::run),
    (fetch_sessions::SCENARIO, fetch_sessions::run),
    (nearest_replica::SCENARIO, nearest_replica::run),
    (slow_application::SCENARIO, slow_application::run),
    (lingering::SCENARIO, lingering::run),
    (seek_and_pause::SCENARIO, seek_and_pause::run),
    (consumer_group::SCENARIO, consumer_group::run),
    (consumer_group::PYKAFKA, consumer_group::run_pykafka),
    (consumer_group::ON_BROKERS, consumer_group::run_on_brokers),
    (group_from_outside::SCENARIO, group_from_outside::run),
    #[cfg(feature = "model")]
    (scala07_group::SCENARIO, scala07_group::run),
];

/// There is no scenario of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownScenario(String);

impl fmt::Display for UnknownScenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<&str> = list().map(|scenario| scenario.name).collect();
        write!(f, "there is no scenario {:?}; there are: {}", self.0, known.join(", "))
    }
}

impl std::error::Error for UnknownScenario {}

/// All scenarios.
pub fn list() -> impl Iterator<Item = Scenario> {
    ALL.iter().map(|(scenario, _)| *scenario)
}

/// Every so many seeds a run is repeated and compared, when many are run.
const COMPARED: u64 = 10;

/// As [`run`], for one of many seeds: every tenth is run twice, and a second run that differs from the first is a
/// violation.
pub fn run_one_of_many(name: &str, seed: u64, options: Options) -> Result<Report, UnknownScenario> {
    let mut report = run(name, seed, options)?;
    if seed.is_multiple_of(COMPARED) {
        let again = run(name, seed, Options::default())?;
        report.violations.extend(difference(report.trace_hash, again.trace_hash));
        report.is_compared = true;
    }
    Ok(report)
}

fn difference(first: u64, second: u64) -> Option<Violation> {
    (first != second).then(|| Violation {
        invariant: "the same seed gives the same run",
        what: format!("the first run's trace was {first:016x}, the second's {second:016x}"),
    })
}

/// Runs a scenario from a seed: any 64 bits, and the same seed gives the same run.
pub fn run(name: &str, seed: u64, options: Options) -> Result<Report, UnknownScenario> {
    let known = ALL.iter().find(|(scenario, _)| scenario.name == name);
    let (scenario, body) = known.ok_or_else(|| UnknownScenario(name.to_owned()))?;
    Ok(Report { scenario: Some(scenario.name), ..body(seed, options) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_that_differs_is_a_violation() {
        assert_eq!(difference(1, 1), None);
        assert!(difference(1, 2).is_some_and(|violation| violation.what.contains("0000000000000002")));
    }

    #[test]
    fn a_tenth_seed_is_run_twice_and_is_the_same() {
        let report = run_one_of_many("publish-and-read", 10, Options::default()).unwrap();
        assert!(report.is_ok(), "{report}");
    }
}
