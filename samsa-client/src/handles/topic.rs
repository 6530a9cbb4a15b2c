//! A topic, and one of its partitions.

use std::collections::BTreeSet;
use std::sync::Arc;

use samsa_core::{
    Command, CreateTopicError, Isolation, LookError, NewTopic, Offset, PartitionInfo, PartitionOffset, Reply,
    TopicBuffer,
};

use super::batch::TopicBatch;
use super::consumer::ConsumerBuilder;
use super::message::Message;
use super::publish::{Delivery, Enqueue, Publish, Publishing, TryEnqueueError};
use super::reader::ReaderBuilder;
use crate::call::Call;
use crate::command_queue::Answer;
use crate::link::Link;

/// A topic of a cluster, from [`Cluster::topic`](crate::Cluster::topic). Cheap to clone, to share between threads and to
/// keep: publishing through a kept one costs the least.
///
/// It need not exist. The first publish creates it where the cluster allows that; looking and reading never do.
#[derive(Clone, Debug)]
pub struct Topic {
    pub(crate) link: Arc<Link>,
    pub(crate) name: Arc<str>,
    pub(crate) buffer: TopicBuffer,
}

impl Topic {
    pub(crate) fn new(link: &Arc<Link>, name: &str) -> Self {
        let buffer = link.buffer.topic(name);
        Self { link: Arc::clone(link), name: Arc::clone(buffer.name()), buffer }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One of its partitions, whether it exists or not.
    pub fn partition(&self, number: i32) -> Partition {
        Partition { topic: self.clone(), number }
    }

    /// Creates it with so many partitions, each kept by so many brokers; -1 for the cluster's default, from Kafka 2.4 on. Needs
    /// brokers of 0.10.1 or later.
    ///
    /// Where the cluster creates topics by itself, a topic that is published to needs no such order. It goes on when its future is
    /// dropped, and [`Cluster::close`](crate::Cluster::close) waits for it, as long as either has time.
    ///
    /// # Errors
    /// When there is one of this name already, the cluster refuses, or nobody answers in time. An order that had no answer is
    /// given again, and a topic that is there then is taken for the one that was ordered.
    pub fn create(&self, partitions: i32, replication: i16) -> Call<Result<(), CreateTopicError>> {
        let topic = NewTopic { name: Arc::clone(&self.name), partitions, replication };
        Call::new(&self.link, Command::CreateTopic(topic), |answer, _| match answer {
            Answer::Given(Reply::CreateTopic(created)) => created,
            Answer::Busy(waiting) => Err(CreateTopicError::Busy { waiting }),
            Answer::Given(_) | Answer::Closed => Err(CreateTopicError::Closed),
        })
    }

    /// Its partitions with their leaders and replicas; none for a topic that does not exist yet.
    ///
    /// # Errors
    /// When a broker refuses, nobody answers in time, more than 1,024 commands wait, or the client is closed.
    pub fn partitions(&self) -> Call<Result<Vec<PartitionInfo>, LookError>> {
        let command = Command::Partitions { topic: Arc::clone(&self.name) };
        Call::new(&self.link, command, |answer, _| match answer {
            Answer::Given(Reply::Partitions(partitions)) => partitions,
            Answer::Busy(waiting) => Err(LookError::Busy { waiting }),
            Answer::Given(_) | Answer::Closed => Err(LookError::Closed),
        })
    }

    /// An offset of each of its partitions: the first, the last, or the first at or after a time. The last is where readers
    /// of committed records come to: before the first transaction that is still open, if there is one.
    ///
    /// # Errors
    /// When there is no such topic, a broker refuses, some leader does not answer in time, more than 1,024 commands wait, or
    /// the client is closed.
    ///
    /// ```no_run
    /// # async fn run(topic: samsa_client::Topic) -> Result<(), samsa_client::LookError> {
    /// use samsa_client::Offset;
    ///
    /// for end in topic.offsets(Offset::Latest).await? {
    ///     println!("partition {} ends at {}", end.partition, end.offset);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn offsets(&self, at: Offset) -> Call<Result<Vec<PartitionOffset>, LookError>> {
        self.offsets_with_isolation(at, Isolation::ReadCommitted)
    }

    /// The same, as readers of this isolation see it.
    pub fn offsets_with_isolation(
        &self,
        at: Offset,
        isolation: Isolation,
    ) -> Call<Result<Vec<PartitionOffset>, LookError>> {
        self.ask_offsets(None, at, isolation)
    }

    /// The same, of these partitions alone: the others need have no leader. Those that the topic does not have are left out.
    pub fn offsets_of(
        &self,
        partitions: impl IntoIterator<Item = i32>,
        at: Offset,
        isolation: Isolation,
    ) -> Call<Result<Vec<PartitionOffset>, LookError>> {
        self.ask_offsets(Some(partitions.into_iter().collect()), at, isolation)
    }

    fn ask_offsets(
        &self,
        partitions: Option<BTreeSet<i32>>,
        at: Offset,
        isolation: Isolation,
    ) -> Call<Result<Vec<PartitionOffset>, LookError>> {
        let command = Command::Offsets { topic: Arc::clone(&self.name), partitions, at, isolation };
        Call::new(&self.link, command, |answer, _| match answer {
            Answer::Given(Reply::Offsets(offsets)) => offsets,
            Answer::Busy(waiting) => Err(LookError::Busy { waiting }),
            Answer::Given(_) | Answer::Closed => Err(LookError::Closed),
        })
    }

    /// Publishes a message, or a [set of messages](crate::MessageSet): done when every in-sync replica has it, or as
    /// [`Acks`](crate::Acks) says.
    ///
    /// Dropped before the message was accepted, nothing is sent; after that the message goes on and only its outcome is
    /// not seen.
    ///
    /// # Errors
    /// When it was not acknowledged within the delivery timeout, was refused, or the client was closed.
    /// [`PublishError::certainty`](crate::PublishError::certainty) says whether it may be stored all the same, and the error has
    /// the message.
    ///
    /// ```no_run
    /// # async fn run(topic: samsa_client::Topic) -> Result<(), samsa_client::PublishError> {
    /// use samsa_client::{Message, MessageSet};
    ///
    /// topic.publish("hello").await?;
    /// let receipt = topic.publish(Message::new("{}").key("user-1")).await?;
    /// println!("partition {}, offset {:?}", receipt.partition, receipt.offset);
    /// let set = topic.publish(MessageSet::from_iter(["foo", "bar"]).key("user-1")).await?;
    /// println!("partition {}, {} messages from offset {:?} on", set.partition, set.count, set.base_offset);
    /// # Ok(()) }
    /// ```
    pub fn publish<'a, P: Publish<'a>>(&self, what: P) -> Publishing<'_, P::Publication> {
        Publishing::new(self, None, what.publication())
    }

    /// Puts a message in the buffer, after waiting for room if need be: messages of one partition are sent in the order
    /// in which this is done. [`Delivery`] has the outcome.
    ///
    /// # Errors
    /// When the message can never be accepted: it is too large, its partition does not exist, its headers cannot be stored,
    /// or the client is closed. It was not sent then.
    ///
    /// ```no_run
    /// # async fn run(topic: samsa_client::Topic) -> Result<(), Box<dyn std::error::Error>> {
    /// use samsa_client::{Certainty, Message};
    ///
    /// let first = topic.enqueue(Message::new("1").key("k")).await?;
    /// let second = topic.enqueue(Message::new("2").key("k")).await?; // behind the first one
    /// first.await?;
    /// if let Err(error) = second.await
    ///     && error.certainty() == Certainty::PossiblySent
    /// {
    ///     println!("{error}: it may be stored");
    /// }
    /// # Ok(()) }
    /// ```
    pub fn enqueue<'a>(&'a self, message: impl Into<Message<'a>>) -> Enqueue<'a> {
        Enqueue::new(self, None, message.into())
    }

    /// Puts a message in the buffer if there is room; else gives it back. It never waits, and may be called where there is
    /// no runtime.
    ///
    /// ```no_run
    /// # fn run(topic: samsa_client::Topic) {
    /// match topic.try_enqueue("hello") {
    ///     Ok(_delivery) => {}
    ///     Err(error) if error.is_full() => println!("later: {:?}", error.into_message()),
    ///     Err(error) => println!("never: {error}"),
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`enqueue`](Self::enqueue), or when there is no room now. The error has the message.
    pub fn try_enqueue<'a>(&self, message: impl Into<Message<'a>>) -> Result<Delivery, TryEnqueueError<'a>> {
        self.try_enqueue_to(None, message.into())
    }

    /// A batch that gathers messages for this topic, and sends them together.
    pub fn batch(&self) -> TopicBatch {
        TopicBatch::new(self.clone())
    }

    /// Reads all its partitions from here on, without a group.
    ///
    /// ```no_run
    /// # async fn run(topic: samsa_client::Topic) -> Result<(), samsa_client::ReadError> {
    /// use samsa_client::Offset;
    ///
    /// let mut reader = topic.reader(Offset::Earliest).open().await?;
    /// while let Some(message) = reader.next().await {
    ///     let message = message?;
    ///     println!("{}@{}: {:?}", message.partition(), message.offset(), message.value());
    /// }
    /// # Ok(()) }
    /// ```
    pub fn reader(&self, start: Offset) -> ReaderBuilder {
        ReaderBuilder::new(&self.link, &self.name, None, start)
    }

    /// Consumes it as a member of this group, which shares its partitions: the short form of
    /// [`Cluster::consumer`](crate::Cluster::consumer).
    pub fn consumer(&self, group: impl AsRef<str>) -> ConsumerBuilder {
        ConsumerBuilder::new(&self.link, group.as_ref()).topics([&self.name])
    }

    fn try_enqueue_to<'a>(
        &self,
        partition: Option<i32>,
        message: Message<'a>,
    ) -> Result<Delivery, TryEnqueueError<'a>> {
        let now = self.link.clock.now();
        match message.lend(partition, |record| self.buffer.append(record, now)) {
            Ok(ticket) => Ok(Delivery::new(ticket)),
            Err(error) => Err(TryEnqueueError::new(message, error)),
        }
    }
}

/// One partition of a topic, from [`Topic::partition`].
#[derive(Clone, Debug)]
pub struct Partition {
    topic: Topic,
    number: i32,
}

impl Partition {
    /// The topic.
    pub fn topic(&self) -> &Topic {
        &self.topic
    }

    /// Its number.
    pub fn number(&self) -> i32 {
        self.number
    }

    /// Publishes a message, or a set of messages, to this very partition, whatever its key. See [`Topic::publish`].
    pub fn publish<'a, P: Publish<'a>>(&self, what: P) -> Publishing<'_, P::Publication> {
        Publishing::new(&self.topic, Some(self.number), what.publication())
    }

    /// Puts a message for this partition in the buffer. See [`Topic::enqueue`].
    pub fn enqueue<'a>(&'a self, message: impl Into<Message<'a>>) -> Enqueue<'a> {
        Enqueue::new(&self.topic, Some(self.number), message.into())
    }

    /// Puts a message for this partition in the buffer if there is room. See [`Topic::try_enqueue`].
    pub fn try_enqueue<'a>(&self, message: impl Into<Message<'a>>) -> Result<Delivery, TryEnqueueError<'a>> {
        self.topic.try_enqueue_to(Some(self.number), message.into())
    }

    /// Reads this partition alone from here on, without a group.
    pub fn reader(&self, start: Offset) -> ReaderBuilder {
        ReaderBuilder::new(&self.topic.link, &self.topic.name, Some(self.number), start)
    }
}
