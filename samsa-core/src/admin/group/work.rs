//! The work of a command about groups: what it asks, of whom, and what it makes of the answers.

use samsa_proto::zookeeper::PathError;

use super::describing::Describing;
use super::listing::Listing;
use super::next::Next;
use super::resetting::Resetting;
use crate::command::Command;
use crate::group::{CoordinatorAnswer, CoordinatorAsk, OffsetsError};
use crate::zookeeper::{ZkAnswer, ZkError, ZkOp};

#[derive(Debug)]
pub(super) enum Work {
    Listing(Listing),
    Describing(Box<Describing>),
    Resetting(Box<Resetting>),
}

impl Work {
    pub(super) fn of(command: &Command) -> Result<Self, PathError> {
        Ok(match command {
            Command::Group { group, topic } => {
                Self::Describing(Box::new(Describing::new(group, topic.as_ref())?))
            }
            Command::ResetGroup(reset) => Self::Resetting(Box::new(Resetting::new(reset)?)),
            _ => Self::Listing(Listing::default()),
        })
    }

    pub(super) fn begin(&mut self) -> Vec<ZkOp> {
        match self {
            Self::Listing(listing) => listing.begin(),
            Self::Describing(describing) => describing.begin(),
            Self::Resetting(resetting) => resetting.begin(),
        }
    }

    pub(super) fn answered(&mut self, op: &ZkOp, result: Result<ZkAnswer, ZkError>) -> Vec<ZkOp> {
        match self {
            Self::Listing(listing) => listing.answered(op, result),
            Self::Describing(describing) => describing.answered(op, result),
            Self::Resetting(resetting) => resetting.answered(op, result),
        }
    }

    pub(super) fn told(&mut self, ask: CoordinatorAsk, answer: Result<CoordinatorAnswer, OffsetsError>) {
        match self {
            Self::Listing(_) => {}
            Self::Describing(describing) => describing.told(ask, answer),
            Self::Resetting(resetting) => resetting.told(&ask, answer),
        }
    }

    pub(super) fn ended(&mut self) -> Next {
        match self {
            Self::Listing(listing) => listing.ended(),
            Self::Describing(describing) => describing.ended(),
            Self::Resetting(resetting) => resetting.ended(),
        }
    }
}
