//! What groups of the Scala consumers of 0.7 read that others do not: who the brokers are, and how many partitions of a topic
//! each of them has.
//!
//! A topic's node holds nothing there. Its children are the brokers that have it, ephemeral like the brokers themselves, each
//! with a count; so partitions come and go with their broker. A broker that has a topic need not be registered at that moment.
//!
//! A partition is known by [one number](BrokerPartition::number) for broker and partition. Where that does not fit, and where a
//! broker has not registered itself as those of 0.7 do, a member does not share: it ends with an error that says what it found.

use std::collections::BTreeSet;

use samsa_proto::zookeeper::{Kafka07Broker, PartitionCount, PartitionNode, ZnodeError, path};

use crate::broker_partition::{BrokerPartition, UnnumberedPartition};
use crate::group::GroupError;
use crate::group::member::Member;
use crate::group::session::Question;
use crate::group::view::View;
use crate::group::world::World;
use crate::time::Now;
use crate::zookeeper::{ZkAnswer, ZkError, ZkOp};

/// What a round asks for in this dialect alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::group) enum Asked {
    /// The brokers.
    Brokers,
    /// What one of them has registered.
    Broker(String),
    /// How many partitions of a topic a broker has.
    Count { topic: String, broker: String },
}

/// What there is that a member of this dialect cannot share.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::group) enum Refusal {
    NotKafka07 { broker: String, found: String },
    Unnumbered(UnnumberedPartition),
}

impl From<Refusal> for GroupError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotKafka07 { broker, found } => Self::NotKafka07 { broker, found },
            Refusal::Unnumbered(error) => Self::Unnumbered(error),
        }
    }
}

/// How the nodes of a partition are named.
pub(super) fn node_of(number: i32) -> Option<PartitionNode> {
    BrokerPartition::of_number(number).map(BrokerPartition::node)
}

impl Member {
    /// Asks who the brokers are, where that matters.
    pub(in crate::group) fn ask_for_brokers(&mut self, now: Now, world: &mut impl World) {
        if self.settings.counts_by_broker() {
            let op = ZkOp::Children { path: path::BROKER_IDS.to_owned(), watch: true };
            self.ask_kafka07(now, Asked::Brokers, op, world);
        }
    }

    /// A topic is on these brokers.
    pub(in crate::group) fn ask_for_counts(
        &mut self,
        now: Now,
        topic: &str,
        brokers: &[String],
        world: &mut impl World,
    ) {
        if let Some(round) = &mut self.round {
            round.view.topics.insert(topic.to_owned(), BTreeSet::new());
        }
        let Ok(folder) = path::topic(topic) else { return };
        for broker in brokers {
            let asked = Asked::Count { topic: topic.to_owned(), broker: broker.clone() };
            let op = ZkOp::Get { path: format!("{folder}/{broker}"), watch: true };
            self.ask_kafka07(now, asked, op, world);
        }
    }

    fn ask_kafka07(&mut self, now: Now, asked: Asked, op: ZkOp, world: &mut impl World) {
        self.ask_round(now, world, Question::Kafka07(self.rounds, asked), op);
    }

    /// A round has its answer.
    pub(in crate::group) fn kafka07_answered(
        &mut self,
        now: Now,
        asked: Asked,
        result: &Result<ZkAnswer, ZkError>,
        world: &mut impl World,
    ) {
        let Some(round) = &mut self.round else { return };
        match (asked, result) {
            (Asked::Brokers, Ok(ZkAnswer::Children(brokers))) => {
                for broker in brokers {
                    let op = ZkOp::Get { path: format!("{}/{broker}", path::BROKER_IDS), watch: false };
                    self.ask_kafka07(now, Asked::Broker(broker.clone()), op, world);
                }
            }
            (Asked::Broker(broker), Ok(ZkAnswer::Data(data, _))) => round.view.broker(broker, data),
            (Asked::Count { topic, broker }, Ok(ZkAnswer::Data(data, _))) => {
                round.view.count(&topic, &broker, data);
            }
            (Asked::Brokers, Err(ZkError::NoNode)) => {
                self.waits_for_node(now, Ok(path::BROKER_IDS.to_owned()), world);
            }
            // It went between the list and the reading of it; the watch on the list tells.
            (Asked::Broker(_) | Asked::Count { .. }, Err(ZkError::NoNode)) | (_, Ok(_)) => {}
            (_, Err(error)) => round.failed = Some(error.to_string()),
        }
    }
}

impl View {
    fn broker(&mut self, broker: String, data: &[u8]) {
        if let Err(ZnodeError { found, .. }) = Kafka07Broker::from_bytes(data) {
            self.refusal = Some(Refusal::NotKafka07 { broker, found });
        }
    }

    /// A broker has so many partitions of a topic. What cannot be read has none.
    fn count(&mut self, topic: &str, broker: &str, data: &[u8]) {
        let (Ok(broker), Ok(PartitionCount(count))) =
            (broker.parse::<i32>(), PartitionCount::from_bytes(data))
        else {
            tracing::warn!(
                topic,
                broker,
                "it cannot be read how many partitions of the topic the broker has"
            );
            return;
        };
        let numbers = (0..count).map(|partition| BrokerPartition { broker, partition }.number());
        match numbers.collect::<Result<Vec<i32>, _>>() {
            Ok(numbers) => self.topics.entry(topic.to_owned()).or_default().extend(numbers),
            Err(error) => self.refusal = Some(Refusal::Unnumbered(error)),
        }
    }
}
