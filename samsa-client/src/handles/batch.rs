//! Messages that are gathered before they are sent, and what became of each.

use std::fmt;
use std::future::poll_fn;
use std::vec;

use samsa_core::{AppendError, Certainty, PublishError, PublishFailure, Receipt, Room, Ticket};

use super::message::Message;
use super::publish::Publication;
use super::topic::Topic;
use crate::error::FlushError;

/// Gathers messages, for one topic or for many, and sends them together: from
/// [`Cluster::batch`](crate::Cluster::batch).
///
/// Messages wait in it until [`flush`](Self::flush), until they are as many bytes as a batch of the wire takes
/// (`batch_bytes`, but never more than an eighth of the buffer), or until there is no room for another one. They have
/// their room in the client's buffer from [`append`](Self::append) on, so nothing that was appended is ever refused for
/// lack of it.
///
/// Dropped, it still sends what was appended, and only the outcomes are not seen.
///
/// ```no_run
/// # async fn run(cluster: samsa_client::Cluster) -> Result<(), Box<dyn std::error::Error>> {
/// use samsa_client::Message;
///
/// let (events, audit) = (cluster.topic("events"), cluster.topic("audit"));
/// let mut batch = cluster.batch();
/// batch.append(&events, Message::new("a").key("k")).await?;
/// batch.append(&audit, "user-1 said a").await?;
/// let report = batch.flush().await?;
/// for outcome in report {
///     println!("at {:?}", outcome?.offset);
/// }
/// # Ok(()) }
/// ```
#[must_use = "what is appended to it is sent when it is flushed or dropped"]
pub struct Batch {
    held: Vec<Held>,
    held_bytes: usize,
    /// At so many bytes they are sent.
    limit: usize,
    outcomes: Vec<Outcome>,
}

/// A message that was not sent yet.
struct Held {
    topic: Topic,
    message: Message<'static>,
    room: Room,
}

enum Outcome {
    Open(Ticket),
    Known(Result<Receipt, PublishError>),
}

impl Batch {
    pub(crate) fn new(limit: usize) -> Self {
        Self { held: Vec::new(), held_bytes: 0, limit, outcomes: Vec::new() }
    }

    /// Adds a message. If there is no room in the client's buffer, what was appended before is sent and room waited for.
    ///
    /// Dropped before it is ready, the message was not added.
    ///
    /// # Errors
    /// When the message can never be accepted, as [`Topic::enqueue`] has it.
    pub async fn append<'a>(
        &mut self,
        topic: &Topic,
        message: impl Into<Message<'a>>,
    ) -> Result<(), AppendError> {
        let message = message.into();
        let room = poll_fn(|cx| {
            let polled = message.lend(None, |record| topic.buffer.poll_room(record, cx));
            if polled.is_pending() {
                // Else it would wait for what it holds itself.
                self.send();
            }
            polled
        });
        let room = room.await?;
        self.held_bytes += room.bytes();
        self.held.push(Held { topic: topic.clone(), message: message.into_owned(), room });
        if self.held_bytes >= self.limit {
            self.send();
        }
        Ok(())
    }

    /// How many messages were appended since the last report.
    pub fn len(&self) -> usize {
        self.outcomes.len() + self.held.len()
    }

    /// No message was appended since the last report.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sends what was appended, waits for the outcome of all of it, and reports. Then the batch is empty, and may be used
    /// again. Messages that failed are in the report; the error is for a client that was closed before it accepted any.
    ///
    /// Dropped before it is ready, nothing is lost: the next one reports what this one would have.
    pub async fn flush(&mut self) -> Result<BatchReport, FlushError> {
        let report = self.report().await;
        let is_refused = |outcome: &Result<Receipt, PublishError>| {
            let is_closed = |error: &PublishError| *error.failure() == PublishFailure::Closed;
            let not_sent = |error: &PublishError| error.certainty() == Certainty::NotSent;
            outcome.as_ref().is_err_and(|error| is_closed(error) && not_sent(error))
        };
        let is_closed = !report.outcomes.is_empty() && report.outcomes.iter().all(is_refused);
        if is_closed { Err(FlushError::Closed) } else { Ok(report) }
    }

    pub(super) async fn report(&mut self) -> BatchReport {
        self.send();
        for outcome in &mut self.outcomes {
            if let Outcome::Open(ticket) = outcome {
                *outcome = Outcome::Known(ticket.await);
            }
        }
        let outcomes = std::mem::take(&mut self.outcomes).into_iter().filter_map(|outcome| match outcome {
            Outcome::Known(outcome) => Some(outcome),
            Outcome::Open(_) => None,
        });
        BatchReport { outcomes: outcomes.collect() }
    }

    /// What was held goes on its way, without lingering. Does no IO, and waits for nothing.
    fn send(&mut self) {
        self.held_bytes = 0;
        let last = self.held.last().map(|held| held.topic.clone());
        for Held { topic, message, room } in self.held.drain(..) {
            let now = topic.link.clock.now();
            let appended = message.lend(None, |record| topic.buffer.append_in(record, now, room));
            self.outcomes.push(match appended {
                Ok(ticket) => Outcome::Open(ticket),
                Err(error) => Outcome::Known(Err(message.not_accepted(&topic, None, error))),
            });
        }
        if let Some(last) = last {
            last.buffer.hurry();
        }
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.send();
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("held", &self.held.len())
            .field("sent", &self.outcomes.len())
            .finish_non_exhaustive()
    }
}

/// A [`Batch`] for one topic, from [`Topic::batch`](crate::Topic::batch).
#[derive(Debug)]
#[must_use = "what is appended to it is sent when it is flushed or dropped"]
pub struct TopicBatch {
    topic: Topic,
    batch: Batch,
}

impl TopicBatch {
    pub(crate) fn new(topic: Topic) -> Self {
        let batch = Batch::new(topic.link.batch_bytes());
        Self { topic, batch }
    }

    /// Adds a message; see [`Batch::append`].
    pub async fn append<'a>(&mut self, message: impl Into<Message<'a>>) -> Result<(), AppendError> {
        self.batch.append(&self.topic, message).await
    }

    /// How many messages were appended since the last report.
    pub fn len(&self) -> usize {
        self.batch.len()
    }

    /// No message was appended since the last report.
    pub fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// Sends what was appended, and reports; see [`Batch::flush`].
    pub async fn flush(&mut self) -> Result<BatchReport, FlushError> {
        self.batch.flush().await
    }
}

/// What became of the messages of a batch: an outcome for each, in the order of their append.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "some messages may have failed"]
pub struct BatchReport {
    outcomes: Vec<Result<Receipt, PublishError>>,
}

impl BatchReport {
    /// An outcome for each message, in the order of append.
    pub fn outcomes(&self) -> &[Result<Receipt, PublishError>] {
        &self.outcomes
    }

    /// Where all messages are, in the order of append, if none failed; else the first error.
    pub fn all(self) -> Result<Vec<Receipt>, PublishError> {
        self.outcomes.into_iter().collect()
    }

    /// The messages that failed, with their places in the order of append.
    pub fn failures(&self) -> impl Iterator<Item = (usize, &PublishError)> {
        let places = self.outcomes.iter().enumerate();
        places.filter_map(|(place, outcome)| outcome.as_ref().err().map(|error| (place, error)))
    }
}

impl IntoIterator for BatchReport {
    type Item = Result<Receipt, PublishError>;
    type IntoIter = vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.outcomes.into_iter()
    }
}
