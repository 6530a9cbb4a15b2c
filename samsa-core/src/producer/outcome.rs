//! What became of a batch, and the tickets that wait for it: one outcome for a batch, not one for a record.

use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

use crate::producer::publish_error::{FailedBatch, PublishError};
use crate::producer::waiting::WaitingTasks;
use crate::time::UnixMillis;
use crate::wake::Wakers;

/// Where a published record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The partition that it was written to.
    pub partition: i32,
    /// Its offset there; `None` when the broker did not say.
    pub offset: Option<i64>,
    /// The timestamp that it was stored with: the broker's when the topic is set to log-append time, else its own.
    /// `None` where the format has none (before Kafka 0.10).
    pub timestamp: Option<UnixMillis>,
}

/// Shared by a batch and the tickets of its records. Set once.
#[derive(Debug, Default)]
pub(crate) struct BatchOutcome {
    count: AtomicU32,
    end: OnceLock<End>,
    waiting: WaitingTasks,
}

/// The end of a batch.
#[derive(Clone, Debug)]
pub(crate) enum End {
    Written(Written),
    /// With the place in the failed batch that this outcome's first record has.
    Failed(Arc<FailedBatch>, u32),
}

/// Where a batch was written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    pub(crate) partition: i32,
    /// Negative when the broker did not say.
    pub(crate) base_offset: i64,
    /// Negative when the records kept their own timestamps.
    pub(crate) append_time: i64,
    /// Whether the format has timestamps.
    pub(crate) has_timestamps: bool,
}

impl End {
    /// The same end for a record further into the batch.
    pub(crate) fn at(&self, index: u32) -> Self {
        match self {
            Self::Failed(batch, first) => Self::Failed(Arc::clone(batch), first + index),
            Self::Written(written) if written.base_offset < 0 => Self::Written(*written),
            Self::Written(written) => {
                let base_offset = written.base_offset.saturating_add(i64::from(index));
                Self::Written(Written { base_offset, ..*written })
            }
        }
    }
}

impl BatchOutcome {
    /// Says how many records the batch has so far.
    #[inline]
    pub(crate) fn set_count(&self, count: u32) {
        self.count.store(count, Ordering::Relaxed);
    }

    pub(crate) fn count(&self) -> u32 {
        self.count.load(Ordering::Relaxed)
    }

    pub(crate) fn is_known(&self) -> bool {
        self.end.get().is_some()
    }

    /// Gives the outcome. The tasks that wait for it go into `wakers`. What was given first stays.
    pub(crate) fn finish(&self, end: End, wakers: &mut Wakers) {
        if self.end.set(end).is_ok() {
            self.waiting.leave(wakers);
        }
    }

    fn poll(&self, waker: &Waker) -> Poll<&End> {
        let known = self.end.get().or_else(|| self.waiting.join_unless(waker, || self.end.get()));
        known.map_or(Poll::Pending, Poll::Ready)
    }
}

/// A claim to the outcome of one record. It may be dropped: the record still goes.
#[derive(Debug)]
#[must_use = "the record goes all the same, but its outcome is lost"]
pub struct Ticket {
    outcome: Arc<BatchOutcome>,
    index: u32,
    timestamp: UnixMillis,
}

impl Ticket {
    #[inline]
    pub(crate) fn new(outcome: Arc<BatchOutcome>, index: u32, timestamp: UnixMillis) -> Self {
        Self { outcome, index, timestamp }
    }

    /// The outcome, if there is one yet.
    pub fn try_outcome(&self) -> Option<Result<Receipt, PublishError>> {
        self.outcome.end.get().map(|end| self.read(end))
    }

    fn read(&self, end: &End) -> Result<Receipt, PublishError> {
        match end.at(self.index) {
            End::Failed(batch, index) => Err(PublishError::new(batch, index)),
            End::Written(written) => Ok(self.receipt(&written)),
        }
    }

    fn receipt(&self, written: &Written) -> Receipt {
        let timestamp =
            if written.append_time >= 0 { UnixMillis(written.append_time) } else { self.timestamp };
        Receipt {
            partition: written.partition,
            offset: (written.base_offset >= 0).then_some(written.base_offset),
            timestamp: written.has_timestamps.then_some(timestamp),
        }
    }
}

impl Future for Ticket {
    type Output = Result<Receipt, PublishError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.outcome.poll(cx.waker()).map(|end| self.read(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn written(base_offset: i64) -> Written {
        Written { partition: 2, base_offset, append_time: -1, has_timestamps: true }
    }

    fn ticket(outcome: &Arc<BatchOutcome>, index: u32) -> Ticket {
        Ticket::new(Arc::clone(outcome), index, UnixMillis(5))
    }

    #[test]
    fn each_record_has_its_own_offset_behind_the_base() {
        let outcome = Arc::new(BatchOutcome::default());
        let tickets = [ticket(&outcome, 0), ticket(&outcome, 3)];
        assert_eq!(tickets[0].try_outcome(), None);

        outcome.finish(End::Written(written(40)), &mut Wakers::default());

        let offsets = tickets.map(|ticket| ticket.try_outcome().unwrap().unwrap().offset);
        assert_eq!(offsets, [Some(40), Some(43)]);
    }

    #[test]
    fn an_offset_that_the_broker_did_not_say_stays_unknown() {
        let outcome = Arc::new(BatchOutcome::default());
        outcome.finish(End::Written(written(-1)), &mut Wakers::default());
        let receipt = ticket(&outcome, 7).try_outcome().unwrap().unwrap();
        assert_eq!(receipt, Receipt { partition: 2, offset: None, timestamp: Some(UnixMillis(5)) });
    }

    #[test]
    fn the_brokers_time_replaces_the_records_own() {
        let outcome = Arc::new(BatchOutcome::default());
        outcome.finish(End::Written(Written { append_time: 99, ..written(0) }), &mut Wakers::default());
        assert_eq!(ticket(&outcome, 0).try_outcome().unwrap().unwrap().timestamp, Some(UnixMillis(99)));
    }

    #[test]
    fn a_format_without_timestamps_gives_none() {
        let outcome = Arc::new(BatchOutcome::default());
        outcome.finish(End::Written(Written { has_timestamps: false, ..written(0) }), &mut Wakers::default());
        assert_eq!(ticket(&outcome, 0).try_outcome().unwrap().unwrap().timestamp, None);
    }

    #[test]
    fn who_waits_is_woken_once_and_the_first_outcome_stays() {
        let outcome = Arc::new(BatchOutcome::default());
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut cx = Context::from_waker(&waker);
        let mut ticket = ticket(&outcome, 0);
        assert!(Pin::new(&mut ticket).poll(&mut cx).is_pending());
        assert!(Pin::new(&mut ticket).poll(&mut cx).is_pending());

        let mut wakers = Wakers::default();
        outcome.finish(End::Written(written(1)), &mut wakers);
        outcome.finish(End::Written(written(2)), &mut wakers);
        wakers.wake();

        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        let Poll::Ready(Ok(receipt)) = Pin::new(&mut ticket).poll(&mut cx) else { panic!("no outcome") };
        assert_eq!(receipt.offset, Some(1));
    }
}
