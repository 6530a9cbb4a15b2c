//! What there is of one group that the brokers coordinate.
//!
//! | stage   | all answered                              | then    | asks                                             |
//! |---------|-------------------------------------------|---------|--------------------------------------------------|
//! | Begun   | -                                         | Asked   | the group, as one of KIP-848; all of its offsets |
//! | Asked   | it is one                                 | -       | (what was found)                                 |
//! | Asked   | it is none                                | Classic | the group, as a classic one                      |
//! | Classic | it is one                                 | -       | (what was found)                                 |
//! | Classic | the same, and not all offsets can be had  | Topics  | which partitions there are                       |
//! | Topics  | told                                      | Parts   | the offset of each                               |
//! | Parts   | whatever is told                          | -       | (what was found)                                 |
//! | any     | refused                                   | -       | (the refusal)                                    |
//!
//! All offsets are told from Kafka 0.10.2 on; before, only those of partitions that are named, and so those of topics that are
//! gone are not told.

use std::collections::BTreeMap;
use std::sync::Arc;

use samsa_proto::ErrorCode;

use super::described::{GroupDescription, GroupPartition};
use super::error::GroupLookError;
use super::survey::CONSUMERS;
use crate::group::{
    CoordinatedGroup, CoordinatorAnswer, CoordinatorAsk, OffsetAsk, OffsetsError, OutsideAnswer, OutsideAsk,
};
use crate::topology::TopicPartition;

/// What brokers call a group that is not there.
const DEAD: &str = "Dead";

#[derive(Debug)]
pub(super) struct OnBrokers {
    group: Arc<str>,
    stage: Stage,
    found: Option<CoordinatedGroup>,
    protocol_type: String,
    committed: BTreeMap<TopicPartition, i64>,
    partitions: Vec<TopicPartition>,
    /// Whether all offsets can be had at once.
    tells_all: bool,
    refused: Option<OffsetsError>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Begun,
    Asked,
    Classic,
    Topics,
    Parts,
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Look {
    Ask(Vec<CoordinatorAsk>),
    /// The group, if there is one.
    Done(Result<Option<Found>, GroupLookError>),
}

/// A group, and what it has committed.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) group: CoordinatedGroup,
    committed: BTreeMap<TopicPartition, i64>,
}

impl OnBrokers {
    pub(super) fn new(group: &Arc<str>) -> Self {
        Self {
            group: Arc::clone(group),
            stage: Stage::Begun,
            found: None,
            protocol_type: String::new(),
            committed: BTreeMap::new(),
            partitions: Vec::new(),
            tells_all: true,
            refused: None,
        }
    }

    pub(super) fn told(&mut self, ask: &CoordinatorAsk, answer: Result<CoordinatorAnswer, OffsetsError>) {
        match (ask, answer) {
            (_, Ok(CoordinatorAnswer::Outside(OutsideAnswer::Group { group, protocol_type }))) => {
                self.protocol_type = protocol_type;
                self.found = Some(group);
            }
            (_, Ok(CoordinatorAnswer::Outside(OutsideAnswer::Offsets(committed)))) => {
                self.committed = committed;
            }
            (_, Ok(CoordinatorAnswer::Outside(OutsideAnswer::Partitions(all)))) => self.partitions = all,
            (CoordinatorAsk::Offset(at, _), Ok(CoordinatorAnswer::Read(Some(offset)))) => {
                self.committed.insert(at.clone(), offset);
            }
            (CoordinatorAsk::Outside(OutsideAsk::Offsets), Err(OffsetsError::NotOffered)) => {
                self.tells_all = false;
            }
            (CoordinatorAsk::Outside(OutsideAsk::ConsumerGroup), Err(error)) if says_classic(&error) => {}
            (_, Err(error)) if says_nothing_there(&error) => {}
            (_, Err(error)) => self.refused = Some(error),
            _ => {}
        }
    }

    pub(super) fn ended(&mut self) -> Look {
        if let Some(error) = self.refused.take() {
            let group = Arc::clone(&self.group);
            return Look::Done(Err(match error {
                OffsetsError::NotOffered => GroupLookError::NotOffered,
                error => GroupLookError::Coordinator { group, error },
            }));
        }
        match self.stage {
            Stage::Begun => {
                self.stage = Stage::Asked;
                let asked = [OutsideAsk::ConsumerGroup, OutsideAsk::Offsets];
                Look::Ask(asked.map(CoordinatorAsk::Outside).to_vec())
            }
            Stage::Asked if self.found.is_none() => {
                self.stage = Stage::Classic;
                Look::Ask(vec![CoordinatorAsk::Outside(OutsideAsk::ClassicGroup)])
            }
            Stage::Classic if !self.tells_all => {
                self.stage = Stage::Topics;
                Look::Ask(vec![CoordinatorAsk::Outside(OutsideAsk::Partitions)])
            }
            Stage::Topics => {
                self.stage = Stage::Parts;
                let partitions = std::mem::take(&mut self.partitions).into_iter();
                Look::Ask(partitions.map(|at| CoordinatorAsk::Offset(at, OffsetAsk::Read)).collect())
            }
            Stage::Asked | Stage::Classic | Stage::Parts => Look::Done(self.outcome()),
        }
    }

    /// Brokers say of a group that they do not know that it is dead, and of one that was only committed to, in old releases.
    fn outcome(&mut self) -> Result<Option<Found>, GroupLookError> {
        if !CONSUMERS.contains(&&*self.protocol_type) {
            let (group, protocol_type) = (Arc::clone(&self.group), std::mem::take(&mut self.protocol_type));
            return Err(GroupLookError::NotConsumers { group, protocol_type });
        }
        let committed = std::mem::take(&mut self.committed);
        let found = self.found.take().filter(|group| group.state != DEAD || !committed.is_empty());
        Ok(found.map(|group| Found { group, committed }))
    }
}

/// That it is no group of KIP-848, or that the broker knows of none.
fn says_classic(error: &OffsetsError) -> bool {
    match error {
        OffsetsError::NotOffered => true,
        OffsetsError::Refused { code } => {
            matches!(*code, ErrorCode::GROUP_ID_NOT_FOUND | ErrorCode::UNSUPPORTED_VERSION)
        }
        _ => false,
    }
}

fn says_nothing_there(error: &OffsetsError) -> bool {
    let not_found = OffsetsError::Refused { code: ErrorCode::GROUP_ID_NOT_FOUND };
    matches!(error, OffsetsError::InvalidGroup) || *error == not_found
}

impl Found {
    /// The partitions that a member has, or of which something is committed.
    pub(super) fn describe(self) -> GroupDescription {
        let Self { group, committed } = self;
        let mut rows: BTreeMap<TopicPartition, (Option<String>, Option<i64>)> =
            committed.into_iter().map(|(at, offset)| (at, (None, Some(offset)))).collect();
        for member in &group.members {
            for at in &member.partitions {
                rows.entry(at.clone()).or_default().0 = Some(member.id.clone());
            }
        }
        let partition = |(at, (owner, committed)): (TopicPartition, (Option<String>, Option<i64>))| {
            let TopicPartition { topic, partition } = at;
            let (in_zookeeper, on_brokers) = (None, committed);
            GroupPartition {
                topic,
                broker: None,
                partition,
                owner,
                in_zookeeper,
                on_brokers,
                committed,
                untold: None,
            }
        };
        GroupDescription {
            dialect: None,
            members: Vec::new(),
            members_on_brokers: Ok(group.members.len()),
            coordinated: Some(group),
            partitions: rows.into_iter().map(partition).collect(),
            foreign_nodes: BTreeMap::new(),
            faults: Vec::new(),
        }
    }
}
