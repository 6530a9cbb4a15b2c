//! What applications hold. Plain types: none of them knows the runtime.

mod cluster;
mod consumed;
mod message;
mod publish;
mod reader;
mod topic;

pub use cluster::Cluster;
pub use consumed::ConsumedMessage;
pub use message::{Message, Payload};
pub use publish::{Delivery, Enqueue, TryEnqueueError};
pub use reader::{Reader, ReaderBuilder};
pub use topic::{Partition, Topic};
