//! Sets the committed offsets of a group that lives on the brokers and has no members.
//!
//! | stage      | all answered                     | then       | asks                              |
//! |------------|----------------------------------|------------|-----------------------------------|
//! | Checking   | no such group, or it has members | -          | (the refusal)                     |
//! | Checking   | nobody is there                  | Committing | each commit, of the coordinator   |
//! | Committing | refused                          | -          | (the refusal)                     |
//! | Committing | some have no answer              | -          | (all begins anew)                 |
//! | Committing | done                             | -          | (done)                            |
//!
//! Brokers take no commit from outside while there are members, so whoever joins later begins where it was set.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::{GroupLookError, GroupResetError};
use super::on_brokers::{Found, Look, OnBrokers};
use crate::command::GroupReset;
use crate::group::{CoordinatorAnswer, CoordinatorAsk, OffsetAsk, OffsetsError};
use crate::planted::{PlantedBug, is_planted};
use crate::topology::TopicPartition;

#[derive(Debug)]
pub(super) struct ResettingOnBrokers {
    group: Arc<str>,
    commits: BTreeMap<TopicPartition, i64>,
    look: OnBrokers,
    commits_now: bool,
    refused: Option<OffsetsError>,
    /// A commit that may be done.
    doubt: Option<String>,
    /// Whether anything may be committed, in whatever round.
    has_begun: bool,
    is_done: bool,
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Step {
    Ask(Vec<CoordinatorAsk>),
    /// All begins anew.
    Again(String),
    Unknown,
    Done(Result<(), GroupResetError>),
}

impl ResettingOnBrokers {
    pub(super) fn new(reset: &GroupReset) -> Self {
        let GroupReset { group, topic, offsets, .. } = reset;
        let commits = offsets.iter().map(|at| {
            (TopicPartition { topic: Arc::clone(topic), partition: at.partition }, at.offset.max(0))
        });
        Self {
            group: Arc::clone(group),
            commits: commits.collect(),
            look: OnBrokers::new(group),
            commits_now: false,
            refused: None,
            doubt: None,
            has_begun: false,
            is_done: false,
        }
    }

    pub(super) fn begin(&mut self) {
        (self.look, self.commits_now) = (OnBrokers::new(&self.group), false);
        (self.refused, self.doubt, self.is_done) = (None, None, false);
    }

    pub(super) fn told(&mut self, ask: &CoordinatorAsk, answer: Result<CoordinatorAnswer, OffsetsError>) {
        if !self.commits_now {
            return self.look.told(ask, answer);
        }
        match answer {
            Ok(_) => {}
            Err(OffsetsError::Unanswered { reason }) => self.doubt = Some(reason),
            Err(error) => self.refused = Some(error),
        }
    }

    pub(super) fn ended(&mut self) -> Step {
        if !self.commits_now {
            return match self.look.ended() {
                Look::Ask(asked) => Step::Ask(asked),
                Look::Done(Err(error)) => Step::Done(Err(error.into())),
                Look::Done(Ok(None)) => Step::Unknown,
                Look::Done(Ok(Some(found))) => self.commit(&found),
            };
        }
        if let Some(error) = self.refused.take() {
            return Step::Done(Err(GroupResetError::Offsets { group: Arc::clone(&self.group), error }));
        }
        self.is_done = self.doubt.is_none();
        self.doubt.take().map_or(Step::Done(Ok(())), Step::Again)
    }

    /// Whether all is committed.
    pub(super) fn is_done(&self) -> bool {
        self.is_done
    }

    fn commit(&mut self, found: &Found) -> Step {
        let (group, members) = (Arc::clone(&self.group), found.group.members.len());
        if members > 0 && !is_planted(PlantedBug::OverlooksMembersOnBrokers) {
            return Step::Done(Err(if self.has_begun {
                let members = found.group.members.iter().map(|member| member.id.clone()).collect();
                GroupResetError::Joined { group, members }
            } else {
                GroupResetError::HasMembersOnBrokers { group, members }
            }));
        }
        // Whatever becomes of the answers.
        (self.commits_now, self.has_begun) = (true, true);
        let commit = |(at, offset): (&TopicPartition, &i64)| {
            CoordinatorAsk::Offset(at.clone(), OffsetAsk::Commit(*offset))
        };
        Step::Ask(self.commits.iter().map(commit).collect())
    }

    pub(super) fn unknown(&self) -> GroupLookError {
        GroupLookError::UnknownOnBrokers { group: Arc::clone(&self.group) }
    }
}
