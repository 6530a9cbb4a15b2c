//! The work of a command about groups: what it asks, of whom, and what it makes of the answers.

use std::sync::Arc;

use samsa_proto::zookeeper::PathError;

use super::describing::Describing;
use super::error::{GroupLookError, GroupResetError};
use super::listing::Listing;
use super::next::Next;
use super::on_brokers::{Look, OnBrokers};
use super::resetting::Resetting;
use super::resetting_on_brokers::{ResettingOnBrokers, Step};
use super::survey::Surveyed;
use crate::command::{Command, Reply};
use crate::group::{CoordinatorAnswer, CoordinatorAsk, OffsetsError};
use crate::zookeeper::{ZkAnswer, ZkError, ZkOp};

#[derive(Debug)]
pub(super) enum Work {
    Listing(Listing),
    Describing(Box<Describing>),
    Resetting(Box<Resetting>),
    /// Without ZooKeeper.
    DescribingOnBrokers(Arc<str>, Box<OnBrokers>),
    /// The same.
    ResettingOnBrokers(Box<ResettingOnBrokers>),
}

impl Work {
    pub(super) fn in_zookeeper(command: &Command) -> Result<Self, PathError> {
        Ok(match command {
            Command::Group { group, topic } => {
                Self::Describing(Box::new(Describing::new(group, topic.as_ref())?))
            }
            Command::ResetGroup(reset) => Self::Resetting(Box::new(Resetting::new(reset)?)),
            _ => Self::Listing(Listing::new(true)),
        })
    }

    pub(super) fn on_brokers(command: &Command) -> Result<Self, GroupResetError> {
        Ok(match command {
            Command::Group { group, .. } => {
                Self::DescribingOnBrokers(Arc::clone(group), Box::new(OnBrokers::new(group)))
            }
            Command::ResetGroup(reset) if reset.storage.in_zookeeper() => {
                return Err(GroupResetError::LivesOnBrokers { group: Arc::clone(&reset.group) });
            }
            Command::ResetGroup(reset) => Self::ResettingOnBrokers(Box::new(ResettingOnBrokers::new(reset))),
            _ => Self::Listing(Listing::new(false)),
        })
    }

    pub(super) fn begin(&mut self) -> Vec<ZkOp> {
        match self {
            Self::Listing(listing) => return listing.begin(),
            Self::Describing(describing) => return describing.begin(),
            Self::Resetting(resetting) => return resetting.begin(),
            Self::DescribingOnBrokers(group, look) => **look = OnBrokers::new(group),
            Self::ResettingOnBrokers(resetting) => resetting.begin(),
        }
        Vec::new()
    }

    pub(super) fn answered(&mut self, op: &ZkOp, result: Result<ZkAnswer, ZkError>) -> Vec<ZkOp> {
        match self {
            Self::Listing(listing) => listing.answered(op, result),
            Self::Describing(describing) => describing.answered(op, result),
            Self::Resetting(resetting) => resetting.answered(op, result),
            Self::DescribingOnBrokers(..) | Self::ResettingOnBrokers(_) => Vec::new(),
        }
    }

    pub(super) fn told(&mut self, ask: CoordinatorAsk, answer: Result<CoordinatorAnswer, OffsetsError>) {
        match self {
            Self::Listing(_) => {}
            Self::Describing(describing) => describing.told(ask, answer),
            Self::Resetting(resetting) => resetting.told(&ask, answer),
            Self::DescribingOnBrokers(_, look) => look.told(&ask, answer),
            Self::ResettingOnBrokers(resetting) => resetting.told(&ask, answer),
        }
    }

    pub(super) fn surveyed(&mut self, surveyed: Surveyed) {
        if let Self::Listing(listing) = self {
            listing.surveyed(surveyed);
        }
    }

    pub(super) fn ended(&mut self) -> Next {
        match self {
            Self::Listing(listing) => listing.ended(),
            Self::Describing(describing) => describing.ended(),
            Self::Resetting(resetting) => resetting.ended(),
            Self::DescribingOnBrokers(group, look) => match look.ended() {
                Look::Ask(asked) => Next::AskBrokers(asked),
                Look::Done(found) => {
                    let unknown = || GroupLookError::UnknownOnBrokers { group: Arc::clone(group) };
                    let found = found.and_then(|found| found.ok_or_else(unknown));
                    Next::Done(Reply::Group(found.map(|found| Box::new(found.describe()))))
                }
            },
            Self::ResettingOnBrokers(resetting) => match resetting.ended() {
                Step::Ask(asked) => Next::AskBrokers(asked),
                Step::Again(reason) => Next::Again(reason),
                Step::Unknown => Next::Done(Reply::ResetGroup(Err(resetting.unknown().into()))),
                Step::Done(done) => Next::Done(Reply::ResetGroup(done)),
            },
        }
    }
}
