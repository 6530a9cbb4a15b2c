//! Topics: which brokers hold the replicas of each partition, as `/brokers/topics/T` says.
//!
//! Version 1 was written by Kafka 0.8 to 2.3, version 2 (reassignments under way, KIP-455) by 2.4 to 2.7, version 3
//! (the topic's id, KIP-516) by 2.8 to 3.9. Who leads a partition stands elsewhere, in its
//! [state](super::PartitionState), and only some time after the topic has appeared.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use super::error::{ZnodeError, ZnodeKind};
use super::json::{self, Field, Object};
use crate::wire::Uuid;

/// The partitions of one topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicRegistration {
    /// The topic's id. A topic made before 2.8 has none until a newer controller gives it one.
    pub id: Option<Uuid>,
    /// The replicas of each partition, by its number.
    pub partitions: BTreeMap<i32, PartitionReplicas>,
}

/// Which brokers hold one partition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartitionReplicas {
    /// Broker ids, the preferred leader first.
    pub replicas: Vec<i32>,
    /// Those of them that a reassignment is adding.
    pub adding: Vec<i32>,
    /// Those of them that a reassignment will remove.
    pub removing: Vec<i32>,
}

/// The form in which a topic is written; reading takes any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TopicVersion {
    /// Kafka 0.8 to 2.3: replicas alone.
    V1 = 1,
    /// Kafka 2.4 to 2.7: reassignments too.
    V2,
    /// Kafka 2.8 to 3.9: the topic id too.
    V3,
}

impl TopicRegistration {
    /// Reads a topic of any version.
    pub fn from_bytes(data: &[u8]) -> Result<Self, ZnodeError> {
        let object = Object::read(ZnodeKind::Topic, data)?;
        let id = object.optional("topic_id").map(|field| topic_id(&field)).transpose()?;
        let mut partitions = BTreeMap::new();
        for (number, replicas) in by_partition(&object.required("partitions")?)? {
            partitions.insert(number, PartitionReplicas { replicas, ..PartitionReplicas::default() });
        }
        let mut topic = Self { id, partitions };
        topic.read_moves(&object, "adding_replicas", |partition, brokers| partition.adding = brokers)?;
        topic.read_moves(&object, "removing_replicas", |partition, brokers| partition.removing = brokers)?;
        Ok(topic)
    }

    /// Partitions that the topic does not have are ignored here.
    fn read_moves(
        &mut self,
        object: &Object,
        name: &str,
        put: impl Fn(&mut PartitionReplicas, Vec<i32>),
    ) -> Result<(), ZnodeError> {
        let Some(field) = object.optional(name) else { return Ok(()) };
        for (number, brokers) in by_partition(&field)? {
            if let Some(partition) = self.partitions.get_mut(&number) {
                put(partition, brokers);
            }
        }
        Ok(())
    }

    /// Writes the topic as a controller of that age does; what the version cannot say is left out.
    pub fn to_bytes(&self, version: TopicVersion) -> Vec<u8> {
        let replicas = self.partitions.iter().map(|(p, r)| (*p, r.replicas.as_slice())).collect();
        match version {
            TopicVersion::V1 => json::write(&WrittenV1 { version: 1, partitions: replicas }),
            TopicVersion::V2 => json::write(&WrittenV2 {
                version: 2,
                partitions: replicas,
                adding_replicas: self.moves(|partition| &partition.adding),
                removing_replicas: self.moves(|partition| &partition.removing),
            }),
            TopicVersion::V3 => json::write(&WrittenV3 {
                removing_replicas: self.moves(|partition| &partition.removing),
                partitions: replicas,
                topic_id: self.id.map(|id| id.to_string()),
                adding_replicas: self.moves(|partition| &partition.adding),
                version: 3,
            }),
        }
    }

    fn moves<'a>(&'a self, of: impl Fn(&'a PartitionReplicas) -> &'a Vec<i32>) -> ByPartition<'a> {
        let moving = self.partitions.iter().filter(|(_, partition)| !of(partition).is_empty());
        moving.map(|(number, partition)| (*number, of(partition).as_slice())).collect()
    }
}

/// 16 bytes in URL-safe base64 without padding: 22 characters.
fn topic_id(field: &Field<'_>) -> Result<Uuid, ZnodeError> {
    let bytes = URL_SAFE_NO_PAD.decode(field.text()?).ok();
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .map(Uuid)
        .ok_or_else(|| field.unlike("16 bytes in URL-safe base64, 22 characters"))
}

fn by_partition(field: &Field<'_>) -> Result<Vec<(i32, Vec<i32>)>, ZnodeError> {
    let entry = |(name, brokers): (&str, Field<'_>)| {
        let number = name.parse().ok().filter(|number: &i32| *number >= 0);
        let number = number.ok_or_else(|| field.unlike("an object whose keys are partition numbers"))?;
        Ok((number, brokers.integers()?))
    };
    field.entries()?.map(entry).collect()
}

type ByPartition<'a> = BTreeMap<i32, &'a [i32]>;

#[derive(Serialize)]
struct WrittenV1<'a> {
    version: u8,
    partitions: ByPartition<'a>,
}

#[derive(Serialize)]
struct WrittenV2<'a> {
    version: u8,
    partitions: ByPartition<'a>,
    adding_replicas: ByPartition<'a>,
    removing_replicas: ByPartition<'a>,
}

/// The order in which controllers have been seen to write; readers do not care.
#[derive(Serialize)]
struct WrittenV3<'a> {
    removing_replicas: ByPartition<'a>,
    partitions: ByPartition<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic_id: Option<String>,
    adding_replicas: ByPartition<'a>,
    version: u8,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moving() -> TopicRegistration {
        let replicas = PartitionReplicas { replicas: vec![1, 2, 3], adding: vec![3], removing: vec![1] };
        let still = PartitionReplicas { replicas: vec![2], ..PartitionReplicas::default() };
        TopicRegistration {
            id: Some(Uuid([0xfb; 16])),
            partitions: BTreeMap::from([(0, replicas), (10, still)]),
        }
    }

    fn written(version: TopicVersion) -> String {
        String::from_utf8(moving().to_bytes(version)).expect("UTF-8")
    }

    #[test]
    fn version_1_says_which_brokers_hold_each_partition() {
        let topic = TopicRegistration::from_bytes(br#"{"version":1,"partitions":{"1":[2,0],"0":[1,2]}}"#);
        let topic = topic.expect("a topic");
        assert_eq!(topic.id, None);
        let replicas: Vec<_> = topic.partitions.iter().map(|(p, r)| (*p, r.replicas.clone())).collect();
        assert_eq!(replicas, [(0, vec![1, 2]), (1, vec![2, 0])]);
    }

    #[test]
    fn each_version_is_written_as_its_controllers_write_it() {
        assert_eq!(written(TopicVersion::V1), r#"{"version":1,"partitions":{"0":[1,2,3],"10":[2]}}"#);
        assert_eq!(
            written(TopicVersion::V2),
            concat!(
                r#"{"version":2,"partitions":{"0":[1,2,3],"10":[2]},"#,
                r#""adding_replicas":{"0":[3]},"removing_replicas":{"0":[1]}}"#
            )
        );
        assert_eq!(
            written(TopicVersion::V3),
            concat!(
                r#"{"removing_replicas":{"0":[1]},"partitions":{"0":[1,2,3],"10":[2]},"#,
                r#""topic_id":"-_v7-_v7-_v7-_v7-_v7-w","adding_replicas":{"0":[3]},"version":3}"#
            )
        );
    }

    #[test]
    fn what_version_3_writes_reads_back_whole() {
        assert_eq!(TopicRegistration::from_bytes(&moving().to_bytes(TopicVersion::V3)), Ok(moving()));
    }

    #[test]
    fn a_move_of_a_partition_that_is_not_there_is_ignored() {
        let topic = TopicRegistration::from_bytes(br#"{"partitions":{},"adding_replicas":{"7":[1]}}"#);
        assert_eq!(topic, Ok(TopicRegistration::default()));
    }

    #[test]
    fn what_is_no_topic_is_refused_by_name() {
        for (data, expected) in [
            ("", "a JSON object"),
            ("{}", r#"a field "partitions""#),
            (
                r#"{"partitions":{"-1":[]}}"#,
                r#""partitions" to be an object whose keys are partition numbers"#,
            ),
            (r#"{"partitions":{"0":1}}"#, r#""partitions"."0" to be a list"#),
            (
                r#"{"partitions":{},"topic_id":"AAAA"}"#,
                r#""topic_id" to be 16 bytes in URL-safe base64, 22 characters"#,
            ),
        ] {
            let error = TopicRegistration::from_bytes(data.as_bytes()).expect_err(data);
            assert_eq!((error.kind, error.expected.as_str()), (ZnodeKind::Topic, expected));
        }
    }
}
