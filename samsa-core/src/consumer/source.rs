//! One partition of a reader, as both sides know it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use super::buffer::FetchBuffer;
use crate::error::ReadError;

/// An offset that is still to be found out.
const NOWHERE: i64 = -1;

/// What engine and application know together of a partition.
///
/// A *position epoch* begins with the partition and with every seek. What was fetched carries the epoch that it was
/// fetched in, and is handed out in that epoch only: this is the fence against everything that arrives late.
#[derive(Debug)]
pub(crate) struct Source {
    partition: i32,
    buffer: Arc<FetchBuffer>,
    stopped: AtomicBool,
    paused: AtomicBool,
    epoch: AtomicU64,
    /// Where the epoch begins.
    start: AtomicI64,
    /// Written by the application's side alone: the epoch of what it took last, and the end of that.
    taken_in: AtomicU64,
    taken_to: AtomicI64,
}

impl Source {
    pub(crate) fn new(partition: i32, buffer: &Arc<FetchBuffer>) -> Arc<Self> {
        let source = Arc::new(Self {
            partition,
            buffer: Arc::clone(buffer),
            stopped: AtomicBool::new(false),
            paused: AtomicBool::new(false),
            epoch: AtomicU64::new(1),
            start: AtomicI64::new(NOWHERE),
            taken_in: AtomicU64::new(0),
            taken_to: AtomicI64::new(NOWHERE),
        });
        buffer.add(&source);
        source
    }

    pub(crate) fn topic(&self) -> &Arc<str> {
        self.buffer.topic()
    }

    pub(crate) fn partition(&self) -> i32 {
        self.partition
    }

    pub(crate) fn decompressed_bytes(&self) -> usize {
        self.buffer.decompressed_bytes()
    }

    /// The same bytes, paid for by the reader until the last slice of them is dropped.
    #[cfg(test)]
    pub(crate) fn charge(&self, bytes: bytes::Bytes) -> bytes::Bytes {
        self.buffer.memory().charge(bytes)
    }

    /// Whether nothing of this partition is handed out any more.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Acquire)
    }

    /// Under the buffer's lock, which keeps what is queued where it belongs. Says whether that is a change.
    pub(super) fn set_paused(&self, paused: bool) -> bool {
        self.paused.swap(paused, Ordering::AcqRel) != paused
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Whether what was fetched in this epoch may be handed out.
    #[inline]
    pub(crate) fn hands_out(&self, epoch: u64) -> bool {
        self.epoch() == epoch && !self.is_stopped()
    }

    /// The engine's side: reading goes on elsewhere, and nothing that was fetched before is handed out. A partition that
    /// had stopped is read again.
    pub(crate) fn begin_anew(&self) {
        self.start.store(NOWHERE, Ordering::Release);
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.stopped.store(false, Ordering::Release);
        self.buffer.discard(self.partition);
    }

    /// The engine's side: where the epoch begins, or -1.
    pub(crate) fn start(&self) -> i64 {
        self.start.load(Ordering::Acquire)
    }

    /// The engine's side: where the epoch begins is known.
    pub(crate) fn start_at(&self, offset: i64) {
        self.start.store(offset, Ordering::Release);
    }

    /// The application's side: it has taken, or passed over, everything before this offset.
    pub(crate) fn take_to(&self, epoch: u64, offset: i64) {
        self.taken_to.store(offset, Ordering::Relaxed);
        self.taken_in.store(epoch, Ordering::Release);
    }

    /// The application's side: the offset before which it has had everything; none while the start is being found out.
    pub(crate) fn position(&self) -> Option<i64> {
        let epoch = self.epoch();
        let offset = if self.taken_in.load(Ordering::Acquire) == epoch {
            self.taken_to.load(Ordering::Relaxed)
        } else {
            self.start.load(Ordering::Acquire)
        };
        (offset != NOWHERE).then_some(offset)
    }

    /// The application's thread found records that cannot be read: the partition stops, and the error comes next. Not if
    /// they were fetched before a seek.
    #[cold]
    pub(crate) fn spoil(&self, epoch: u64, offset: i64, reason: &dyn std::fmt::Display) {
        if self.epoch() != epoch || self.stopped.swap(true, Ordering::AcqRel) {
            return;
        }
        self.buffer.replace(self.partition, self.corrupt(offset, reason));
        self.buffer.memory().call();
    }

    pub(crate) fn corrupt(&self, offset: i64, reason: &dyn std::fmt::Display) -> ReadError {
        ReadError::Corrupt {
            topic: Arc::clone(self.topic()),
            partition: self.partition,
            offset,
            reason: reason.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::consumer::script::source;

    #[test]
    fn the_position_is_the_start_until_something_is_taken_and_again_after_a_seek() {
        let source = source(0);
        assert_eq!(source.position(), None);
        source.start_at(7);
        assert_eq!(source.position(), Some(7));
        let first = source.epoch();
        source.take_to(first, 9);
        assert_eq!(source.position(), Some(9));

        source.begin_anew();
        assert_eq!(source.position(), None);
        source.start_at(3);
        source.take_to(first, 11);
        assert_eq!(source.position(), Some(3), "what was taken before does not count");
        assert!(!source.hands_out(first) && source.hands_out(source.epoch()));
    }
}
