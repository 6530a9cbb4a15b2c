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
    Plan::draw(seed, 3).replicated(replication).tight(seed)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use samsa_client::Acks;

    use super::*;
    use crate::cluster::ClusterConfig;

    #[test]
    fn what_only_the_leader_acknowledged_is_lost_by_some_seeds_and_the_checker_finds_it() {
        let is_lost = |seed| {
            let plan = plan(seed);
            let cluster = ClusterConfig { follower_lag: Duration::from_millis(500), ..plan.cluster };
            let plan = Plan { acks: Acks::Leader, cluster, ..plan };
            let report = Stage::play(seed, Options::default(), plan, play);
            report.violations.iter().any(|violation| violation.invariant == "acknowledged-is-stored")
        };
        assert!((0..120).any(is_lost));
    }
}
