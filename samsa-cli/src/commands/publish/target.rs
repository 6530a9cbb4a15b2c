//! Where messages go: to a topic, or to one partition of it.

use samsa_client::{
    Delivery, Enqueue, Message, MessageSet, Partition, PublishError, SetReceipt, Topic, TryEnqueueError,
};

pub(super) enum Target {
    Topic(Topic),
    Partition(Partition),
}

impl Target {
    pub(super) fn new(topic: &Topic, partition: Option<i32>) -> Self {
        match partition {
            Some(number) => Self::Partition(topic.partition(number)),
            None => Self::Topic(topic.clone()),
        }
    }

    pub(super) fn try_enqueue<'a>(&self, message: Message<'a>) -> Result<Delivery, TryEnqueueError<'a>> {
        match self {
            Self::Topic(topic) => topic.try_enqueue(message),
            Self::Partition(partition) => partition.try_enqueue(message),
        }
    }

    pub(super) fn enqueue<'a>(&'a self, message: Message<'a>) -> Enqueue<'a> {
        match self {
            Self::Topic(topic) => topic.enqueue(message),
            Self::Partition(partition) => partition.enqueue(message),
        }
    }

    pub(super) async fn publish_set(&self, set: MessageSet<'_>) -> Result<SetReceipt, PublishError> {
        match self {
            Self::Topic(topic) => topic.publish(set).await,
            Self::Partition(partition) => partition.publish(set).await,
        }
    }
}
