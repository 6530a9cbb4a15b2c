//! A member of a group, wherever the group lives.

use std::sync::Arc;

use super::brokers;
use super::hand::Hand;
use super::member::{Member, MemberInput};
use crate::id::SessionId;
use crate::time::{Deadline, Now};

#[derive(Debug)]
pub(super) enum AnyMember {
    InZooKeeper(Box<Member>),
    OnBrokers(Box<brokers::Member>),
}

macro_rules! whichever {
    ($any:expr, $member:ident => $act:expr) => {
        match $any {
            AnyMember::InZooKeeper($member) => $act,
            AnyMember::OnBrokers($member) => $act,
        }
    };
}

impl AnyMember {
    pub(super) fn id(&self) -> &str {
        whichever!(self, member => member.id())
    }

    pub(super) fn group(&self) -> &Arc<str> {
        whichever!(self, member => member.group())
    }

    /// The name of its session in ZooKeeper.
    pub(super) fn session_name(&self) -> Option<SessionId> {
        match self {
            Self::InZooKeeper(member) => member.session_name(),
            Self::OnBrokers(_) => None,
        }
    }

    /// Whether the metadata of topics tells it something.
    pub(super) fn follows_metadata(&self) -> bool {
        matches!(self, Self::OnBrokers(_))
    }

    pub(super) fn is_leaving(&self) -> bool {
        whichever!(self, member => member.is_leaving())
    }

    pub(super) fn is_in_doubt(&self) -> bool {
        whichever!(self, member => member.is_in_doubt())
    }

    pub(super) fn is_not_awaited(&mut self) {
        whichever!(self, member => member.is_not_awaited());
    }

    pub(super) fn trouble(&self) -> &str {
        whichever!(self, member => member.trouble())
    }

    pub(super) fn deadline(&self) -> Option<Deadline> {
        whichever!(self, member => member.deadline())
    }

    pub(super) fn waits_for(&self) -> Vec<String> {
        whichever!(self, member => member.waits_for())
    }

    pub(super) fn handle(&mut self, now: Now, input: MemberInput, hand: &mut Hand<'_, '_>) {
        whichever!(self, member => member.handle(now, input, hand));
    }
}
