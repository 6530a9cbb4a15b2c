//! As in publish-and-read, but with three brokers: when one crashes, others take over what it led, and may lack what was
//! not acknowledged yet.

use super::plan::Plan;
use super::publish_and_read::play;
use super::stage::Stage;
use super::{Options, Scenario};
use crate::report::Report;
use crate::rng::Rng;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "leaders-move",
    about: "one client publishes and another reads, while brokers crash and others take over",
    finds: &[],
};

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

fn plan(seed: u64) -> Plan {
    let replication = 1 + Rng::new(seed).below(3) as u16;
    Plan::draw(seed, 3).replicated(replication).tight(seed).lax(seed)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use samsa_client::Acks;

    use super::*;
    use crate::cluster::ClusterConfig;

    /// What is acknowledged by leaders, whose followers lag, looked at as if it were promised by these acknowledgements.
    fn acknowledged_by_leaders(seed: u64, promised: Acks) -> Report {
        let plan = plan(seed);
        let cluster = ClusterConfig { follower_lag: Duration::from_millis(500), ..plan.cluster };
        let plan = Plan { acks: Acks::Leader, cluster, ..plan };
        Stage::play_promising(seed, Options::default(), plan, promised, play)
    }

    #[test]
    fn what_only_the_leader_acknowledged_is_lost_by_some_seeds_and_the_checker_finds_it() {
        let is_lost = |seed| {
            let report = acknowledged_by_leaders(seed, Acks::All);
            report.violations.iter().any(|violation| violation.invariant == "acknowledged-is-stored")
        };
        assert!((0..120).any(is_lost));
    }

    #[test]
    fn who_asks_for_no_more_than_the_leaders_word_is_promised_no_more() {
        for seed in 0..40 {
            let report = acknowledged_by_leaders(seed, Acks::Leader);
            assert!(report.is_ok(), "{report}");
        }
    }
}
