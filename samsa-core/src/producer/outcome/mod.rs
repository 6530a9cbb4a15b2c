//! What became of a batch: one outcome for a batch, not one for a record.

use std::sync::{Arc, OnceLock};
use std::task::Waker;

use crate::producer::publish_error::FailedBatch;
use crate::producer::waiting::WaitingTasks;
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::wake::Wakers;

/// Shared by a batch and the tickets of its records. Set once.
#[derive(Debug, Default)]
pub(crate) struct BatchOutcome {
    count: AtomicU32,
    fate: OnceLock<Fate>,
    waiting: WaitingTasks,
}

#[derive(Debug)]
enum Fate {
    Ended(End),
    /// The batch was too large for the broker; its parts go on, each with the records from this place on.
    Split(Vec<(u32, Arc<BatchOutcome>)>),
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

    /// How many of its records have no outcome.
    pub(crate) fn open_count(&self) -> usize {
        match self.fate.get() {
            None => self.count.load(Ordering::Relaxed) as usize,
            Some(Fate::Ended(_)) => 0,
            Some(Fate::Split(parts)) => parts.iter().map(|(_, part)| part.open_count()).sum(),
        }
    }

    /// Whether each of its records has its outcome.
    pub(crate) fn is_known(&self) -> bool {
        match self.fate.get() {
            None => false,
            Some(Fate::Ended(_)) => true,
            Some(Fate::Split(parts)) => parts.iter().all(|(_, part)| part.is_known()),
        }
    }

    /// Gives the outcome. The tasks that wait for it go into `wakers`. What was given first stays.
    pub(crate) fn finish(&self, end: End, wakers: &mut Wakers) {
        self.set(Fate::Ended(end), wakers);
    }

    /// From now on its records wait for the outcomes of these parts. The tasks that wait for it go into `wakers`, to ask
    /// again.
    pub(crate) fn split(&self, parts: Vec<(u32, Arc<Self>)>, wakers: &mut Wakers) {
        self.set(Fate::Split(parts), wakers);
    }

    fn set(&self, fate: Fate, wakers: &mut Wakers) {
        if self.fate.set(fate).is_ok() {
            self.waiting.leave(wakers);
        }
    }

    /// The end of a record, if it is known.
    pub(crate) fn end(&self, index: u32) -> Option<End> {
        match self.fate.get()? {
            Fate::Ended(end) => Some(end.at(index)),
            Fate::Split(parts) => part_of(parts, index).and_then(|(first, part)| part.end(index - first)),
        }
    }

    /// As [`end`](Self::end); if it is not known, the task is woken when it may be.
    pub(crate) fn end_or_wait(&self, index: u32, waker: &Waker) -> Option<End> {
        let known = self.fate.get().or_else(|| self.waiting.join_unless(waker, || self.fate.get()));
        match known? {
            Fate::Ended(end) => Some(end.at(index)),
            Fate::Split(parts) => {
                part_of(parts, index).and_then(|(first, part)| part.end_or_wait(index - first, waker))
            }
        }
    }
}

/// The part that has a record, and that part's first record.
fn part_of(parts: &[(u32, Arc<BatchOutcome>)], index: u32) -> Option<(u32, &BatchOutcome)> {
    parts.iter().rev().find(|(first, _)| *first <= index).map(|(first, part)| (*first, &**part))
}
