//! The question for metadata, and what is read from the answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use samsa_proto::ErrorCode;
use samsa_proto::api::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse, MetadataResponsePartition, MetadataResponseTopic,
};

use super::view::TopicView;
use crate::address::HostPort;
use crate::id::BrokerId;
use crate::limits;
use crate::planted::{PlantedBug, is_planted};
use crate::topology::{BrokerInfo, PartitionInfo};

/// The first version that can forbid the creation of the topics that it names.
const CAN_FORBID_CREATION: i16 = 4;
/// The first version whose leader epochs can be trusted; before it, some brokers gave stale ones.
const HAS_LEADER_EPOCHS: i16 = 9;

/// What to ask about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// Brokers, and these topics as they are.
    Look(Vec<Arc<str>>),
    /// These topics; the cluster may create them.
    Create(Vec<Arc<str>>),
}

impl Question {
    /// Before version 4 to name a topic is to create it, so looking asks for all of them.
    pub(crate) fn request(&self, version: i16) -> MetadataRequest<'_> {
        let (names, create) = match self {
            Self::Look(names) => (names, is_planted(PlantedBug::LookingCreates)),
            Self::Create(names) => (names, true),
        };
        let all = !create && version < CAN_FORBID_CREATION && !names.is_empty();
        let topics = names.iter().map(|name| MetadataRequestTopic { name: Some(name), ..Default::default() });
        MetadataRequest {
            topics: if !all {
                Some(topics.collect())
            } else if version == 0 {
                Some(Vec::new())
            } else {
                None
            },
            allow_auto_topic_creation: create || version < CAN_FORBID_CREATION,
            ..Default::default()
        }
    }
}

/// All brokers that the answer names and that have an address.
pub(crate) fn brokers(response: &MetadataResponse<'_>) -> BTreeMap<BrokerId, BrokerInfo> {
    let readable = response.brokers.iter().filter_map(|broker| {
        let port = u16::try_from(broker.port).ok().filter(|port| *port != 0)?;
        let id = BrokerId(broker.node_id);
        let address = HostPort { host: broker.host.to_owned(), port };
        let rack = broker.rack.map(str::to_owned);
        (!broker.host.is_empty()).then_some((id, BrokerInfo { id, address, rack, registered: None }))
    });
    readable.collect()
}

/// What the answer says of a topic.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Known(TopicView),
    Unknown,
    /// It may be known later.
    NotYet(ErrorCode),
    /// It will not be known by asking again.
    Refused(ErrorCode),
}

impl Answer {
    /// What is wrong with the topic of this name, in words.
    pub(super) fn trouble(&self, name: &str) -> Option<String> {
        match self {
            Self::Known(_) => None,
            Self::Unknown => Some(format!(
                "the brokers know no topic {name:?}, and unless they create what is published to (auto.create.topics.enable) it has to be created first"
            )),
            Self::NotYet(code) | Self::Refused(code) => Some(format!("topic {name:?}: {code}")),
        }
    }
}

pub(crate) fn answer(topic: &MetadataResponseTopic<'_>, version: i16) -> Answer {
    let id = Some(topic.topic_id.0).filter(|id| *id != [0; 16]);
    let partitions = topic.partitions.iter().map(|partition| partition_info(partition, version)).collect();
    match topic.error_code {
        ErrorCode::NONE => {
            let view = TopicView::new(id, partitions, limits::PARTITIONS);
            view.map_or(Answer::NotYet(ErrorCode::LEADER_NOT_AVAILABLE), Answer::Known)
        }
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION | ErrorCode::UNKNOWN_TOPIC_ID => Answer::Unknown,
        code if code.is_retriable() => Answer::NotYet(code),
        code => Answer::Refused(code),
    }
}

fn partition_info(partition: &MetadataResponsePartition, version: i16) -> PartitionInfo {
    let ids = |nodes: &[i32]| nodes.iter().copied().map(BrokerId).collect();
    PartitionInfo {
        partition: partition.partition_index,
        leader: Some(partition.leader_id).filter(|id| *id >= 0).map(BrokerId),
        leader_epoch: Some(partition.leader_epoch)
            .filter(|epoch| version >= HAS_LEADER_EPOCHS && *epoch >= 0),
        replicas: ids(&partition.replica_nodes),
        in_sync: ids(&partition.isr_nodes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use samsa_proto::Message;
    use samsa_proto::api::metadata::MetadataResponseBroker;

    fn names(request: &MetadataRequest<'_>) -> Option<Vec<String>> {
        let topics = request.topics.as_ref()?;
        Some(topics.iter().map(|topic| topic.name.unwrap_or_default().to_owned()).collect())
    }

    #[test]
    fn looking_never_creates_whatever_the_version() {
        let look = Question::Look(vec!["t".into()]);
        for version in MetadataRequest::VERSIONS {
            let request = look.request(version);
            match version {
                0 => assert_eq!(names(&request), Some(vec![]), "an empty list asks for all topics"),
                1..4 => assert_eq!(names(&request), None, "no list asks for all topics"),
                _ => {
                    assert_eq!(names(&request), Some(vec!["t".to_owned()]));
                    assert!(!request.allow_auto_topic_creation);
                }
            }
        }
    }

    #[test]
    fn publishing_names_the_topic_and_lets_the_cluster_decide() {
        let create = Question::Create(vec!["t".into()]);
        for version in MetadataRequest::VERSIONS {
            let request = create.request(version);
            assert_eq!(names(&request), Some(vec!["t".to_owned()]));
            assert!(request.allow_auto_topic_creation);
        }
    }

    #[test]
    fn leader_epochs_before_version_9_count_as_absent() {
        let partition = MetadataResponsePartition { leader_id: 1, leader_epoch: 5, ..Default::default() };
        assert_eq!(partition_info(&partition, 8).leader_epoch, None);
        assert_eq!(partition_info(&partition, 9).leader_epoch, Some(5));
    }

    #[test]
    fn a_broker_without_an_address_is_left_out() {
        let response = MetadataResponse {
            brokers: vec![
                MetadataResponseBroker { node_id: 1, host: "k1", port: 9092, ..Default::default() },
                MetadataResponseBroker { node_id: 2, host: "", port: 9092, ..Default::default() },
                MetadataResponseBroker { node_id: 3, host: "k3", port: -1, ..Default::default() },
            ],
            ..Default::default()
        };
        assert_eq!(brokers(&response).into_keys().collect::<Vec<_>>(), [BrokerId(1)]);
    }
}
