//! Publishing.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use samsa_core::{AppendError, PublishError, Receipt, Ticket};

use super::message::Message;
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

    fn not_accepted(&self, error: AppendError) -> PublishError {
        let now = self.topic.link.clock.now();
        self.message
            .lend(self.partition, |record| PublishError::not_accepted(&self.topic.name, record, now, error))
    }
}

impl Future for Enqueue<'_> {
    type Output = Result<Delivery, AppendError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let now = this.topic.link.clock.now();
        let append =
            this.message.lend(this.partition, |record| this.topic.buffer.poll_append(record, now, cx));
        append.map_ok(Delivery)
    }
}

/// Accepts a message and waits for its outcome.
pub(crate) async fn publish(mut enqueue: Enqueue<'_>) -> Result<Receipt, PublishError> {
    match (&mut enqueue).await {
        Ok(delivery) => delivery.await,
        Err(error) => Err(enqueue.not_accepted(error)),
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
