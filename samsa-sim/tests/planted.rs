//! Faults that are planted into the client must be found, each by the scenario that is there for it.

use samsa_core::{PlantedBug, with_planted};
use samsa_sim::scenario::{self, Options, Scenario};

/// In so many seeds a planted fault must show itself.
const SEEDS: u64 = 60;

/// Whether one of the seeds of a scenario finds a fault, and finds nothing without it.
fn is_found(scenario: Scenario, bug: PlantedBug) -> bool {
    let is_ok = |seed| scenario::run(scenario.name, seed, Options::default()).expect("a scenario").is_ok();
    (0..SEEDS).any(|seed| !with_planted(bug, || is_ok(seed)) && is_ok(seed))
}

#[test]
fn each_fault_is_found_by_every_scenario_that_is_there_for_it() {
    for bug in PlantedBug::ALL {
        let finders: Vec<_> =
            scenario::list().filter(|scenario| scenario.finds.contains(&bug.name())).collect();
        assert!(!finders.is_empty(), "no scenario is there for {}", bug.name());
        for finder in finders {
            assert!(is_found(finder, *bug), "{} does not find {} in {SEEDS} seeds", finder.name, bug.name());
        }
    }
}

#[test]
fn the_scenarios_name_faults_that_exist() {
    let named = scenario::list().flat_map(|scenario| scenario.finds);
    let unknown: Vec<_> =
        named.filter(|name| !PlantedBug::ALL.iter().any(|bug| bug.name() == **name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
