//! One error for each kind of operation: what was tried, what came, what to do.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use samsa_proto::ErrorCode;

/// Why no cluster was reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// Nobody answered in time.
    #[error("no broker answered within {within:?} ({last}); is the address right, and is a broker up?")]
    Unreachable {
        /// The bound.
        within: Duration,
        /// The last thing that went wrong.
        last: String,
    },
    /// Too many wait to be connected already.
    #[error("{waiting} commands wait to be connected already; wait for some of them")]
    Busy {
        /// How many.
        waiting: usize,
    },
    /// The client was closed meanwhile.
    #[error("the client was closed before it was connected; connect anew")]
    Closed,
}

impl ConnectError {
    /// Whether the same client may still come to be connected: nobody has answered so far, or too many wait for it. Waiting for it
    /// once more may succeed with nothing changed.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Busy { .. } => true,
            Self::Closed => false,
        }
    }
}

/// What to do about a refusal that asking again does not help against.
pub(crate) fn remedy(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::TOPIC_AUTHORIZATION_FAILED => "grant this client the permission on the topic",
        ErrorCode::CLUSTER_AUTHORIZATION_FAILED => "grant this client the permission on the cluster",
        ErrorCode::INVALID_TOPIC_EXCEPTION => "choose another name for the topic",
        ErrorCode::UNSUPPORTED_COMPRESSION_TYPE | ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT => {
            "choose another compression or message format, or upgrade the brokers"
        }
        ErrorCode::UNSUPPORTED_VERSION => "upgrade the brokers",
        code if code.is_retriable() => "try again",
        _ => "the broker's log may say more",
    }
}

/// Why a question about the cluster was not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LookError {
    /// The cluster does not know the topic.
    #[error("there is no topic {topic:?}; publishing to it would create it where the cluster allows that")]
    UnknownTopic {
        /// Which.
        topic: Arc<str>,
    },
    /// A broker refused: see to what the code names.
    #[error("the broker refused the question about {about}: {code}; {}", remedy(*code))]
    Refused {
        /// What was asked about.
        about: String,
        /// Why.
        code: ErrorCode,
    },
    /// Nobody answered in time.
    #[error(
        "no answer about {about} within {within:?} ({last}); try again, or see what the client waits for with explain"
    )]
    TimedOut {
        /// What was asked about.
        about: String,
        /// The bound.
        within: Duration,
        /// The last thing that went wrong.
        last: String,
    },
    /// Too many commands wait already.
    #[error("{waiting} commands wait for their answers already; wait for some of them")]
    Busy {
        /// How many.
        waiting: usize,
    },
    /// The client was closed.
    #[error("the client is closed; connect anew")]
    Closed,
}

impl LookError {
    /// Whether the same question may be answered later, with nothing changed. A topic that is unknown has to be made first.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::TimedOut { .. } | Self::Busy { .. } => true,
            Self::Refused { code, .. } => code.is_retriable(),
            Self::UnknownTopic { .. } | Self::Closed => false,
        }
    }
}

/// Why a topic was not created.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CreateTopicError {
    /// There is one of this name.
    #[error("topic {topic:?} exists already; publish to it, or choose another name")]
    Exists {
        /// Which.
        topic: Arc<str>,
    },
    /// The cluster refused.
    #[error("topic {topic:?} was not created: {reason} ({code})")]
    Refused {
        /// Which.
        topic: Arc<str>,
        /// Why.
        code: ErrorCode,
        /// The same in the broker's words.
        reason: String,
    },
    /// The brokers are older than Kafka 0.10.1.
    #[error(
        "these brokers create no topics for clients; publish to it where the cluster creates topics by itself, or use its own tools"
    )]
    Unsupported,
    /// Nobody answered in time.
    #[error(
        "topic {topic:?} was not created within {within:?} ({last}){}", if *in_doubt { "; it may still be: look at its partitions" } else { "" }
    )]
    TimedOut {
        /// Which.
        topic: Arc<str>,
        /// The bound.
        within: Duration,
        /// Whether an order had no answer, so that the topic may be there all the same.
        in_doubt: bool,
        /// The last thing that went wrong.
        last: String,
    },
    /// Too many commands wait already.
    #[error("{waiting} commands wait for their answers already; wait for some of them")]
    Busy {
        /// How many.
        waiting: usize,
    },
    /// The client was closed.
    #[error("the client is closed; connect anew")]
    Closed,
}

impl CreateTopicError {
    /// Whether the same order may be followed later, with nothing changed. One that was in doubt may then find that the topic
    /// [exists](Self::Exists), made by the order before.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::TimedOut { .. } | Self::Busy { .. } => true,
            Self::Exists { .. } | Self::Refused { .. } | Self::Unsupported | Self::Closed => false,
        }
    }
}

/// Why a record was not accepted: it was never sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The buffer has no room; it has again when earlier records have their outcome.
    #[error("the buffer is full: {limit} bytes wait for their outcome")]
    Full {
        /// Its size.
        limit: usize,
    },
    /// The message is larger than any batch may be.
    #[error(
        "a message of {size} bytes is larger than the limit of {limit}; split it, or raise message_bytes (max.request.size) here and max.message.bytes of the topic"
    )]
    TooLarge {
        /// Its encoded size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The messages of a set stay together, and together they are larger than any batch may be.
    #[error(
        "a set of {count} messages takes {size} bytes, more than the limit of {limit}; make it smaller, or raise message_bytes (max.request.size) here and max.message.bytes of the topic"
    )]
    SetTooLarge {
        /// Its messages.
        count: usize,
        /// Its encoded size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The set has no message.
    #[error(
        "a set without messages cannot be published, since there is nothing to acknowledge: leave it out"
    )]
    EmptySet,
    /// The topic has no such partition.
    #[error(
        "topic {topic:?} has no partition {partition}: it has {count}, from 0 on; name one of these, or none"
    )]
    UnknownPartition {
        /// The topic.
        topic: Arc<str>,
        /// What was asked for.
        partition: i32,
        /// How many it has.
        count: usize,
    },
    /// The partition's leader is older than Kafka 0.11.
    #[error("topic {topic:?}: its brokers are older than 0.11 and cannot store headers; leave them out")]
    HeadersUnsupported {
        /// The topic.
        topic: Arc<str>,
    },
    /// The client publishes to so many topics that it takes no other.
    #[error("this client knows {limit} topics already and takes no other; connect a second one")]
    TooManyTopics {
        /// How many it takes.
        limit: usize,
    },
    /// The client was closed.
    #[error("the client is closed; connect anew")]
    Closed,
}

impl AppendError {
    /// Whether the same message may be accepted later, with nothing changed: there was only no room. It was never sent, so that
    /// publishing it again stores it once.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Full { .. } => true,
            Self::TooLarge { .. }
            | Self::SetTooLarge { .. }
            | Self::EmptySet
            | Self::UnknownPartition { .. }
            | Self::HeadersUnsupported { .. }
            | Self::TooManyTopics { .. }
            | Self::Closed => false,
        }
    }
}

/// Whether a record that failed may be in the log all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// No attempt was ever left without a definite refusal: it is not in the log.
    NotSent,
    /// An attempt had no answer: it may be in the log.
    PossiblySent,
}

/// Why an accepted record failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishFailure {
    /// The time to deliver was over: publish it again, or raise the delivery timeout. If it is
    /// [`PossiblySent`](Certainty::PossiblySent), it may be stored twice then.
    #[error("not acknowledged within {within:?} ({last})")]
    TimedOut {
        /// The delivery timeout.
        within: Duration,
        /// The last thing that went wrong.
        last: String,
    },
    /// A broker refused it for good: see to what the code names, then publish it again.
    #[error("refused by the broker: {0}; {remedy}", remedy = remedy(*.0))]
    Refused(ErrorCode),
    /// An attempt had no definite answer, and [`Retries::OnlyNotSent`](crate::Retries::OnlyNotSent) forbids to send again what
    /// may be stored. The application may know whether it is, or whether twice does no harm.
    #[error("no definite answer came ({last}), and what may be stored is not sent again, as retries says")]
    NotRetried {
        /// What went wrong.
        last: String,
    },
    /// A single message, or a set, which stays together, is larger than the broker takes. It is not stored.
    #[error(
        "the broker takes no batch of {size} bytes, which {count} message(s) take that stay together ({code}); make them smaller, or raise max.message.bytes of the topic"
    )]
    TooLarge {
        /// How many messages: more than one of a set.
        count: u32,
        /// What they take in a batch of their own.
        size: usize,
        /// What the broker said.
        code: ErrorCode,
    },
    /// It could not be accepted once its topic was known.
    #[error(transparent)]
    Unacceptable(AppendError),
    /// The client was closed, or its driver was dropped.
    #[error("the client was closed before the message was acknowledged")]
    Closed,
}

impl PublishFailure {
    /// Whether to publish the same message again may succeed, with nothing changed: its time was over, the broker's refusal is one
    /// that passes, there was no room, or `retries` forbids to send it again. Where it may be stored already
    /// ([`PossiblySent`](Certainty::PossiblySent)), that may store it twice.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::TimedOut { .. } | Self::NotRetried { .. } => true,
            Self::Refused(code) => code.is_retriable(),
            Self::Unacceptable(error) => error.is_retriable(),
            Self::TooLarge { .. } | Self::Closed => false,
        }
    }

    /// Whether its words say already which topic it is about.
    pub(crate) fn names_topic(&self) -> bool {
        let named = |error: &AppendError| {
            matches!(error, AppendError::UnknownPartition { .. } | AppendError::HeadersUnsupported { .. })
        };
        matches!(self, Self::Unacceptable(error) if named(error))
    }
}

/// Why a reader ended or skipped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The cluster does not know the topic.
    #[error("there is no topic {topic:?}; reading never creates one")]
    UnknownTopic {
        /// Which.
        topic: Arc<str>,
    },
    /// The topic has no such partition.
    #[error("topic {topic:?} has no partition {partition}; its partitions() are those that there are")]
    UnknownPartition {
        /// The topic.
        topic: Arc<str>,
        /// Which.
        partition: i32,
    },
    /// The brokers will not tell of the topic: see to what the code names, then open the reader again.
    #[error("topic {topic:?}: the brokers refuse to tell of it: {code}; {}", remedy(*code))]
    TopicRefused {
        /// The topic.
        topic: Arc<str>,
        /// Why.
        code: ErrorCode,
    },
    /// The position is outside of what the broker keeps; reading of this partition has stopped.
    #[error(
        "topic {topic:?} partition {partition}: offset {offset} is out of range; seek to Earliest or Latest to read on"
    )]
    OutOfRange {
        /// The topic.
        topic: Arc<str>,
        /// The partition.
        partition: i32,
        /// The position.
        offset: i64,
    },
    /// The log was cut back, as happens when a replica that lacks some of it is elected (an unclean election): what was
    /// read from `from` on is not there any more. Reading of this partition has stopped.
    #[error(
        "topic {topic:?} partition {partition}: the log was cut back to offset {from}, and {offset} was reached already; seek to {from} to read what took the place of the lost records"
    )]
    Truncated {
        /// The topic.
        topic: Arc<str>,
        /// The partition.
        partition: i32,
        /// The position.
        offset: i64,
        /// Where the log that was read parts from the one that is there.
        from: i64,
    },
    /// A broker refused; reading of this partition has stopped. See to what the code names, then seek to read on.
    #[error(
        "topic {topic:?} partition {partition}: the broker refused: {code}; {}, then seek to read on", remedy(*code)
    )]
    Refused {
        /// The topic.
        topic: Arc<str>,
        /// The partition.
        partition: i32,
        /// Why.
        code: ErrorCode,
    },
    /// What was fetched cannot be read; reading of this partition has stopped.
    #[error(
        "topic {topic:?} partition {partition}: cannot read the records at offset {offset}: {reason}; seek to a later offset to leave them out"
    )]
    Corrupt {
        /// The topic.
        topic: Arc<str>,
        /// The partition.
        partition: i32,
        /// Where they start.
        offset: i64,
        /// What is wrong with them.
        reason: String,
    },
    /// The partitions or their offsets were not known in time: try again, or see with `explain` what the client waits for.
    #[error(
        "topic {topic:?}: not ready to read within {within:?} ({last}); try again, or see what the client waits for with explain"
    )]
    TimedOut {
        /// The topic.
        topic: Arc<str>,
        /// The bound.
        within: Duration,
        /// The last thing that went wrong.
        last: String,
    },
    /// The reader's rack is longer than requests have room for.
    #[error(
        "brokers cannot be told a rack of {bytes} bytes, only of {limit}; give the reader a shorter one, or none"
    )]
    RackTooLong {
        /// Its length.
        bytes: usize,
        /// What there is room for.
        limit: usize,
    },
    /// Too many readers are open.
    #[error("{open} readers are open already; close some of them")]
    Busy {
        /// How many.
        open: usize,
    },
    /// The client was closed.
    #[error("the client is closed; connect anew")]
    Closed,
}

impl ReadError {
    /// Whether the same may succeed later, with nothing changed: to open the reader, to seek, or, where a partition has stopped, to
    /// seek to where it was. A position that the log does not hold, or records that cannot be read, need a seek to elsewhere.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::TimedOut { .. } | Self::Busy { .. } => true,
            Self::TopicRefused { code, .. } | Self::Refused { code, .. } => code.is_retriable(),
            Self::UnknownTopic { .. }
            | Self::UnknownPartition { .. }
            | Self::OutOfRange { .. }
            | Self::Truncated { .. }
            | Self::Corrupt { .. }
            | Self::RackTooLong { .. }
            | Self::Closed => false,
        }
    }
}
