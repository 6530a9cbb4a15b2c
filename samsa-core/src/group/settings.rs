//! What a member was asked for.

use std::sync::Arc;
use std::time::Duration;

use samsa_proto::zookeeper::Dialect;

use super::pattern::Pattern;
use super::{Assignor, Commit, OffsetStorage};
use crate::backoff::Backoff;
use crate::offset::Offset;

/// What a member wants.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Settings {
    pub(crate) group: Arc<str>,
    /// The topics that it names; none if it chooses them by a pattern.
    pub(crate) topics: Vec<Arc<str>>,
    pub(crate) pattern: Option<Pattern>,
    pub(crate) start: Offset,
    pub(crate) commit: Commit,
    pub(crate) commit_interval: Duration,
    pub(crate) assignor: Assignor,
    /// With how many streams it takes part.
    pub(crate) streams: u16,
    pub(crate) offsets: OffsetStorage,
    /// Whether it is looked first if the group is elsewhere: nobody has said where it is.
    pub(crate) compares: bool,
    pub(crate) dialect: Dialect,
    pub(crate) python3_owners: bool,
    pub(crate) session_timeout: Duration,
    pub(crate) backoff: Backoff,
}
