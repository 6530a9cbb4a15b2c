//! Publishing.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use samsa_core::{AppendError, PublishError, Receipt, SetReceipt, SetTicket, Ticket};

use super::message::Message;
use super::message_set::MessageSet;
use super::topic::Topic;

/// Waits for room in the buffer, and puts the message there: a future, from [`Topic::enqueue`].
///
/// When there is room it is ready at the first poll. Dropped before it is ready, the message was not accepted and is
/// never sent.
#[derive(Debug)]
#[must_use = "the message is accepted when this is awaited"]
pub struct Enqueue<'a> {
    topic: &'a Topic,
    partition: Option<i32>,
    message: Message<'a>,
}

impl<'a> Enqueue<'a> {
    pub(crate) fn new(topic: &'a Topic, partition: Option<i32>, message: Message<'a>) -> Self {
        Self { topic, partition, message }
    }
}

impl Future for Enqueue<'_> {
    type Output = Result<Delivery, AppendError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.message.poll_accept(self.topic, self.partition, cx).map_ok(Delivery)
    }
}

/// What can be published: a [`Message`], whatever makes one, or a [`MessageSet`].
pub trait Publish<'a>: Sealed<'a> {}

impl<'a, P: Sealed<'a>> Publish<'a> for P {}

/// How that is done, which is nobody else's business.
pub trait Sealed<'a> {
    /// Where it is then.
    type Receipt;
    /// What it is until it is accepted.
    type Publication: Publication<Receipt = Self::Receipt>;

    fn publication(self) -> Self::Publication;
}

/// Something that waits to be accepted as a whole.
pub trait Publication: Unpin {
    type Receipt;
    type Ticket: Future<Output = Result<Self::Receipt, PublishError>> + Unpin;

    fn poll_accept(
        &self,
        topic: &Topic,
        partition: Option<i32>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Ticket, AppendError>>;

    fn not_accepted(&self, topic: &Topic, partition: Option<i32>, error: AppendError) -> PublishError;
}

impl<'a, M: Into<Message<'a>>> Sealed<'a> for M {
    type Receipt = Receipt;
    type Publication = Message<'a>;

    fn publication(self) -> Message<'a> {
        self.into()
    }
}

impl<'a> Sealed<'a> for MessageSet<'a> {
    type Receipt = SetReceipt;
    type Publication = Self;

    fn publication(self) -> Self {
        self
    }
}

impl Publication for Message<'_> {
    type Receipt = Receipt;
    type Ticket = Ticket;

    fn poll_accept(
        &self,
        topic: &Topic,
        partition: Option<i32>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Ticket, AppendError>> {
        let now = topic.link.clock.now();
        self.lend(partition, |record| topic.buffer.poll_append(record, now, cx))
    }

    fn not_accepted(&self, topic: &Topic, partition: Option<i32>, error: AppendError) -> PublishError {
        let now = topic.link.clock.now();
        self.lend(partition, |record| PublishError::not_accepted(&topic.name, record, now, error))
    }
}

impl Publication for MessageSet<'_> {
    type Receipt = SetReceipt;
    type Ticket = SetTicket;

    fn poll_accept(
        &self,
        topic: &Topic,
        partition: Option<i32>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<SetTicket, AppendError>> {
        let now = topic.link.clock.now();
        self.lend(partition, |set| topic.buffer.poll_append_set(set, now, cx))
    }

    fn not_accepted(&self, topic: &Topic, partition: Option<i32>, error: AppendError) -> PublishError {
        let now = topic.link.clock.now();
        self.lend(partition, |set| PublishError::set_not_accepted(&topic.name, set, now, error))
    }
}

/// Publishes: a future, from [`Topic::publish`]. It waits for room in the buffer, and then for the outcome.
///
/// Dropped before the message was accepted, nothing is sent; after that the message goes on and only its outcome is not
/// seen.
#[must_use = "nothing is published unless this is awaited"]
pub struct Publishing<'t, P: Publication> {
    topic: &'t Topic,
    partition: Option<i32>,
    stage: Stage<P, P::Ticket>,
}

enum Stage<P, T> {
    New(P),
    Accepted(T),
    Refused,
}

impl<'t, P: Publication> Publishing<'t, P> {
    pub(crate) fn new(topic: &'t Topic, partition: Option<i32>, publication: P) -> Self {
        Self { topic, partition, stage: Stage::New(publication) }
    }
}

impl<P: Publication> Future for Publishing<'_, P> {
    type Output = Result<P::Receipt, PublishError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let Stage::New(publication) = &this.stage {
            match publication.poll_accept(this.topic, this.partition, cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(ticket)) => this.stage = Stage::Accepted(ticket),
                Poll::Ready(Err(error)) => {
                    let error = publication.not_accepted(this.topic, this.partition, error);
                    this.stage = Stage::Refused;
                    return Poll::Ready(Err(error));
                }
            }
        }
        match &mut this.stage {
            Stage::Accepted(ticket) => Pin::new(ticket).poll(cx),
            Stage::New(_) => Poll::Pending,
            Stage::Refused => panic!("a publication was polled after it had given its outcome"),
        }
    }
}

impl<P: Publication> fmt::Debug for Publishing<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publishing")
            .field("topic", &self.topic.name())
            .field("partition", &self.partition)
            .field("is_accepted", &matches!(self.stage, Stage::Accepted(_)))
            .finish()
    }
}

/// The outcome of a message that was accepted: a future.
///
/// It may be dropped; the message goes on its way all the same. It does not keep the client open, but the driver does
/// not end by itself before the message has its outcome.
#[derive(Debug)]
#[must_use = "the outcome is known when this is awaited; drop it, or flush, where that is enough"]
pub struct Delivery(Ticket);

impl Delivery {
    pub(crate) fn new(ticket: Ticket) -> Self {
        Self(ticket)
    }
}

impl Future for Delivery {
    type Output = Result<Receipt, PublishError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

/// Why [`Topic::try_enqueue`] did not accept a message, and the message, which was not sent.
#[derive(Clone, PartialEq, Eq)]
pub struct TryEnqueueError<'a>(Box<(Message<'a>, AppendError)>);

impl<'a> TryEnqueueError<'a> {
    #[cold]
    pub(crate) fn new(message: Message<'a>, error: AppendError) -> Self {
        Self(Box::new((message, error)))
    }

    /// Why; [`AppendError::Full`] when there is no room now.
    pub fn reason(&self) -> &AppendError {
        &self.0.1
    }

    /// Whether the same message may be accepted later, with nothing changed: as [`is_full`](Self::is_full), since nothing else
    /// passes.
    pub fn is_retriable(&self) -> bool {
        self.reason().is_retriable()
    }

    /// Whether there was only no room, so that the same message may be accepted later.
    pub fn is_full(&self) -> bool {
        matches!(self.reason(), AppendError::Full { .. })
    }

    /// The message comes back.
    pub fn into_message(self) -> Message<'a> {
        self.0.0
    }
}

impl fmt::Debug for TryEnqueueError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TryEnqueueError").field(self.reason()).finish()
    }
}

impl fmt::Display for TryEnqueueError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason().fmt(f)
    }
}

impl std::error::Error for TryEnqueueError<'_> {}
