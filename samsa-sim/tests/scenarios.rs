//! The scenarios over many seeds, and what makes them worth believing: the same seed gives the same run.

use samsa_sim::scenario::{self, Options};

/// Few enough for a debug build; `.ci/run` runs a thousand in an optimized one.
const SEEDS: u64 = 20;

#[test]
fn every_scenario_holds_over_many_seeds() {
    for scenario in scenario::list() {
        let (mut published, mut read) = (0, 0);
        for seed in 0..SEEDS {
            let report = scenario::run(scenario.name, seed, Options::default()).unwrap();
            assert!(report.is_ok(), "{report}");
            published += report.published;
            read += report.read;
        }
        // A single seed may have nothing: no transaction of it was committed.
        assert!(published > 0 && read > 0, "{} publishes or reads nothing", scenario.name);
    }
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    for scenario in scenario::list() {
        for seed in 0..3 {
            let first = scenario::run(scenario.name, seed, Options::default()).unwrap();
            let second = scenario::run(scenario.name, seed, Options::default().trace(true)).unwrap();
            assert_eq!(first.trace_hash, second.trace_hash, "{} {seed}", scenario.name);
            assert_eq!(first.steps, second.steps);
            let other = scenario::run(scenario.name, seed + 1, Options::default()).unwrap();
            assert_ne!(first.trace_hash, other.trace_hash);
        }
    }
}

#[test]
fn every_seed_will_do() {
    for seed in [u64::MAX, u64::MAX - 1, 1 << 63] {
        let report = scenario::run("publish-and-read", seed, Options::default()).unwrap();
        assert!(report.is_ok(), "{report}");
        assert!(report.replay_command().contains(&seed.to_string()));
    }
}

#[test]
fn a_scenario_that_is_not_there_is_named_with_those_that_are() {
    let error = scenario::run("publish-and-reed", 1, Options::default()).unwrap_err().to_string();
    assert!(error.contains("publish-and-reed") && error.contains("publish-and-read"), "{error}");
}
