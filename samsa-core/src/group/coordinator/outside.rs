//! What is asked of a coordinator by who looks at a group from outside: who is in it, and all of its offsets at once.

use std::collections::BTreeMap;

use samsa_proto::api::consumer_group_describe::{
    self, ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse,
};
use samsa_proto::api::consumer_protocol::ConsumerProtocolAssignment;
use samsa_proto::api::describe_groups::{self, DescribeGroupsRequest, DescribeGroupsResponse};
use samsa_proto::api::metadata::{MetadataRequest, MetadataResponse};
use samsa_proto::api::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchResponse};
use samsa_proto::{ErrorCode, Request};

use super::SEVERAL_GROUPS;
use super::response::Told;
use super::sending::{send, version};
use crate::answer::read_answer;
use crate::connection::Owner;
use crate::group::coordinated::{CoordinatedGroup, CoordinatedMember, GroupKind};
use crate::group::offsets::CoordinatorAnswer;
use crate::id::ConnId;
use crate::offset::is_possible;
use crate::out::Context;
use crate::topology::TopicPartition;

/// The first version of `OffsetFetch` that tells of all topics without their being named.
const ALL_TOPICS: i16 = 2;

/// A question about the group as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum OutsideAsk {
    /// The group, if it is one of KIP-848.
    ConsumerGroup,
    /// The group, if it is a classic one.
    ClassicGroup,
    /// Everything that is committed.
    Offsets,
    /// Which partitions there are, to ask for the offset of each, where all cannot be asked for.
    Partitions,
}

impl OutsideAsk {
    pub(super) const ALL: [Self; 4] =
        [Self::ConsumerGroup, Self::ClassicGroup, Self::Offsets, Self::Partitions];
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OutsideAnswer {
    Group {
        group: CoordinatedGroup,
        /// What its members say that they are: `consumer`, or nothing where there never were any.
        protocol_type: String,
    },
    Offsets(BTreeMap<TopicPartition, i64>),
    Partitions(Vec<TopicPartition>),
}

/// `None` where the broker does not offer it.
pub(super) fn ask(
    cx: &mut Context<'_>,
    conn: ConnId,
    by: (&mut u64, fn(u64) -> Owner),
    group: &str,
    ask: OutsideAsk,
) -> Option<Result<u64, String>> {
    Some(match ask {
        OutsideAsk::ConsumerGroup => {
            let version = cx.net.version::<ConsumerGroupDescribeRequest<'_>>(conn)?;
            send(cx, conn, by, version, &consumer_group(group))
        }
        OutsideAsk::ClassicGroup => {
            let version = cx.net.version::<DescribeGroupsRequest<'_>>(conn)?;
            send(cx, conn, by, version, &super::request::members(group))
        }
        OutsideAsk::Offsets => {
            let version =
                version::<OffsetFetchRequest<'_>>(cx, conn).filter(|newest| *newest >= ALL_TOPICS)?;
            send(cx, conn, by, version, &offsets(group, version))
        }
        OutsideAsk::Partitions => {
            let version = cx.net.version::<MetadataRequest<'_>>(conn)?;
            send(cx, conn, by, version, &all_topics(version))
        }
    })
}

fn consumer_group(group: &str) -> ConsumerGroupDescribeRequest<'_> {
    ConsumerGroupDescribeRequest { group_ids: vec![group], ..Default::default() }
}

/// What an open transaction may still change is told as it is.
fn offsets(group_id: &str, version: i16) -> OffsetFetchRequest<'_> {
    if version < SEVERAL_GROUPS {
        return OffsetFetchRequest { group_id, topics: None, ..Default::default() };
    }
    let groups = vec![OffsetFetchRequestGroup { group_id, topics: None, ..Default::default() }];
    OffsetFetchRequest { groups, ..Default::default() }
}

/// Null asks for all topics; in version 0 an empty list does. None is created.
fn all_topics(version: i16) -> MetadataRequest<'static> {
    MetadataRequest { topics: (version == 0).then(Vec::new), ..Default::default() }
}

pub(super) fn told(ask: OutsideAsk, version: i16, frame: &[u8], group: &str) -> Result<Told, String> {
    match ask {
        OutsideAsk::ConsumerGroup => {
            of_consumer_group(&read::<ConsumerGroupDescribeRequest<'_>>(version, frame)?, group)
        }
        OutsideAsk::ClassicGroup => {
            of_classic_group(&read::<DescribeGroupsRequest<'_>>(version, frame)?, group)
        }
        OutsideAsk::Partitions => Ok(of_topics(&read::<MetadataRequest<'_>>(version, frame)?)),
        OutsideAsk::Offsets => Ok(of_offsets(&read::<OffsetFetchRequest<'_>>(version, frame)?, group)),
    }
}

fn read<R: Request>(version: i16, frame: &[u8]) -> Result<R::Response<'_>, String> {
    read_answer::<R>(version, frame).map_err(|error| error.to_string())
}

fn of_consumer_group(response: &ConsumerGroupDescribeResponse<'_>, group: &str) -> Result<Told, String> {
    let described = response.groups.iter().find(|described| described.group_id == group);
    let described = described.ok_or_else(silent)?;
    let member = |member: &consumer_group_describe::Member<'_>| {
        let topics = member.assignment.topic_partitions.iter();
        let partitions = topics.map(|topic| (topic.topic_name, &*topic.partitions));
        CoordinatedMember {
            id: member.member_id.to_owned(),
            instance_id: member.instance_id.map(str::to_owned),
            client_id: member.client_id.to_owned(),
            host: host(member.client_host),
            partitions: in_order(partitions),
        }
    };
    let group = CoordinatedGroup {
        kind: GroupKind::Consumer,
        state: described.group_state.to_owned(),
        assignor: some(described.assignor_name),
        members: by_id(described.members.iter().map(member)),
    };
    Ok(whole(described.error_code, OutsideAnswer::Group { group, protocol_type: "consumer".to_owned() }))
}

fn of_classic_group(response: &DescribeGroupsResponse<'_>, group: &str) -> Result<Told, String> {
    let described = response.groups.iter().find(|described| described.group_id == group);
    let described = described.ok_or_else(silent)?;
    let member = |member: &describe_groups::DescribedGroupMember<'_>| {
        let read = ConsumerProtocolAssignment::read(member.member_assignment);
        let topics = read.map(|(_, assignment)| assignment.assigned_partitions).unwrap_or_default();
        let partitions = topics.iter().map(|topic| (topic.topic, &*topic.partitions));
        CoordinatedMember {
            id: member.member_id.to_owned(),
            instance_id: member.group_instance_id.map(str::to_owned),
            client_id: member.client_id.to_owned(),
            host: host(member.client_host),
            partitions: in_order(partitions),
        }
    };
    let group = CoordinatedGroup {
        kind: GroupKind::Classic,
        state: described.group_state.to_owned(),
        assignor: some(described.protocol_data),
        members: by_id(described.members.iter().map(member)),
    };
    let protocol_type = described.protocol_type.to_owned();
    Ok(whole(described.error_code, OutsideAnswer::Group { group, protocol_type }))
}

/// A partition whose offset cannot be is as one that has none.
fn of_offsets(response: &OffsetFetchResponse<'_>, group: &str) -> Told {
    let topics = response.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|at| (topic.name, at.partition_index, at.error_code, at.committed_offset))
    });
    let answered = response.groups.iter().filter(|answered| answered.group_id == group);
    let in_groups = answered.clone().flat_map(|answered| &answered.topics).flat_map(|topic| {
        topic.partitions.iter().map(|at| (topic.name, at.partition_index, at.error_code, at.committed_offset))
    });
    let mut code = answered
        .fold(response.error_code, |code, answered| if code.is_ok() { answered.error_code } else { code });
    let mut committed = BTreeMap::new();
    for (topic, partition, error_code, offset) in topics.chain(in_groups) {
        if !error_code.is_ok() {
            code = error_code;
        } else if is_possible(offset) {
            committed.insert(TopicPartition::new(topic, partition), offset);
        }
    }
    whole(code, OutsideAnswer::Offsets(committed))
}

fn of_topics(response: &MetadataResponse<'_>) -> Told {
    let partitions = response.topics.iter().filter_map(|topic| Some((topic.name?, &topic.partitions)));
    let partitions = partitions.flat_map(|(topic, partitions)| {
        partitions.iter().map(move |at| TopicPartition::new(topic, at.partition_index))
    });
    whole(ErrorCode::NONE, OutsideAnswer::Partitions(partitions.collect()))
}

fn whole(code: ErrorCode, answer: OutsideAnswer) -> Told {
    if code.is_ok() { Told::whole(CoordinatorAnswer::Outside(answer)) } else { Told::refusal(code) }
}

fn silent() -> String {
    "the coordinator says nothing of the group".to_owned()
}

fn some(name: &str) -> Option<String> {
    Some(name).filter(|name| !name.is_empty()).map(str::to_owned)
}

/// Java's brokers put a slash before an address that they have not looked up.
fn host(told: &str) -> String {
    told.strip_prefix('/').unwrap_or(told).to_owned()
}

fn in_order<'a>(topics: impl Iterator<Item = (&'a str, &'a [i32])>) -> Vec<TopicPartition> {
    let of_topic = |(topic, numbers): (&'a str, &'a [i32])| {
        numbers.iter().map(move |number| TopicPartition::new(topic, *number))
    };
    let mut partitions: Vec<_> = topics.flat_map(of_topic).collect();
    partitions.sort_unstable();
    partitions.dedup();
    partitions
}

fn by_id(members: impl Iterator<Item = CoordinatedMember>) -> Vec<CoordinatedMember> {
    let mut members: Vec<_> = members.collect();
    members.sort_unstable_by(|one, other| one.id.cmp(&other.id));
    members
}

#[cfg(test)]
mod tests;
