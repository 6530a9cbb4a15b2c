//! What a coordinator answers a member.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use samsa_proto::ErrorCode;
use samsa_proto::api::consumer_group_heartbeat::{
    Assignment, ConsumerGroupHeartbeatRequest, TopicPartitions,
};
use samsa_proto::api::heartbeat::HeartbeatRequest;
use samsa_proto::api::join_group::{JoinGroupRequest, JoinGroupResponse};
use samsa_proto::api::leave_group::LeaveGroupRequest;
use samsa_proto::api::metadata::MetadataRequest;
use samsa_proto::api::sync_group::SyncGroupRequest;
use samsa_proto::wire::DecodeError;

use super::{Attending, Joined, MemberAnswer, MemberAsk, Refusal};
use crate::admin::names;
use crate::answer::read_answer;
use crate::limits;

/// Reads the answer to that.
pub(in super::super) fn read(ask: &MemberAsk, version: i16, frame: &[u8]) -> Result<MemberAnswer, String> {
    let answer = match ask {
        MemberAsk::Join(join) => read_answer::<JoinGroupRequest<'_>>(version, frame)
            .map(|told| joined(&told, (join.lasts(version), join.waits(version)))),
        MemberAsk::Sync(_) => read_answer::<SyncGroupRequest<'_>>(version, frame)
            .map(|told| said(told.error_code, || MemberAnswer::Synced(told.assignment.to_vec()))),
        MemberAsk::Heartbeat(_) => read_answer::<HeartbeatRequest<'_>>(version, frame)
            .map(|told| said(told.error_code, || MemberAnswer::Alive)),
        MemberAsk::Leave { .. } => left(version, frame),
        MemberAsk::Attend(_) => attending(version, frame),
        MemberAsk::Topics => topics(version, frame),
    };
    answer.map_err(|error| error.to_string())
}

fn said(code: ErrorCode, answer: impl FnOnce() -> MemberAnswer) -> MemberAnswer {
    if code.is_ok() { answer() } else { MemberAnswer::Refused(Refusal { code, message: None, member: None }) }
}

fn joined(told: &JoinGroupResponse<'_>, (lasts, waits): (Duration, Duration)) -> MemberAnswer {
    let member: Arc<str> = Arc::from(told.member_id);
    if !told.error_code.is_ok() {
        let member = Some(member).filter(|member| !member.is_empty());
        return MemberAnswer::Refused(Refusal { code: told.error_code, message: None, member });
    }
    let all = || told.members.iter().map(|member| (member.member_id.to_owned(), member.metadata.to_vec()));
    let leads = told.leader == told.member_id && !told.skip_assignment;
    MemberAnswer::Joined(Joined {
        generation: told.generation_id,
        lasts,
        waits,
        member,
        members: leads.then(|| all().collect()),
    })
}

/// From the version on that names several members each has an answer of its own. One that is not there has left.
fn left(version: i16, frame: &[u8]) -> Result<MemberAnswer, DecodeError> {
    let told = read_answer::<LeaveGroupRequest<'_>>(version, frame)?;
    let one = told.members.first().map_or(ErrorCode::NONE, |member| member.error_code);
    let code = if told.error_code.is_ok() { one } else { told.error_code };
    let is_gone = code == ErrorCode::UNKNOWN_MEMBER_ID;
    Ok(said(if is_gone { ErrorCode::NONE } else { code }, || MemberAnswer::Left))
}

fn attending(version: i16, frame: &[u8]) -> Result<MemberAnswer, DecodeError> {
    let told = read_answer::<ConsumerGroupHeartbeatRequest<'_>>(version, frame)?;
    if !told.error_code.is_ok() {
        let message = told.error_message.filter(|message| !message.is_empty()).map(str::to_owned);
        return Ok(MemberAnswer::Refused(Refusal { code: told.error_code, message, member: None }));
    }
    let millis = u64::try_from(told.heartbeat_interval_ms).unwrap_or(0);
    let interval = Duration::from_millis(millis).clamp(limits::HEARTBEAT_LEAST, limits::HEARTBEAT_MOST);
    let assignment = told.assignment.as_ref().map(assigned);
    Ok(MemberAnswer::Attending(Attending { epoch: told.member_epoch, interval, assignment }))
}

/// By number, without topics of which there is nothing. What cannot be is passed over.
fn assigned(assignment: &Assignment) -> BTreeMap<[u8; 16], Vec<i32>> {
    let mut all = BTreeMap::<_, BTreeSet<i32>>::new();
    for TopicPartitions { topic_id, partitions, .. } in &assignment.topic_partitions {
        let known = partitions.iter().copied().filter(|number| *number >= 0);
        all.entry(topic_id.0).or_default().extend(known);
    }
    all.retain(|_, partitions| !partitions.is_empty());
    all.into_iter().map(|(id, partitions)| (id, partitions.into_iter().collect())).collect()
}

fn topics(version: i16, frame: &[u8]) -> Result<MemberAnswer, DecodeError> {
    let told = read_answer::<MetadataRequest<'_>>(version, frame)?;
    let names = names::names(&told, version).into_iter().filter(|topic| !topic.internal);
    Ok(MemberAnswer::Topics(names.map(|topic| topic.name).collect()))
}
