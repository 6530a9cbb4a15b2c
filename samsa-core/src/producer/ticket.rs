//! Claims to the outcome of what was accepted.

use std::pin::Pin;
use std::task::{Context, Poll};

use crate::producer::outcome::{Claim, End, Written};
use crate::producer::publish_error::PublishError;
use crate::time::UnixMillis;

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

/// Where a published set of records is: one behind the other, in one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetReceipt {
    /// The partition that it was written to.
    pub partition: i32,
    /// The offset of its first record; `None` when the broker did not say.
    pub base_offset: Option<i64>,
    /// How many records it has.
    pub count: u32,
}

/// A claim to the outcome of one record. It may be dropped: the record still goes.
#[derive(Debug)]
#[must_use = "the record goes all the same, but its outcome is lost"]
pub struct Ticket {
    claim: Claim,
    index: u32,
    timestamp: UnixMillis,
}

/// A claim to the outcome of a set of records, which is one for all of them. It may be dropped: the set still goes.
#[derive(Debug)]
#[must_use = "the set goes all the same, but its outcome is lost"]
pub struct SetTicket {
    claim: Claim,
    first: u32,
    count: u32,
}

impl Ticket {
    #[inline]
    pub(crate) fn new(claim: Claim, index: u32, timestamp: UnixMillis) -> Self {
        Self { claim, index, timestamp }
    }

    /// The outcome, if there is one yet.
    pub fn try_outcome(&self) -> Option<Result<Receipt, PublishError>> {
        self.claim.end(self.index).map(|end| self.read(end))
    }

    fn read(&self, end: End) -> Result<Receipt, PublishError> {
        match end {
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
        let end = self.claim.end_or_wait(self.index, cx.waker());
        end.map_or(Poll::Pending, |end| Poll::Ready(self.read(end)))
    }
}

impl SetTicket {
    pub(crate) fn new(claim: Claim, first: u32, count: u32) -> Self {
        Self { claim, first, count }
    }

    /// The outcome, if there is one yet.
    pub fn try_outcome(&self) -> Option<Result<SetReceipt, PublishError>> {
        self.claim.end(self.first).map(|end| self.read(end))
    }

    fn read(&self, end: End) -> Result<SetReceipt, PublishError> {
        match end {
            End::Failed(batch, first) => Err(PublishError::of_set(batch, first, self.count)),
            End::Written(Written { partition, base_offset, .. }) => Ok(SetReceipt {
                partition,
                base_offset: (base_offset >= 0).then_some(base_offset),
                count: self.count,
            }),
        }
    }
}

impl Future for SetTicket {
    type Output = Result<SetReceipt, PublishError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let end = self.claim.end_or_wait(self.first, cx.waker());
        end.map_or(Poll::Pending, |end| Poll::Ready(self.read(end)))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tickets are dropped on another thread")]

    use super::*;
    use crate::producer::outcome::BatchOutcome;
    use crate::wake::{Count, Wakers};
    use std::sync::Arc;
    use std::task::Waker;

    fn written(base_offset: i64) -> Written {
        Written { partition: 2, base_offset, append_time: -1, has_timestamps: true }
    }

    fn ticket(outcome: &BatchOutcome, index: u32) -> Ticket {
        Ticket::new(outcome.claim(), index, UnixMillis(5))
    }

    #[test]
    fn each_record_has_its_own_offset_behind_the_base() {
        let outcome = BatchOutcome::new();
        let tickets = [ticket(&outcome, 0), ticket(&outcome, 3)];
        assert_eq!(tickets[0].try_outcome(), None);

        outcome.finish(End::Written(written(40)), &mut Wakers::default());

        let offsets = tickets.map(|ticket| ticket.try_outcome().unwrap().unwrap().offset);
        assert_eq!(offsets, [Some(40), Some(43)]);
    }

    #[test]
    fn an_offset_that_the_broker_did_not_say_stays_unknown() {
        let outcome = BatchOutcome::new();
        outcome.finish(End::Written(written(-1)), &mut Wakers::default());
        let receipt = ticket(&outcome, 7).try_outcome().unwrap().unwrap();
        assert_eq!(receipt, Receipt { partition: 2, offset: None, timestamp: Some(UnixMillis(5)) });
    }

    #[test]
    fn the_brokers_time_replaces_the_records_own() {
        let outcome = BatchOutcome::new();
        outcome.finish(End::Written(Written { append_time: 99, ..written(0) }), &mut Wakers::default());
        assert_eq!(ticket(&outcome, 0).try_outcome().unwrap().unwrap().timestamp, Some(UnixMillis(99)));
    }

    #[test]
    fn a_format_without_timestamps_gives_none() {
        let outcome = BatchOutcome::new();
        outcome.finish(End::Written(Written { has_timestamps: false, ..written(0) }), &mut Wakers::default());
        assert_eq!(ticket(&outcome, 0).try_outcome().unwrap().unwrap().timestamp, None);
    }

    #[test]
    fn who_waits_is_woken_once_and_the_first_outcome_stays() {
        let outcome = BatchOutcome::new();
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

        assert_eq!(count.woken(), 1);
        let Poll::Ready(Ok(receipt)) = Pin::new(&mut ticket).poll(&mut cx) else { panic!("no outcome") };
        assert_eq!(receipt.offset, Some(1));
    }

    #[test]
    fn the_records_of_a_batch_that_was_split_get_the_outcomes_of_its_parts() {
        let whole = BatchOutcome::new();
        whole.set_count(5);
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut cx = Context::from_waker(&waker);
        let mut tickets = [0, 1, 2, 4].map(|index| ticket(&whole, index));
        let mut wakers = Wakers::default();
        assert!(Pin::new(&mut tickets[2]).poll(&mut cx).is_pending());

        let parts = [2, 3].map(|count| {
            let part = BatchOutcome::new();
            part.set_count(count);
            part
        });
        whole.split(vec![(0, parts[0].clone()), (2, parts[1].clone())], &mut wakers);
        std::mem::take(&mut wakers).wake();
        assert_eq!(count.woken(), 1, "who waits asks again");
        assert!(Pin::new(&mut tickets[2]).poll(&mut cx).is_pending());
        assert_eq!((whole.open_count(), whole.is_known()), (5, false));

        parts[1].finish(End::Written(written(70)), &mut wakers);
        wakers.wake();
        assert_eq!(count.woken(), 2);
        let offsets = tickets.map(|ticket| ticket.try_outcome().and_then(|outcome| outcome.unwrap().offset));
        assert_eq!(offsets, [None, None, Some(70), Some(72)]);
        assert_eq!((whole.open_count(), whole.is_known()), (2, false));

        parts[0].finish(End::Written(written(7)), &mut Wakers::default());
        assert!(whole.is_known());
    }

    /// Slots are used again and again here, while other threads drop tickets in whatever order.
    #[test]
    fn a_ticket_never_hears_of_another_batch() {
        let (send, receive) = std::sync::mpsc::sync_channel::<Vec<(i64, Ticket)>>(4);
        let look = |(base, ticket): (i64, Ticket)| {
            if base % 3 > 0 {
                let receipt = ticket.try_outcome().unwrap().unwrap();
                assert_eq!(receipt.offset, Some(base + i64::from(ticket.index)));
            }
        };
        let elsewhere = std::thread::spawn(move || receive.into_iter().flatten().for_each(look));
        for base in (0..30_000).step_by(10) {
            let outcome = BatchOutcome::new();
            assert!(!outcome.is_known() && outcome.open_count() == 0, "as new");
            let mut tickets: Vec<_> = (0..10).map(|index| (base, ticket(&outcome, index))).collect();
            let here = tickets.split_off((base / 10 % 10) as usize);
            // Some are dropped before they have their outcome.
            if base % 7 > 0 {
                outcome.finish(End::Written(written(base)), &mut Wakers::default());
                here.into_iter().for_each(look);
                send.send(tickets).unwrap();
            }
        }
        drop(send);
        elsewhere.join().unwrap();
    }

    #[test]
    fn a_set_has_one_receipt() {
        let outcome = BatchOutcome::new();
        let set = SetTicket::new(outcome.claim(), 3, 4);
        assert_eq!(set.try_outcome(), None);
        outcome.finish(End::Written(written(40)), &mut Wakers::default());
        let receipt = SetReceipt { partition: 2, base_offset: Some(43), count: 4 };
        assert_eq!(set.try_outcome(), Some(Ok(receipt)));
    }
}
