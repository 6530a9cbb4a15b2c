//! What became of a batch: one outcome for a batch, not one for a record.
//!
//! A [`BatchOutcome`] is what the buffer and the sender hold; a [`Claim`] is what a ticket holds. Both lead to the same slot, in
//! which the verdict stands once it is given.

mod slot;
mod verdict;

use std::sync::Arc;
use std::task::Waker;

use self::slot::Slot;
use self::verdict::Fate;
use crate::producer::publish_error::FailedBatch;
use crate::wake::Wakers;

/// The outcome of a batch, to be given and to be looked at. Clones share it. Set once.
#[derive(Debug)]
pub(crate) struct BatchOutcome(&'static Slot);

/// A share in the outcome of a batch, to be waited for.
#[derive(Debug)]
pub(crate) struct Claim(&'static Slot);

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
    /// What one takes that nobody else refers to.
    pub(crate) const SLOT_BYTES: usize = size_of::<Slot>();

    /// One that is not given yet.
    pub(crate) fn new() -> Self {
        Self(Slot::take())
    }

    /// A share for a ticket. To be called by one thread at a time, under the mutex that guards the batch.
    #[inline]
    pub(crate) fn claim(&self) -> Claim {
        self.0.add_claim();
        Claim(self.0)
    }

    /// Says how many records the batch has so far.
    #[inline]
    pub(crate) fn set_count(&self, count: u32) {
        self.0.set_records(count);
    }

    /// How many of its records have no outcome.
    pub(crate) fn open_count(&self) -> usize {
        let open = self.0.verdict.read(|fate| match fate {
            Fate::Ended(_) => 0,
            Fate::Split(parts) => parts.iter().map(|(_, part)| part.open_count()).sum(),
        });
        open.unwrap_or_else(|| self.0.records())
    }

    /// Whether each of its records has its outcome.
    pub(crate) fn is_known(&self) -> bool {
        let known = self.0.verdict.read(|fate| match fate {
            Fate::Ended(_) => true,
            Fate::Split(parts) => parts.iter().all(|(_, part)| part.is_known()),
        });
        known.unwrap_or(false)
    }

    /// Gives the outcome. The tasks that wait for it go into `wakers`. What was given first stays.
    pub(crate) fn finish(&self, end: End, wakers: &mut Wakers) {
        self.give(Fate::Ended(end), wakers);
    }

    /// From now on its records wait for the outcomes of these parts. The tasks that wait for it go into `wakers`, to ask
    /// again.
    pub(crate) fn split(&self, parts: Vec<(u32, Self)>, wakers: &mut Wakers) {
        self.give(Fate::Split(parts), wakers);
    }

    fn give(&self, fate: Fate, wakers: &mut Wakers) {
        if self.0.verdict.give(fate) {
            self.0.waiting.leave(wakers);
        }
    }
}

impl Clone for BatchOutcome {
    fn clone(&self) -> Self {
        self.0.add_holder();
        Self(self.0)
    }
}

impl Drop for BatchOutcome {
    fn drop(&mut self) {
        Slot::leave(self.0);
    }
}

impl Claim {
    /// The end of a record, if it is known.
    #[inline]
    pub(crate) fn end(&self, index: u32) -> Option<End> {
        end(self.0, index)
    }

    /// As [`end`](Self::end); if it is not known, the task is woken when it may be.
    #[inline]
    pub(crate) fn end_or_wait(&self, index: u32, waker: &Waker) -> Option<End> {
        end_or_wait(self.0, index, waker)
    }
}

impl Drop for Claim {
    #[inline]
    fn drop(&mut self) {
        Slot::give_up(self.0);
    }
}

fn end(slot: &Slot, index: u32) -> Option<End> {
    let end = slot.verdict.read(|fate| match fate {
        Fate::Ended(end) => Some(end.at(index)),
        Fate::Split(parts) => part_of(parts, index).and_then(|(first, part)| end(part.0, index - first)),
    });
    end.flatten()
}

fn end_or_wait(slot: &Slot, index: u32, waker: &Waker) -> Option<End> {
    let is_given = || slot.verdict.is_given().then_some(());
    is_given().or_else(|| slot.waiting.join_unless(waker, is_given))?;
    let end = slot.verdict.read(|fate| match fate {
        Fate::Ended(end) => Some(end.at(index)),
        Fate::Split(parts) => {
            part_of(parts, index).and_then(|(first, part)| end_or_wait(part.0, index - first, waker))
        }
    });
    end.flatten()
}

/// The part that has a record, and that part's first record.
fn part_of(parts: &[(u32, BatchOutcome)], index: u32) -> Option<(u32, &BatchOutcome)> {
    parts.iter().rev().find(|(first, _)| *first <= index).map(|(first, part)| (*first, part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Certainty, PublishFailure};
    use crate::producer::publish_error::Kept;

    fn failure() -> Arc<FailedBatch> {
        Arc::new(FailedBatch {
            topic: Arc::from("events"),
            partition: None,
            failure: PublishFailure::Closed,
            certainty: Certainty::NotSent,
            kept: Kept::Records(Vec::new()),
        })
    }

    #[test]
    fn a_failure_is_let_go_with_its_last_ticket_whenever_the_others_were_dropped() {
        let outcome = BatchOutcome::new();
        let [before, meanwhile, last] = [outcome.claim(), outcome.claim(), outcome.claim()];
        drop(before);
        let failure = failure();
        outcome.finish(End::Failed(Arc::clone(&failure), 0), &mut Wakers::default());
        drop((outcome, meanwhile));
        assert_eq!(Arc::strong_count(&failure), 2);
        drop(last);
        assert_eq!(Arc::strong_count(&failure), 1);
    }
}
