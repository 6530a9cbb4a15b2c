//! What a command about groups is about.

use std::sync::Arc;

use super::error::GroupLookError;
use crate::command::{Command, Reply};

/// For its answer, and for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum About {
    Groups,
    Group(Arc<str>),
    Reset(Arc<str>),
}

impl About {
    pub(super) fn of(command: &Command) -> Option<Self> {
        match command {
            Command::Groups => Some(Self::Groups),
            Command::Group { group, .. } => Some(Self::Group(Arc::clone(group))),
            Command::ResetGroup(reset) => Some(Self::Reset(Arc::clone(&reset.group))),
            _ => None,
        }
    }

    pub(super) fn refused(&self, error: GroupLookError) -> Reply {
        match self {
            Self::Groups => Reply::Groups(Err(error)),
            Self::Group(_) => Reply::Group(Err(error)),
            Self::Reset(_) => Reply::ResetGroup(Err(error.into())),
        }
    }

    pub(super) fn group(&self) -> Option<&Arc<str>> {
        match self {
            Self::Groups => None,
            Self::Group(group) | Self::Reset(group) => Some(group),
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Groups => "the groups".to_owned(),
            Self::Group(group) => format!("group {group:?}"),
            Self::Reset(group) => format!("the offsets of group {group:?}"),
        }
    }
}
