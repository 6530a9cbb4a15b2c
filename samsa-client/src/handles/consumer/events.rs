//! What happens to a membership, for whoever listens.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use samsa_core::{Board, ConsumerEvent};

/// What happens to a consumer, from [`Consumer::events`](crate::Consumer::events): a stream that ends with the membership.
///
/// A listener that lags more than 1,024 events behind loses the oldest, and hears
/// [`Missed`](crate::ConsumerEvent::Missed) instead. It does not keep the consumer in its group.
#[derive(Debug)]
pub struct ConsumerEvents {
    board: Arc<Board>,
    listener: u64,
}

impl ConsumerEvents {
    pub(super) fn new(board: &Arc<Board>) -> Self {
        Self { listener: board.listen(), board: Arc::clone(board) }
    }

    /// The next event; `None` when the membership has ended.
    pub async fn next(&mut self) -> Option<ConsumerEvent> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl Stream for ConsumerEvents {
    type Item = ConsumerEvent;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ConsumerEvent>> {
        self.board.poll_event(self.listener, cx.waker())
    }
}

impl Drop for ConsumerEvents {
    fn drop(&mut self) {
        self.board.leave(self.listener);
    }
}
