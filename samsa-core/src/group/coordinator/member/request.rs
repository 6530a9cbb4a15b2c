//! The requests of a member, in every version.

use std::collections::BTreeMap;
use std::time::Duration;

use samsa_proto::api::consumer_group_heartbeat::{ConsumerGroupHeartbeatRequest, TopicPartitions};
use samsa_proto::api::heartbeat::HeartbeatRequest;
use samsa_proto::api::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use samsa_proto::api::leave_group::{LeaveGroupRequest, MemberIdentity};
use samsa_proto::api::metadata::MetadataRequest;
use samsa_proto::api::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment};
use samsa_proto::wire::Uuid;

use super::super::sending::{Numbers, send_held};
use super::{Attend, Identity, Join, MemberAsk, Sync};
use crate::admin::names;
use crate::id::ConnId;
use crate::out::Context;

/// What members of consumer groups call what they speak.
const CONSUMER: &str = "consumer";
/// The first version of a leave that names several members.
const SEVERAL_LEAVE: i16 = 3;
/// The first version of KIP-848 in which members name themselves (KIP-1082), and that brokers call stable.
const OWN_NAME: i16 = 1;

/// Sends it; none if the broker has no version of it.
pub(in super::super) fn send(
    cx: &mut Context<'_>,
    conn: ConnId,
    numbers: Numbers<'_>,
    group: &str,
    ask: &MemberAsk,
) -> Option<Result<u64, String>> {
    let held = ask.is_held_for();
    Some(match ask {
        MemberAsk::Join(ask) => {
            let version = cx.net.version::<JoinGroupRequest<'_>>(conn)?;
            send_held(cx, conn, numbers, (version, held), &join(group, ask, version))
        }
        MemberAsk::Sync(ask) => {
            let version = cx.net.version::<SyncGroupRequest<'_>>(conn)?;
            send_held(cx, conn, numbers, (version, held), &sync(group, ask))
        }
        MemberAsk::Heartbeat(Identity { member, generation }) => {
            let version = cx.net.version::<HeartbeatRequest<'_>>(conn)?;
            let request = HeartbeatRequest {
                group_id: group,
                generation_id: *generation,
                member_id: member,
                ..Default::default()
            };
            send_held(cx, conn, numbers, (version, held), &request)
        }
        MemberAsk::Leave { member } => {
            let version = cx.net.version::<LeaveGroupRequest<'_>>(conn)?;
            send_held(cx, conn, numbers, (version, held), &leave(group, member, version))
        }
        MemberAsk::Attend(ask) => {
            let version = cx.net.version::<ConsumerGroupHeartbeatRequest<'_>>(conn)?;
            let version = Some(version).filter(|version| *version >= OWN_NAME)?;
            send_held(cx, conn, numbers, (version, held), &attend(group, ask))
        }
        MemberAsk::Topics => {
            let version = cx.net.version::<MetadataRequest<'_>>(conn)?;
            send_held(cx, conn, numbers, (version, held), &names::request(version))
        }
    })
}

fn join<'a>(group: &'a str, ask: &'a Join, version: i16) -> JoinGroupRequest<'a> {
    let protocol =
        JoinGroupRequestProtocol { name: ask.assignor, metadata: &ask.subscription, ..Default::default() };
    JoinGroupRequest {
        group_id: group,
        session_timeout_ms: millis(ask.session_timeout(version)),
        rebalance_timeout_ms: millis(ask.rebalance_timeout),
        member_id: &ask.member,
        protocol_type: CONSUMER,
        protocols: vec![protocol],
        ..Default::default()
    }
}

fn sync<'a>(group: &'a str, ask: &'a Sync) -> SyncGroupRequest<'a> {
    let assignments = ask.assignments.iter().map(|(member, assignment)| SyncGroupRequestAssignment {
        member_id: member,
        assignment,
        ..Default::default()
    });
    SyncGroupRequest {
        group_id: group,
        generation_id: ask.identity.generation,
        member_id: &ask.identity.member,
        protocol_type: Some(CONSUMER),
        protocol_name: Some(ask.assignor),
        assignments: assignments.collect(),
        ..Default::default()
    }
}

fn leave<'a>(group: &'a str, member: &'a str, version: i16) -> LeaveGroupRequest<'a> {
    if version < SEVERAL_LEAVE {
        return LeaveGroupRequest { group_id: group, member_id: member, ..Default::default() };
    }
    let members = vec![MemberIdentity { member_id: member, ..Default::default() }];
    LeaveGroupRequest { group_id: group, members, ..Default::default() }
}

fn attend<'a>(group: &'a str, ask: &'a Attend) -> ConsumerGroupHeartbeatRequest<'a> {
    let plain = ConsumerGroupHeartbeatRequest {
        group_id: group,
        member_id: &ask.member,
        member_epoch: ask.epoch,
        topic_partitions: ask.holds.as_ref().map(held),
        ..Default::default()
    };
    let Some(wish) = &ask.wish else { return plain };
    ConsumerGroupHeartbeatRequest {
        rack_id: wish.rack.as_deref(),
        rebalance_timeout_ms: millis(wish.rebalance_timeout),
        subscribed_topic_names: Some(wish.topics.iter().map(|topic| &**topic).collect()),
        server_assignor: wish.assignor,
        ..plain
    }
}

fn held(holds: &BTreeMap<[u8; 16], Vec<i32>>) -> Vec<TopicPartitions> {
    let of_topic = |(id, partitions): (&[u8; 16], &Vec<i32>)| TopicPartitions {
        topic_id: Uuid(*id),
        partitions: partitions.clone(),
        ..Default::default()
    };
    holds.iter().map(of_topic).collect()
}

fn millis(time: Duration) -> i32 {
    i32::try_from(time.as_millis()).unwrap_or(i32::MAX)
}
