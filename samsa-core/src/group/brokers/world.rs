//! The rest of the client, as a member of a group that the brokers coordinate sees it.

use std::sync::Arc;

use crate::group::coordinator::Identity;
use crate::group::world::World;

/// What it needs besides what every member does.
pub(crate) trait BrokerWorld: World {
    /// Offsets are committed as this member from now on, or as nobody.
    fn act_as(&mut self, identity: Option<Identity>);
    /// What the member has to say for itself and was not sent never is. Says whether there was something.
    fn drop_unsent(&mut self) -> bool;
    /// The metadata of this topic is kept from now on.
    fn follow(&mut self, topic: &Arc<str>);
    /// What the metadata has of a topic.
    fn seen(&self, topic: &str) -> Seen;
    /// The metadata seems to be out of date.
    fn refresh(&mut self);
}

/// What the metadata has of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    NotYet,
    /// There is none of this name.
    Absent,
    /// Nobody tells of it, for want of a permission.
    Refused,
    There {
        /// None before Kafka 2.8.
        id: Option<[u8; 16]>,
        partitions: i32,
    },
}

impl Seen {
    /// How many partitions it has, if that is known.
    pub(crate) fn count(self) -> Option<i32> {
        match self {
            Self::NotYet => None,
            Self::Absent | Self::Refused => Some(0),
            Self::There { partitions, .. } => Some(partitions),
        }
    }
}
