//! What happened to the cluster, for whoever listens.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use samsa_core::Event;

use crate::lock::lock;

/// Events that are kept for listeners that lag behind.
const KEPT: usize = 1024;

/// The last events, and who waits for the next.
#[derive(Debug, Default)]
pub(crate) struct EventBoard(Mutex<Board>);

#[derive(Debug, Default)]
struct Board {
    kept: VecDeque<Event>,
    /// How many were told before the first that is kept.
    dropped: u64,
    listeners: u64,
    waiting: BTreeMap<u64, Waker>,
    closed: bool,
}

impl EventBoard {
    /// Tells an event to all listeners.
    pub(crate) fn tell(&self, event: Event) {
        let waiting = {
            let mut board = lock(&self.0);
            if board.kept.len() == KEPT {
                board.kept.pop_front();
                board.dropped += 1;
            }
            board.kept.push_back(event);
            std::mem::take(&mut board.waiting)
        };
        waiting.into_values().for_each(Waker::wake);
    }

    /// There will be no more.
    pub(crate) fn close(&self) {
        let waiting = {
            let mut board = lock(&self.0);
            board.closed = true;
            std::mem::take(&mut board.waiting)
        };
        waiting.into_values().for_each(Waker::wake);
    }

    /// Listens from now on.
    pub(crate) fn listen(self: &Arc<Self>) -> Events {
        let mut board = lock(&self.0);
        board.listeners += 1;
        Events { id: board.listeners, next: board.dropped + board.kept.len() as u64, board: Arc::clone(self) }
    }
}

/// What happens to the cluster, from [`Cluster::events`](crate::Cluster::events): a stream that ends with the client.
///
/// A listener that lags more than 1,024 events behind loses the oldest, and is told how many: [`Missed`]. It does not
/// keep the client alive.
#[derive(Debug)]
pub struct Events {
    board: Arc<EventBoard>,
    id: u64,
    next: u64,
}

/// A listener was too slow: so many events are lost to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{events} events were missed; look at the cluster anew where that matters")]
pub struct Missed {
    /// How many.
    pub events: u64,
}

impl Events {
    /// The next event; `None` when the client has ended.
    pub async fn next(&mut self) -> Option<Result<Event, Missed>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl Stream for Events {
    type Item = Result<Event, Missed>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let mut board = lock(&this.board.0);
        let missed = board.dropped.saturating_sub(this.next);
        if missed > 0 {
            this.next = board.dropped;
            return Poll::Ready(Some(Err(Missed { events: missed })));
        }
        let place = (this.next - board.dropped) as usize;
        if let Some(event) = board.kept.get(place) {
            this.next += 1;
            return Poll::Ready(Some(Ok(event.clone())));
        }
        if board.closed {
            return Poll::Ready(None);
        }
        board.waiting.insert(this.id, cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        lock(&self.board.0).waiting.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use samsa_core::BrokerId;

    use super::*;

    fn lost(broker: i32) -> Event {
        Event::BrokerLost { broker: BrokerId(broker), reason: "cut".to_owned() }
    }

    fn next(events: &mut Events) -> Poll<Option<Result<Event, Missed>>> {
        Pin::new(events).poll_next(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn each_listener_hears_what_came_after_it_began_to_listen() {
        let board = Arc::new(EventBoard::default());
        let mut early = board.listen();
        board.tell(lost(1));
        let mut late = board.listen();
        board.tell(lost(2));
        board.close();

        assert_eq!(next(&mut early), Poll::Ready(Some(Ok(lost(1)))));
        assert_eq!(next(&mut early), Poll::Ready(Some(Ok(lost(2)))));
        assert_eq!(next(&mut early), Poll::Ready(None));
        assert_eq!(next(&mut late), Poll::Ready(Some(Ok(lost(2)))));
        assert_eq!(next(&mut late), Poll::Ready(None));
    }

    #[test]
    fn a_slow_listener_loses_the_oldest_and_is_told_how_many() {
        let board = Arc::new(EventBoard::default());
        let mut events = board.listen();
        for broker in 0..KEPT as i32 + 3 {
            board.tell(lost(broker));
        }
        assert_eq!(next(&mut events), Poll::Ready(Some(Err(Missed { events: 3 }))));
        assert_eq!(next(&mut events), Poll::Ready(Some(Ok(lost(3)))));
    }

    #[test]
    fn a_listener_that_is_dropped_is_not_woken() {
        let board = Arc::new(EventBoard::default());
        let mut events = board.listen();
        assert!(next(&mut events).is_pending());
        drop(events);
        assert!(lock(&board.0).waiting.is_empty());
    }
}
