//! What is promised of what is published, for `explain`: told of each partition as it is in force now.
//!
//! | what is known of the partition      | in flight | a retry                          |
//! |-------------------------------------|-----------|----------------------------------|
//! | idempotence is off                  | one       | as the setting `retries` says    |
//! | its leader takes no record batches  | one       | as the setting `retries` says    |
//! | no broker gives a producer id       | one       | as the setting `retries` says    |
//! | it has an identity, at Produce 3    | one       | is stored once                   |
//! | the same, at Produce 4 or later     | five      | is stored once                   |
//! | no producer id yet                  | not known | not known                        |
//! | no connection to its leader         | not known | not known                        |
//!
//! A partition that takes nothing of this publisher is promised nothing: its messages fail.

use std::collections::{BTreeMap, BTreeSet};

use samsa_proto::records::Format;

use super::Sender;
use super::identity::ProducerId;
use super::place::Partition;
use super::window::LAST_ONLY;
use crate::config::{Acks, Retries};
use crate::explanation::{Guarantee, GuaranteeKind};
use crate::limits;
use crate::time::Instant;

/// Partitions that are named before the rest is only counted.
const NAMED: usize = 5;

/// What is known of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum InForce {
    Idempotent { remembers_five: bool },
    Off,
    LeaderOfOld,
    NoProducerIds,
    NoProducerIdYet,
    NoLeaderYet,
}

/// A topic, and one of its partitions if those are known.
type Spot = (u32, Option<u32>);

impl Sender {
    /// Says nothing before something is published.
    pub(super) fn guarantees(&self, now: Instant) -> Vec<Guarantee> {
        if self.topics.is_empty() {
            return Vec::new();
        }
        let mut groups: BTreeMap<InForce, Vec<Spot>> = BTreeMap::new();
        for (spot, partition) in self.spots() {
            if let Some(in_force) = self.in_force(partition, now) {
                groups.entry(in_force).or_default().push(spot);
            }
        }
        let mut guarantees = vec![self.acknowledgement()];
        guarantees.extend(self.losses_of_old(now));
        let mut tell = |kind, what: &dyn Fn(InForce, &[Spot]) -> String| {
            guarantees.extend(groups.iter().map(|(in_force, spots)| {
                let holds_for = self.scope(spots);
                Guarantee { kind, holds_for, what: what(*in_force, spots) }
            }));
        };
        tell(GuaranteeKind::Order, &|in_force, _| in_force.order());
        tell(GuaranteeKind::Duplicates, &|in_force, spots| self.duplicates(in_force, spots));
        guarantees
    }

    /// Every partition, and every topic of which none is known.
    fn spots(&self) -> impl Iterator<Item = (Spot, Option<&Partition>)> {
        (0..).zip(&self.topics).flat_map(|(index, topic)| {
            let unknown = topic.partitions.is_empty().then_some(((index, None), None));
            let numbered = (0..).zip(&topic.partitions);
            unknown
                .into_iter()
                .chain(numbered.map(move |(number, partition)| ((index, Some(number)), Some(partition))))
        })
    }

    fn in_force(&self, partition: Option<&Partition>, now: Instant) -> Option<InForce> {
        let newest = partition.and_then(|partition| partition.newest);
        if partition.is_some_and(|partition| partition.takes_nothing(self.settings.codec, now)) {
            return None;
        }
        if !self.settings.idempotence {
            return Some(InForce::Off);
        }
        let (Some(partition), Some(newest)) = (partition, newest) else { return Some(InForce::NoLeaderYet) };
        if partition.format_at(newest, now) != Format::V2 {
            return Some(InForce::LeaderOfOld);
        }
        if self.identity_of(partition).is_some() {
            return Some(InForce::Idempotent { remembers_five: newest > LAST_ONLY });
        }
        let goes_without = self.producer_ids.is_absent() && !partition.is_numbered();
        Some(if goes_without { InForce::NoProducerIds } else { InForce::NoProducerIdYet })
    }

    /// Who a partition says it is, or will say with its next batch.
    fn identity_of(&self, partition: &Partition) -> Option<ProducerId> {
        let sequence = partition.sequence.as_ref();
        sequence.map(|sequence| sequence.producer).or_else(|| self.producer_ids.known())
    }

    fn acknowledgement(&self) -> Guarantee {
        let what = match self.settings.acks {
            Acks::All => {
                "acks=all: every in-sync replica has what counts as written; these are as many as the topic's \
                 min.insync.replicas at least"
            }
            Acks::Leader => {
                "acks=1: the leader alone has what counts as written; what no other replica has yet is lost with it"
            }
        };
        let holds_for = "every partition".to_owned();
        Guarantee { kind: GuaranteeKind::Acknowledgement, holds_for, what: what.to_owned() }
    }

    /// Before messages had leader epochs (KIP-101), replicas that take over from each other could cut off what was acknowledged.
    fn losses_of_old(&self, now: Instant) -> Option<Guarantee> {
        let is_old = |partition: &Partition| partition.is_led_by_old(now);
        let spots = self.spots().filter(|(_, partition)| partition.is_some_and(is_old));
        let spots: Vec<Spot> = spots.map(|(spot, _)| spot).collect();
        let what = "brokers before 0.11, and those that keep messages as they did, can themselves lose what they have \
                    acknowledged when another replica leads (KIP-101)";
        let kind = GuaranteeKind::Acknowledgement;
        (!spots.is_empty()).then(|| Guarantee { kind, holds_for: self.scope(&spots), what: what.to_owned() })
    }

    fn duplicates(&self, in_force: InForce, spots: &[Spot]) -> String {
        let why = match in_force {
            InForce::Idempotent { .. } => {
                return format!(
                    "none: idempotence is in force{}, a retry is stored once",
                    self.by_whom(spots)
                );
            }
            InForce::NoProducerIdYet => return "not known yet: no broker has given a producer id".to_owned(),
            InForce::NoLeaderYet => return InForce::NO_LEADER.to_owned(),
            InForce::Off if self.settings.acks == Acks::Leader => "there is no idempotence with acks=1",
            InForce::Off => "idempotence is off",
            InForce::LeaderOfOld => "its leader takes no record batches, as those from 0.11 on do",
            InForce::NoProducerIds => "no broker that was asked gives producer ids",
        };
        match self.settings.retries {
            Retries::All => format!("possible: {why}, so a retry may be stored twice"),
            Retries::OnlyNotSent => {
                format!("none: {why}, and what may be stored is not sent again, as retries says")
            }
        }
    }

    /// The identity of partitions, if they have it in common.
    fn by_whom(&self, spots: &[Spot]) -> String {
        let partition = |(topic, number): &Spot| {
            let partitions = &self.topics[*topic as usize].partitions;
            number.and_then(|number| partitions.get(number as usize))
        };
        let identities: BTreeSet<_> =
            spots.iter().filter_map(partition).map(|it| self.identity_of(it)).collect();
        match identities.first() {
            Some(Some(ProducerId { id, epoch })) if identities.len() == 1 => {
                format!(" (producer {id}, epoch {epoch})")
            }
            _ => String::new(),
        }
    }

    /// These in words: all, or one by one, or their number.
    fn scope(&self, spots: &[Spot]) -> String {
        if spots.len() == self.spots().count() {
            return "every partition".to_owned();
        }
        let name = |topic: u32| self.topics[topic as usize].name();
        let mut named: Vec<String> = spots
            .iter()
            .take(NAMED)
            .map(|(topic, number)| match number {
                Some(number) => format!("topic {:?} partition {number}", name(*topic)),
                None => format!("topic {:?}", name(*topic)),
            })
            .collect();
        if spots.len() > NAMED {
            named.push(format!("{} more", spots.len() - NAMED));
        }
        named.join(", ")
    }
}

impl InForce {
    const NO_LEADER: &str = "not known yet: the leader is not known, or not connected";

    fn order(self) -> String {
        let one = |why| format!("kept: one batch of a partition is in flight at a time, since {why}");
        match self {
            Self::Idempotent { remembers_five: true } => {
                let most = limits::BATCHES_IN_FLIGHT;
                format!(
                    "kept: up to {most} batches of a partition are in flight, one until the first is stored"
                )
            }
            Self::Idempotent { remembers_five: false } => {
                one("its leader remembers no more of a producer (0.11, Produce 3)")
            }
            Self::Off | Self::LeaderOfOld | Self::NoProducerIds => one("there is no idempotence"),
            Self::NoProducerIdYet => "not known yet: no broker has given a producer id".to_owned(),
            Self::NoLeaderYet => Self::NO_LEADER.to_owned(),
        }
    }
}
