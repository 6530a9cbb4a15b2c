//! What happened to the cluster that an application may want to know.

use std::sync::Arc;
use std::time::Duration;

use crate::error::ReadError;
use crate::id::BrokerId;
use crate::offset::Offset;

/// Something that was seen; nothing has to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A broker could not be reached, or its connection broke while somebody waited for an answer. The end of a
    /// connection that nobody needed, such as brokers bring about after ten minutes, is none.
    BrokerLost {
        /// Which.
        broker: BrokerId,
        /// How.
        reason: String,
    },
    /// A broker enforces a quota (KIP-219): one connection to it is sent nothing for a while. Requests on it
    /// are given as much longer to be answered; what an application waits for, such as a record to be stored, keeps its
    /// deadline.
    Throttled {
        /// Which.
        broker: BrokerId,
        /// For how long, from now on; at most [`limits::THROTTLE`](crate::limits::THROTTLE).
        lasts: Duration,
    },
    /// A partition has another leader.
    LeaderMoved {
        /// Its topic.
        topic: Arc<str>,
        /// Its number.
        partition: i32,
        /// The new leader; `None` while there is nobody.
        leader: Option<BrokerId>,
        /// In which epoch. It never goes back while the topic is the same; `None` where brokers do not say.
        leader_epoch: Option<i32>,
    },
    /// A topic was deleted and made anew under its name: it has another id; or, where topics have none (before Kafka 2.8), another
    /// node in ZooKeeper, or leader epochs that began again after it was gone. What is published from now on goes to the new
    /// one; the positions of readers mean nothing in it.
    ///
    /// It is noticed with fresh metadata, or by brokers that are asked for topics by id: it may be told as late as the metadata
    /// is old, see [`Config::metadata_max_age`](crate::Config::metadata_max_age).
    TopicMadeAnew {
        /// Its name.
        topic: Arc<str>,
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

impl Event {
    /// Tells whoever reads the log. Where a reader goes on elsewhere is told where that is decided.
    pub(crate) fn log(&self) {
        match self {
            Self::BrokerLost { broker, reason } => tracing::warn!(%broker, %reason, "a broker was lost"),
            Self::Throttled { broker, lasts } => tracing::info!(%broker, ?lasts, "a broker throttles"),
            Self::LeaderMoved { topic, partition, leader, leader_epoch } => {
                let leader = leader.map(tracing::field::display);
                tracing::info!(%topic, partition, leader, leader_epoch, "a leader moved");
            }
            Self::TopicMadeAnew { topic } => tracing::warn!(%topic, "a topic was made anew under its name"),
            Self::PositionReset { .. } => {}
        }
    }
}
