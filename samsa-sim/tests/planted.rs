//! Faults that are planted into the client must be found, each by the scenario that is there for it.

use samsa_core::{PlantedBug, with_planted};
use samsa_sim::scenario::{self, Options, Scenario};

/// In so many seeds a planted fault must show itself.
const SEEDS: u64 = 60;

/// Whether one of the seeds of a scenario finds a fault.
fn is_found(scenario: Scenario, bug: PlantedBug) -> bool {
    (0..SEEDS).any(|seed| {
        let report = with_planted(bug, || scenario::run(scenario.name, seed, Options::default()));
        !report.expect("a scenario of that name").is_ok()
    })
}

#[test]
fn each_fault_is_found_by_the_scenario_that_is_there_for_it() {
    for bug in PlantedBug::ALL {
        let finder = scenario::list().find(|scenario| scenario.finds.contains(&bug.name()));
        let finder = finder.unwrap_or_else(|| panic!("no scenario is there for {}", bug.name()));
        assert!(is_found(finder, *bug), "{} does not find {} in {SEEDS} seeds", finder.name, bug.name());
    }
}

#[test]
fn the_scenarios_name_faults_that_exist() {
    let named = scenario::list().flat_map(|scenario| scenario.finds);
    let unknown: Vec<_> =
        named.filter(|name| !PlantedBug::ALL.iter().any(|bug| bug.name() == **name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
