//! What happened to the cluster that an application may want to know.

use std::sync::Arc;

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
}
