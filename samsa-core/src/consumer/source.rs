//! One partition of a reader, as both sides know it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use super::buffer::FetchBuffer;
use crate::error::ReadError;
use crate::group::Done;

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
    /// It is another member's now: nothing more is handed out.
    revoked: AtomicBool,
    /// How often its position was lost and set anew.
    resets: AtomicU64,
    /// Where it ends for readers, as the leader said last.
    end: AtomicI64,
    /// Written by the application's side alone: the epoch of the chunk that it has in hand, or 0, and how far it is with it.
    held_in: AtomicU64,
    held_from: AtomicI64,
    /// The same: up to where it has marked messages, and in which epoch.
    marked_in: AtomicU64,
    marked_to: AtomicI64,
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
            revoked: AtomicBool::new(false),
            resets: AtomicU64::new(0),
            end: AtomicI64::new(NOWHERE),
            held_in: AtomicU64::new(0),
            held_from: AtomicI64::new(NOWHERE),
            marked_in: AtomicU64::new(0),
            marked_to: AtomicI64::new(NOWHERE),
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
        self.is_current(epoch) && !self.is_stopped()
    }

    /// Whether the partition is still read on behind what was handed out in this epoch.
    #[inline]
    pub(crate) fn is_current(&self, epoch: u64) -> bool {
        self.epoch() == epoch && !self.is_revoked()
    }

    pub(crate) fn is_revoked(&self) -> bool {
        self.revoked.load(Ordering::Acquire)
    }

    /// The engine's side: nothing of it is handed out from now on.
    pub(crate) fn revoke(&self) {
        self.revoked.store(true, Ordering::Release);
        self.buffer.discard(self.partition);
    }

    /// The engine's side: its position was lost and set anew, maybe further back.
    pub(super) fn was_reset(&self) {
        self.resets.fetch_add(1, Ordering::Relaxed);
    }

    /// The engine's side: where it ends.
    pub(super) fn ends_at(&self, offset: i64) {
        self.end.store(offset, Ordering::Relaxed);
    }

    /// How many offsets lie between the position and the end, as far as that is known.
    pub(crate) fn lag(&self) -> Option<u64> {
        let end = self.end.load(Ordering::Relaxed);
        let position = self.position().filter(|_| end != NOWHERE)?;
        Some(if position < end { end.abs_diff(position) } else { 0 })
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

    /// The application's side: it takes a chunk that begins there. Before it has taken to its end.
    pub(super) fn hold(&self, epoch: u64, from: i64) {
        self.held_from.store(from, Ordering::Relaxed);
        self.held_in.store(epoch, Ordering::Release);
    }

    /// The application's side: with the chunk in hand it is done up to there.
    fn done_to(&self, epoch: u64, offset: i64) {
        if self.held_in.load(Ordering::Relaxed) == epoch {
            self.held_from.store(offset, Ordering::Release);
        }
    }

    /// The application's side: it is done with the chunk in hand.
    fn let_go(&self, epoch: u64) {
        if self.held_in.load(Ordering::Relaxed) == epoch {
            self.held_in.store(0, Ordering::Release);
        }
    }

    /// The application's side: it is done with everything before this offset.
    pub(super) fn mark_to(&self, offset: i64) {
        let epoch = self.epoch();
        let before = self.marked_to.load(Ordering::Relaxed);
        if self.marked_in.load(Ordering::Relaxed) != epoch || before < offset {
            self.marked_to.store(offset, Ordering::Relaxed);
            self.marked_in.store(epoch, Ordering::Release);
        }
    }

    /// The engine's side: how far the application is done, by what it has asked for, or by what it has marked.
    pub(crate) fn done(&self, by_marks: bool) -> Option<Done> {
        let (epoch, turn) = (self.epoch(), self.turn());
        if by_marks {
            let is_marked = self.marked_in.load(Ordering::Acquire) == epoch;
            let offset = self.marked_to.load(Ordering::Relaxed);
            return is_marked.then_some(Done { offset, turn });
        }
        // What is in hand was taken hold of before the position moved behind it.
        let position = self.position()?;
        let is_held = self.held_in.load(Ordering::Acquire) == epoch;
        let offset = if is_held { self.held_from.load(Ordering::Acquire) } else { position };
        Some(Done { offset, turn })
    }

    /// Grows when the partition is read on elsewhere.
    pub(crate) fn turn(&self) -> u64 {
        self.epoch() + self.resets.load(Ordering::Relaxed)
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

/// What the application tells of a chunk that it has in hand.
#[derive(Clone, Debug)]
pub struct Progress {
    source: Arc<Source>,
    epoch: u64,
}

impl Progress {
    pub(super) fn new(source: &Arc<Source>, epoch: u64) -> Self {
        Self { source: Arc::clone(source), epoch }
    }

    /// It is done with everything before this offset.
    pub fn done_to(&self, offset: i64) {
        self.source.done_to(self.epoch, offset);
    }

    /// It is done with all of it.
    pub fn done(&self) {
        self.source.let_go(self.epoch);
    }
}

#[cfg(test)]
mod tests {
    use super::Progress;
    use crate::consumer::script::source;
    use crate::group::Done;

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

    #[test]
    fn what_is_in_hand_is_not_done() {
        let source = source(0);
        source.start_at(7);
        let (epoch, turn) = (source.epoch(), source.turn());
        let done = |offset| Some(Done { offset, turn });
        assert_eq!(source.done(false), done(7));
        source.hold(epoch, 7);
        source.take_to(epoch, 12);
        assert_eq!(source.done(false), done(7));
        let progress = Progress::new(&source, epoch);
        progress.done_to(9);
        assert_eq!(source.done(false), done(9));
        progress.done();
        assert_eq!(source.done(false), done(12), "with what is for nobody behind it");
        progress.done_to(3);
        assert_eq!(source.done(false), done(12));
    }

    #[test]
    fn by_marks_only_what_was_marked_is_done() {
        let source = source(0);
        source.start_at(7);
        source.take_to(source.epoch(), 12);
        assert_eq!(source.done(true), None);
        source.mark_to(10);
        source.mark_to(9);
        assert_eq!(source.done(true).map(|done| done.offset), Some(10));
        source.begin_anew();
        assert_eq!(source.done(true), None);
    }

    #[test]
    fn what_is_revoked_is_not_handed_out_and_can_still_be_marked() {
        let source = source(0);
        source.start_at(7);
        source.revoke();
        assert!(!source.hands_out(source.epoch()) && !source.is_current(source.epoch()));
        source.mark_to(8);
        assert_eq!(source.done(true).map(|done| done.offset), Some(8));
    }

    #[test]
    fn the_lag_is_what_lies_before_the_end() {
        let source = source(0);
        source.start_at(7);
        assert_eq!(source.lag(), None);
        source.ends_at(10);
        for (position, lag) in [(7, 3), (10, 0), (12, 0), (i64::MIN, i64::MIN.unsigned_abs() + 10)] {
            source.start_at(position);
            assert_eq!(source.lag(), Some(lag), "from {position}");
        }
    }
}
