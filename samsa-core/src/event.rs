//! What happened to the cluster that an application may want to know.

use std::sync::Arc;

use crate::command::Offset;
use crate::error::ReadError;
use crate::id::BrokerId;

/// Something that was seen; nothing has to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A broker could not be reached, or its connection broke.
    BrokerLost {
        /// Which.
        broker: BrokerId,
        /// How.
        reason: String,
    },
    /// A partition has another leader.
    LeaderMoved {
        /// Its topic.
        topic: Arc<str>,
        /// Its number.
        partition: i32,
        /// The new leader; `None` while there is nobody.
        leader: Option<BrokerId>,
    },
    /// A reader goes on elsewhere, as [`FetchConfig::reset`](crate::FetchConfig::reset) has it.
    PositionReset {
        /// Its topic.
        topic: Arc<str>,
        /// Which partition.
        partition: i32,
        /// Why: out of range, or the log was cut back.
        error: ReadError,
        /// Where it goes on.
        to: Offset,
    },
}
