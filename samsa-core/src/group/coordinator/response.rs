//! What a coordinator answers, and what that means.

use std::collections::BTreeMap;
use std::sync::Arc;

use samsa_proto::ErrorCode;
use samsa_proto::api::describe_groups::DescribeGroupsRequest;
use samsa_proto::api::find_coordinator::FindCoordinatorRequest;
use samsa_proto::api::offset_commit::OffsetCommitRequest;
use samsa_proto::api::offset_fetch::OffsetFetchRequest;

use super::Asked;
use super::member::{self, MemberAnswer, Refusal};
use crate::answer::read_answer;
use crate::group::OffsetsError;
use crate::group::offsets::{CoordinatorAnswer, CoordinatorAsk};
use crate::id::{BrokerId, ZkRequestId};
use crate::offset::is_possible;
use crate::topology::TopicPartition;

/// The offset where nothing is committed.
const NOTHING: i64 = -1;

/// What becomes of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Done(CoordinatorAnswer),
    /// It is to be asked again; of another broker, perhaps.
    Later {
        reason: String,
        is_another: bool,
    },
    /// It is to be asked again a little later: something is with its partition, and not with the coordinator.
    Again(ErrorCode),
    Refused(OffsetsError),
}

/// What a response says of each partition, or of all.
#[derive(Debug, Default)]
pub(super) struct Told {
    all: Option<ErrorCode>,
    /// The answer to a question about the group as a whole, or of a member.
    whole: Option<CoordinatorAnswer>,
    /// Whether it is a member that has asked.
    is_of_member: bool,
    partitions: BTreeMap<(Arc<str>, i32), Result<CoordinatorAnswer, ErrorCode>>,
    impossible: BTreeMap<(Arc<str>, i32), i64>,
}

impl Told {
    pub(super) fn whole(answer: CoordinatorAnswer) -> Self {
        Self { whole: Some(answer), ..Self::default() }
    }

    pub(super) fn refusal(code: ErrorCode) -> Self {
        Self { all: Some(code), ..Self::default() }
    }

    pub(super) fn of(&self, ask: &CoordinatorAsk) -> Verdict {
        if let Some(code) = self.all {
            return self.verdict(code);
        }
        match (ask, &self.whole) {
            (CoordinatorAsk::Offset(partition, _), _) => self.of_partition(partition),
            (_, Some(CoordinatorAnswer::Member(answer))) => of_member(answer),
            (_, Some(answer)) => Verdict::Done(answer.clone()),
            (_, None) => {
                let reason = "the coordinator says nothing of the group".to_owned();
                Verdict::Later { reason, is_another: false }
            }
        }
    }

    fn of_partition(&self, partition: &TopicPartition) -> Verdict {
        let key = (Arc::clone(&partition.topic), partition.partition);
        match self.partitions.get(&key) {
            Some(Ok(answer)) => Verdict::Done(answer.clone()),
            Some(Err(code)) => self.verdict(*code),
            None => {
                let impossible = self.impossible.get(&key);
                let reason = impossible.map_or_else(
                    || format!("the coordinator says nothing of {partition}"),
                    |offset| format!("the coordinator tells what cannot be: offset {offset} of {partition}"),
                );
                Verdict::Later { reason, is_another: false }
            }
        }
    }

    /// Of what a member is told of its own commits, the epoch is what it learns soon; all else is its end in the group, of which
    /// it learns by its heartbeat.
    fn verdict(&self, code: ErrorCode) -> Verdict {
        match code {
            ErrorCode::STALE_MEMBER_EPOCH if self.is_of_member => Verdict::Again(code),
            ErrorCode::UNKNOWN_MEMBER_ID
            | ErrorCode::ILLEGAL_GENERATION
            | ErrorCode::REBALANCE_IN_PROGRESS
                if self.is_of_member =>
            {
                Verdict::Refused(OffsetsError::Refused { code })
            }
            code => verdict(code),
        }
    }

    fn add(&mut self, topic: Arc<str>, partition: i32, code: ErrorCode, offset: i64) {
        let key = (topic, partition);
        if !code.is_ok() {
            self.partitions.insert(key, Err(code));
        } else if offset == NOTHING {
            self.partitions.insert(key, Ok(CoordinatorAnswer::Read(None)));
        } else if is_possible(offset) {
            self.partitions.insert(key, Ok(CoordinatorAnswer::Read(Some(offset))));
        } else {
            self.impossible.insert(key, offset);
        }
    }
}

/// What an answer to a member means: what is with the coordinator is waited out, all else is the member's to judge.
fn of_member(answer: &MemberAnswer) -> Verdict {
    if let MemberAnswer::Refused(Refusal { code, .. }) = answer
        && let later @ Verdict::Later { .. } = verdict(*code)
    {
        return later;
    }
    Verdict::Done(CoordinatorAnswer::Member(answer.clone()))
}

/// What an error means for who asks without being a member.
pub(super) fn verdict(code: ErrorCode) -> Verdict {
    match code {
        ErrorCode::NOT_COORDINATOR | ErrorCode::COORDINATOR_NOT_AVAILABLE => {
            Verdict::Later { reason: code.to_string(), is_another: true }
        }
        ErrorCode::GROUP_AUTHORIZATION_FAILED
        | ErrorCode::TOPIC_AUTHORIZATION_FAILED
        | ErrorCode::CLUSTER_AUTHORIZATION_FAILED => Verdict::Refused(OffsetsError::NotAuthorized { code }),
        ErrorCode::INVALID_GROUP_ID => Verdict::Refused(OffsetsError::InvalidGroup),
        ErrorCode::UNKNOWN_MEMBER_ID
        | ErrorCode::ILLEGAL_GENERATION
        | ErrorCode::REBALANCE_IN_PROGRESS
        | ErrorCode::STALE_MEMBER_EPOCH => Verdict::Refused(OffsetsError::HasMembers),
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION | ErrorCode::UNSTABLE_OFFSET_COMMIT => Verdict::Again(code),
        // A broker in trouble is asked again.
        code if code.is_retriable() || code == ErrorCode::UNKNOWN_SERVER_ERROR => {
            Verdict::Later { reason: code.to_string(), is_another: false }
        }
        code => Verdict::Refused(OffsetsError::Refused { code }),
    }
}

/// The coordinator and where it listens, or why there is none.
pub(super) fn found(
    version: i16,
    frame: &[u8],
    group: &str,
) -> Result<Result<(BrokerId, String, u16), ErrorCode>, String> {
    let response =
        read_answer::<FindCoordinatorRequest<'_>>(version, frame).map_err(|error| error.to_string())?;
    let several = response.coordinators.iter().find(|found| found.key == group);
    let (code, id, host, port) = several
        .map_or((response.error_code, response.node_id, response.host, response.port), |found| {
            (found.error_code, found.node_id, found.host, found.port)
        });
    if !code.is_ok() {
        return Ok(Err(code));
    }
    let port = u16::try_from(port).ok().filter(|port| *port > 0 && id >= 0 && !host.is_empty());
    let port = port.ok_or_else(|| format!("a coordinator that cannot be: broker {id} at {host:?}"))?;
    Ok(Ok((BrokerId(id), host.to_owned(), port)))
}

pub(super) fn read(version: i16, frame: &[u8], group: &str) -> Result<Told, String> {
    let response =
        read_answer::<OffsetFetchRequest<'_>>(version, frame).map_err(|error| error.to_string())?;
    let mut told = Told { all: failure(response.error_code), ..Told::default() };
    for topic in &response.topics {
        for found in &topic.partitions {
            told.add(Arc::from(topic.name), found.partition_index, found.error_code, found.committed_offset);
        }
    }
    for answered in response.groups.iter().filter(|answered| answered.group_id == group) {
        told.all = told.all.or(failure(answered.error_code));
        for topic in &answered.topics {
            for found in &topic.partitions {
                told.add(
                    Arc::from(topic.name),
                    found.partition_index,
                    found.error_code,
                    found.committed_offset,
                );
            }
        }
    }
    Ok(told)
}

/// Of the one question that was asked.
pub(super) fn member(
    version: i16,
    frame: &[u8],
    asked: &BTreeMap<ZkRequestId, Asked>,
) -> Result<Told, String> {
    let ask = asked.values().find_map(|asked| asked.ask.of_member());
    let member = ask.map(|ask| member::read(ask, version, frame)).transpose()?;
    Ok(Told { whole: member.map(CoordinatorAnswer::Member), ..Told::default() })
}

pub(super) fn committed(version: i16, frame: &[u8], is_of_member: bool) -> Result<Told, String> {
    let response =
        read_answer::<OffsetCommitRequest<'_>>(version, frame).map_err(|error| error.to_string())?;
    let mut told = Told { is_of_member, ..Told::default() };
    for topic in &response.topics {
        for done in &topic.partitions {
            let answer = done.error_code.ok().map(|()| CoordinatorAnswer::Committed);
            told.partitions.insert((Arc::from(topic.name), done.partition_index), answer);
        }
    }
    Ok(told)
}

/// A group that does not exist has no members.
pub(super) fn members(version: i16, frame: &[u8], group: &str) -> Result<Told, String> {
    let response =
        read_answer::<DescribeGroupsRequest<'_>>(version, frame).map_err(|error| error.to_string())?;
    let described = response.groups.iter().find(|described| described.group_id == group);
    let code = described.map_or(ErrorCode::NONE, |described| described.error_code);
    let whole = described.map(|described| CoordinatorAnswer::Members(described.members.len()));
    let all = failure(code).filter(|code| *code != ErrorCode::GROUP_ID_NOT_FOUND);
    Ok(Told { all, whole, ..Told::default() })
}

fn failure(code: ErrorCode) -> Option<ErrorCode> {
    Some(code).filter(|code| !code.is_ok())
}
