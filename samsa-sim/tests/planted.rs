//! Faults that are planted into the client must be found, each by the scenario that is there for it.

use samsa_core::{PlantedBug, with_planted};
use samsa_sim::scenario::{self, Options};

/// In so many seeds a planted fault must show itself.
const SEEDS: u64 = 60;

/// The first of the seeds in which a scenario finds a fault, and which invariants it breaks.
fn find(scenario: &str, bug: PlantedBug) -> Option<(u64, Vec<&'static str>)> {
    (0..SEEDS).find_map(|seed| {
        let report = with_planted(bug, || scenario::run(scenario, seed, Options::default()));
        let report = report.expect("a scenario of that name");
        let broken: Vec<_> = report.violations.iter().map(|violation| violation.invariant).collect();
        (!broken.is_empty()).then_some((seed, broken))
    })
}

#[test]
fn a_retry_that_forgets_its_sequence_is_found() {
    let (_, broken) = find("ambiguous-outcome", PlantedBug::ForgetsSequence).expect("it is found");
    assert!(broken.contains(&"stored-once"), "{broken:?}");
}

#[test]
fn a_new_identity_for_what_may_be_stored_is_found() {
    let (_, broken) = find("ambiguous-outcome", PlantedBug::RenewsWhileInDoubt).expect("it is found");
    assert!(broken.contains(&"stored-once"), "{broken:?}");
}

#[test]
fn a_deadline_that_frees_the_place_of_what_may_be_stored_is_found() {
    let (seed, broken) = find("short-deadline", PlantedBug::DeadlineFreesPlace).expect("it is found");
    assert!(!broken.is_empty(), "{seed}");
}
