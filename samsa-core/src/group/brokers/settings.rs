//! What a member was asked for.

use std::sync::Arc;
use std::time::Duration;

use crate::backoff::Backoff;
use crate::config::GroupTimes;
use crate::group::pattern::Pattern;
use crate::group::{Assignor, Commit};
use crate::offset::Offset;

/// What a member wants.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) group: Arc<str>,
    /// The topics that it names; none if it chooses them by a pattern.
    pub(crate) topics: Vec<Arc<str>>,
    pub(crate) pattern: Option<Pattern>,
    pub(crate) start: Offset,
    pub(crate) commit: Commit,
    pub(crate) commit_interval: Duration,
    pub(crate) assignor: Assignor,
    /// Whether it was said how partitions are shared out. If not, a coordinator does it as it likes.
    pub(crate) names_assignor: bool,
    pub(crate) speaks: Speaks,
    pub(crate) times: GroupTimes,
    pub(crate) rack: Option<Arc<str>>,
    /// How old the list of topics may become, where a pattern chooses them.
    pub(crate) topics_age: Duration,
    pub(crate) backoff: Backoff,
}

/// In which protocol a member speaks with its coordinator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaks {
    /// That of KIP-848 if the coordinator takes the member in it, else the classic one.
    Either,
    Classic,
    /// That of KIP-848.
    Consumer,
}
