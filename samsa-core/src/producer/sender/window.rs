//! What a partition may send next, and what becomes of the sequence numbers of a batch that leaves out of turn.
//!
//! New batches follow those in flight while nothing has gone wrong; whatever is tried again goes alone, at the head, when
//! nothing of the partition is in flight. So a broker that keeps order on a connection sees the batches in order, and
//! between the oldest batch of unknown fate and the newest are never more than it remembers.

use samsa_proto::ErrorCode;

use super::batch::Batch;
use super::place::Partition;
use crate::limits;
use crate::planted::{PlantedBug, is_planted};
use crate::time::Instant;

/// Where the next batch comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing may go now.
    Nothing,
    /// This one of the queue.
    Queued(usize),
    /// The lane, whatever is due there.
    Lane,
    /// The lane, a full batch only: smaller ones fill while others are in flight.
    FullOfLane,
}

/// 0.11 remembers the last batch of a producer only.
pub(super) const LAST_ONLY: i16 = 3;

impl Partition {
    /// How many batches may be of unknown fate at a leader whose newest Produce version this is.
    pub(super) fn window(&self, newest: Option<i16>) -> usize {
        let is_confirmed = self.sequence.as_ref().is_some_and(|sequence| sequence.is_confirmed);
        let remembers = newest.is_some_and(|newest| newest > LAST_ONLY);
        let is_wide = (is_confirmed && remembers) || is_planted(PlantedBug::AlwaysFive);
        if is_wide { limits::BATCHES_IN_FLIGHT } else { 1 }
    }

    pub(super) fn next(&self, window: usize) -> Next {
        if self.spent.is_some() {
            return Next::Nothing;
        }
        match self.queue.iter().position(|batch| batch.flight.is_none()) {
            None if self.queue.is_empty() => Next::Lane,
            None if self.may_follow(self.queue.len(), window) => Next::FullOfLane,
            Some(0) if self.queue.iter().all(|batch| batch.flight.is_none()) => Next::Queued(0),
            Some(index)
                if index > 0 && !self.queue[index].is_attempted() && self.may_follow(index, window) =>
            {
                Next::Queued(index)
            }
            _ => Next::Nothing,
        }
    }

    /// Whether a new batch may be sent behind so many others.
    fn may_follow(&self, others: usize, window: usize) -> bool {
        let goes_ahead = |batch: &Batch| {
            batch.flight.is_some_and(|flight| flight.may_be_followed && Some(flight.broker) == self.leader)
        };
        others < window && self.queue.iter().take(others).all(goes_ahead)
    }

    /// Whether another batch could be put in the queue and sent at once.
    pub(super) fn takes_more(&self, now: Instant, window: usize) -> bool {
        let next = self.next(window);
        let has_room = matches!(next, Next::Lane | Next::FullOfLane);
        has_room && self.rests() && self.not_before <= now
    }

    /// The batches at the end that are certainly not stored give their sequence numbers back.
    pub(super) fn give_back_sequences(&mut self) {
        for batch in self.queue.iter_mut().rev() {
            if batch.may_be_stored() {
                break;
            }
            if let (Some(identity), Some(sequence)) = (batch.identity, &mut self.sequence)
                && sequence.has(identity)
            {
                sequence.go_back_to(identity);
            }
            batch.forget_attempts();
        }
    }

    /// Of a partition at most five batches are of unknown fate, over all connections; one is on its way to a leader that
    /// remembers no more than one, and one without an identity.
    pub(super) fn assert_bounds(&self) {
        let of_unknown_fate = self.queue.iter().filter(|batch| batch.may_be_stored()).count();
        assert!(
            of_unknown_fate <= limits::BATCHES_IN_FLIGHT,
            "{of_unknown_fate} batches are of unknown fate"
        );
        let flies = |batch: &&Batch| batch.flight.is_some();
        let unnumbered = self.queue.iter().filter(flies).filter(|batch| batch.identity.is_none()).count();
        assert!(unnumbered <= 1, "{unnumbered} batches without identity are on their way");
        if self.newest.is_some_and(|newest| newest <= LAST_ONLY) {
            let is_there = |batch: &&Batch| batch.flight.map(|flight| flight.broker) == self.leader;
            let there = self.queue.iter().filter(flies).filter(is_there).count();
            assert!(there <= 1, "{there} batches are on their way to a leader that remembers the last one");
        }
    }

    /// Takes a batch out before an answer has told that it is stored. If it leaves a gap in the sequence, or a doubt, the
    /// identity is spent: the broker will take nothing behind it.
    pub(super) fn remove(&mut self, index: usize) -> Option<Batch> {
        self.give_back_sequences();
        let batch = self.queue.remove(index)?;
        if batch.identity.is_some() {
            self.spent.get_or_insert(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
            if batch.is_possibly_sent {
                let behind = self.queue.iter_mut().skip(index);
                behind
                    .filter(|later| later.identity.is_some())
                    .for_each(|later| later.is_possibly_sent = true);
            }
        }
        Some(batch)
    }

    /// Takes out the keyless batches that nothing holds here: neither they nor anything behind them may be stored.
    pub(super) fn take_movable(&mut self) -> Vec<Batch> {
        let from = self.queue.iter().rposition(Batch::may_be_stored).map_or(0, |last| last + 1);
        let is_ignored = is_planted(PlantedBug::IgnoresDeadLeaders);
        if is_ignored || !self.queue.iter().skip(from).any(|batch| batch.is_free) {
            return Vec::new();
        }
        self.give_back_sequences();
        let (movable, bound): (Vec<_>, Vec<_>) = self.queue.drain(from..).partition(|batch| batch.is_free);
        self.queue.extend(bound);
        movable
    }
}
