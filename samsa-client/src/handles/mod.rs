//! What applications hold. Plain types: none of them knows the runtime.

mod batch;
mod begun;
mod cluster;
mod consumed;
mod consumer;
mod group;
mod message;
mod message_set;
mod publish;
mod reader;
mod topic;

pub use batch::{Batch, BatchReport, TopicBatch};
pub use cluster::Cluster;
pub use consumed::ConsumedMessage;
pub use consumer::{Consumer, ConsumerBuilder, ConsumerEvents};
pub use group::{Group, OffsetMove, ResetPlan};
pub use message::{Message, Payload};
pub use message_set::MessageSet;
pub use publish::{Delivery, Enqueue, Publish, Publishing, TryEnqueueError};
pub use reader::{Reader, ReaderBuilder};
pub use topic::{Partition, Topic};
