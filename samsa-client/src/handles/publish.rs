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
}

impl Future for Enqueue<'_> {
    type Output = Result<Delivery, AppendError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let now = this.topic.link.clock.now();
        let append =
            this.message.lend(this.partition, |record| this.topic.buffer.poll_append(cx, now, *record));
        append.map_ok(Delivery)
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

/// Why [`Topic::try_enqueue`] did not accept a message. It gives the message back.
#[derive(Clone, PartialEq, Eq)]
pub struct TryEnqueueError<'a> {
    /// The message, which was not sent.
    pub message: Message<'a>,
    /// Why: [`AppendError::Full`], when there is no room now.
    pub error: AppendError,
}

impl TryEnqueueError<'_> {
    /// Whether there was only no room, so that the same message may be accepted later.
    pub fn is_full(&self) -> bool {
        matches!(self.error, AppendError::Full { .. })
    }
}

impl fmt::Debug for TryEnqueueError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryEnqueueError").field("error", &self.error).finish_non_exhaustive()
    }
}

impl fmt::Display for TryEnqueueError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for TryEnqueueError<'_> {}
