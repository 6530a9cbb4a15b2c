//! What may be stored is not to be sent again (`Retries::OnlyNotSent`), at brokers that cannot know it again: those before 0.11,
//! and newer ones where idempotence is off. Answers are lost as in ambiguous-outcome. Nothing is stored twice; and what is
//! certainly not stored goes on being tried, so that no message ends as `NotSent` before its time is over.

use std::time::Duration;

use samsa_client::{Compression, Retries};

use super::plan::Plan;
use super::publish_and_read;
use super::stage::Stage;
use super::{Options, Scenario};
use crate::check::Outcome;
use crate::cluster::{ClusterConfig, Release};
use crate::faults::{Fault, FaultMix};
use crate::report::Report;
use crate::rng::Rng;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "retries-forbidden",
    about: "answers are lost, no idempotence is to be had, and what may be stored is not sent again",
    finds: &["retries-in-doubt"],
};

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

fn plan(seed: u64) -> Plan {
    const RELEASES: [Release; 4] = [Release::V0_9, Release::V0_10, Release::V0_11, Release::V3_9];
    let faults = FaultMix::of(&[Fault::LostReply, Fault::Cut, Fault::Stall, Fault::Crash, Fault::LeaderMove]);
    let plan = Plan::draw(seed, 3).replicated(2).tight(seed);
    let release = Rng::new(seed).pick(&RELEASES).copied().unwrap_or(Release::V0_10);
    let is_old = release < Release::V0_11;
    Plan {
        cluster: ClusterConfig { release, ..plan.cluster },
        compression: if is_old { Compression::None } else { plan.compression },
        // Wished for, and not to be had.
        idempotence: is_old,
        retries: Retries::OnlyNotSent,
        batch_bytes: 200,
        delivery_timeout: Duration::from_secs(120),
        faults: Some(faults),
        ..plan
    }
}

async fn play(stage: Stage) {
    publish_and_read::play(stage.clone()).await;
    let history = stage.history();
    let mut all = history.outcomes.iter();
    if let Some((number, _)) = all.find(|(_, outcomes)| outcomes.contains(&Outcome::NotSent)) {
        let what = format!("m{number} was given up, though it was certainly not stored");
        stage.world.violation("tries-what-is-not-stored", what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_messages_may_be_stored_and_end_so() {
        let reports = (0..10).map(|seed| run(seed, Options::default()));
        let in_doubt = reports.filter(|report| report.acknowledged < report.published);
        assert!(in_doubt.count() > 0);
    }
}
