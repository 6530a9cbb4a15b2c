//! What is asked of a coordinator, in every version.

use std::collections::BTreeMap;

use samsa_proto::api::describe_groups::DescribeGroupsRequest;
use samsa_proto::api::find_coordinator::FindCoordinatorRequest;
use samsa_proto::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use samsa_proto::api::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};

use super::{Asked, Identity, SEVERAL_GROUPS};
use crate::group::offsets::{CoordinatorAsk, OffsetAsk};
use crate::id::ZkRequestId;

/// The first version in which several groups are asked about at once.
const SEVERAL_COORDINATORS: i16 = 4;
/// The first version that waits for open transactions, if asked to.
const STABLE: i16 = 7;

pub(super) fn find(group: &str, version: i16) -> FindCoordinatorRequest<'_> {
    if version >= SEVERAL_COORDINATORS {
        return FindCoordinatorRequest { coordinator_keys: vec![group], ..Default::default() };
    }
    FindCoordinatorRequest { key: group, ..Default::default() }
}

pub(super) fn members(group: &str) -> DescribeGroupsRequest<'_> {
    DescribeGroupsRequest { groups: vec![group], ..Default::default() }
}

pub(super) fn read<'a>(
    group: &'a str,
    asked: &'a BTreeMap<ZkRequestId, Asked>,
    version: i16,
) -> OffsetFetchRequest<'a> {
    let require_stable = version >= STABLE;
    let numbers = |asked: Vec<(i32, OffsetAsk)>| asked.into_iter().map(|(number, _)| number).collect();
    if version < SEVERAL_GROUPS {
        let topics = by_topic(asked).into_iter().map(|(name, asked)| OffsetFetchRequestTopic {
            name,
            partition_indexes: numbers(asked),
            ..Default::default()
        });
        let topics = Some(topics.collect());
        return OffsetFetchRequest { group_id: group, topics, require_stable, ..Default::default() };
    }
    let topics = by_topic(asked).into_iter().map(|(name, asked)| OffsetFetchRequestTopics {
        name,
        partition_indexes: numbers(asked),
        ..Default::default()
    });
    let group =
        OffsetFetchRequestGroup { group_id: group, topics: Some(topics.collect()), ..Default::default() };
    OffsetFetchRequest { groups: vec![group], require_stable, ..Default::default() }
}

/// Without an identity as who is in no group of the brokers: the defaults of generation and member say so.
pub(super) fn commit<'a>(
    group: &'a str,
    asked: &'a BTreeMap<ZkRequestId, Asked>,
    identity: Option<&'a Identity>,
) -> OffsetCommitRequest<'a> {
    let partition = |(partition_index, ask)| match ask {
        OffsetAsk::Commit(committed_offset) => {
            Some(OffsetCommitRequestPartition { partition_index, committed_offset, ..Default::default() })
        }
        OffsetAsk::Read => None,
    };
    let topics = by_topic(asked).into_iter().map(|(name, asked)| OffsetCommitRequestTopic {
        name,
        partitions: asked.into_iter().filter_map(partition).collect(),
        ..Default::default()
    });
    let plain = OffsetCommitRequest { group_id: group, topics: topics.collect(), ..Default::default() };
    let Some(Identity { member, generation }) = identity else { return plain };
    OffsetCommitRequest { generation_id_or_member_epoch: *generation, member_id: member, ..plain }
}

fn by_topic(asked: &BTreeMap<ZkRequestId, Asked>) -> BTreeMap<&str, Vec<(i32, OffsetAsk)>> {
    let mut by_topic = BTreeMap::<_, Vec<_>>::new();
    for asked in asked.values() {
        if let CoordinatorAsk::Offset(place, ask) = &asked.ask {
            by_topic.entry(&*place.topic).or_default().push((place.partition, *ask));
        }
    }
    by_topic
}
