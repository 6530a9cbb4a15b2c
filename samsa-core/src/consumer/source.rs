//! One partition of a reader, as both sides know it.

use std::sync::Arc;

use super::buffer::FetchBuffer;
use super::place::{NOWHERE, Place};
use super::resumption::Resumption;
use crate::error::ReadError;
use crate::group::Done;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use crate::wake::lock;

/// What engine and application know together of a partition.
///
/// A *turn* begins with the partition, with every seek, and when its position was lost and set anew. What was fetched
/// carries its turn, and so does what the application tells of it: an offset means nothing in another one. A seek is a
/// *fence* besides: nothing of a turn before it is handed out, however late it arrives.
#[derive(Debug)]
pub(crate) struct Source {
    partition: i32,
    buffer: Arc<FetchBuffer>,
    stopped: AtomicBool,
    paused: AtomicBool,
    /// Read and written by the engine's side alone: its records are not fetched yet.
    withheld: AtomicBool,
    turn: AtomicU64,
    /// The fence: the turn that the last seek began, or the first one, and where that begins.
    begun: Place,
    /// Read and written by the engine's side alone.
    resumption: Resumption,
    /// Written by the application's side alone: the end of what it took last.
    taken: Place,
    /// Written by the application's side alone: the end of the last record that the application was given. What is for
    /// nobody is not given to it.
    handed: Place,
    /// Written by the application's side alone: how far it is with the chunk that it has in hand.
    held: Place,
    /// It is another member's now: nothing more is handed out.
    revoked: AtomicBool,
    /// Where it ends for readers, as the leader said last.
    end: AtomicI64,
    /// Up to where the application has marked messages.
    marked: Mutex<Option<Done>>,
}

impl Source {
    pub(crate) fn new(partition: i32, buffer: &Arc<FetchBuffer>) -> Arc<Self> {
        let turn = buffer.next_turn();
        let source = Arc::new(Self {
            partition,
            buffer: Arc::clone(buffer),
            stopped: AtomicBool::new(false),
            paused: AtomicBool::new(false),
            withheld: AtomicBool::new(false),
            turn: AtomicU64::new(turn),
            begun: Place::new(turn),
            resumption: Resumption::default(),
            taken: Place::default(),
            handed: Place::default(),
            held: Place::default(),
            revoked: AtomicBool::new(false),
            end: AtomicI64::new(NOWHERE),
            marked: Mutex::default(),
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

    /// The engine's side: its records are not fetched until that is taken back.
    pub(super) fn withhold(&self, withheld: bool) {
        self.withheld.store(withheld, Ordering::Relaxed);
    }

    /// The engine's side: whether its records are not to be fetched now.
    pub(super) fn rests(&self) -> bool {
        self.is_paused() || self.withheld.load(Ordering::Relaxed)
    }

    /// Under the buffer's lock, which keeps what is queued where it belongs. Says whether that is a change.
    pub(super) fn set_paused(&self, paused: bool) -> bool {
        self.paused.swap(paused, Ordering::AcqRel) != paused
    }

    /// The engine's side: the turn of what is fetched now.
    pub(crate) fn turn(&self) -> u64 {
        self.turn.load(Ordering::Acquire)
    }

    /// Whether what was fetched in this turn may be handed out.
    #[inline]
    pub(crate) fn hands_out(&self, turn: u64) -> bool {
        self.is_current(turn) && !self.is_stopped()
    }

    /// Whether the partition is still read on behind what was handed out in this turn.
    #[inline]
    pub(crate) fn is_current(&self, turn: u64) -> bool {
        self.is_behind_fence(turn) && !self.is_revoked()
    }

    /// Whether no seek has left this turn behind.
    #[inline]
    fn is_behind_fence(&self, turn: u64) -> bool {
        self.begun.turn() <= turn
    }

    pub(crate) fn is_revoked(&self) -> bool {
        self.revoked.load(Ordering::Acquire)
    }

    /// The engine's side: nothing of it is handed out from now on.
    pub(crate) fn revoke(&self) {
        self.revoked.store(true, Ordering::SeqCst);
        self.buffer.discard(self.partition);
    }

    /// The engine's side: its position, which was this, was lost and is set anew, maybe further back.
    pub(super) fn was_reset(&self, position: i64) {
        self.resumption.lose(Done { offset: position, turn: self.turn() });
        self.begin_turn();
    }

    /// The engine's side: there it is read on after its position was lost.
    pub(super) fn resumes_at(&self, offset: i64) {
        self.resumption.begin(offset);
    }

    fn begin_turn(&self) -> u64 {
        let turn = self.buffer.next_turn();
        self.turn.store(turn, Ordering::Release);
        turn
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
        self.resumption.forget();
        self.begun.set(Done { offset: NOWHERE, turn: self.begin_turn() });
        self.stopped.store(false, Ordering::Release);
        self.buffer.discard(self.partition);
    }

    /// The engine's side: where it was read from after the last seek, or from its beginning; or -1.
    pub(crate) fn start(&self) -> i64 {
        self.begun.get().offset
    }

    /// The engine's side: that is known.
    pub(crate) fn start_at(&self, offset: i64) {
        self.begun.move_to(offset);
    }

    /// The application's side: it has taken, or passed over, everything before this offset.
    pub(crate) fn take_to(&self, turn: u64, offset: i64) {
        self.taken.set(Done { offset, turn });
    }

    /// The application's side: it gives the application what lies before this offset. It may not, and is told so, when the
    /// partition is not read on behind that any more.
    ///
    /// That is written down first and looked at then, as the engine revokes first and looks then at what was given: what is
    /// given in spite of it is never overlooked.
    pub(super) fn hand_out(&self, turn: u64, offset: i64) -> bool {
        let before = self.handed.get();
        self.handed.set(Done { offset, turn });
        if self.is_behind_fence(turn) && !self.revoked.load(Ordering::SeqCst) {
            return true;
        }
        self.handed.take_back(before);
        false
    }

    /// The engine's side: how far the application was given records since the last seek, if it was given any.
    pub(crate) fn handed_out(&self) -> Option<Done> {
        Some(self.handed.get()).filter(|handed| self.is_behind_fence(handed.turn))
    }

    /// The application's side: the offset before which it has had everything; none while the start is being found out.
    pub(crate) fn position(&self) -> Option<i64> {
        self.taken().map(|taken| taken.offset)
    }

    /// The same, with the turn in which it had that last.
    fn taken(&self) -> Option<Done> {
        let taken = self.taken.get();
        if self.is_behind_fence(taken.turn) { Some(taken) } else { self.begun() }
    }

    /// Where it was read from after the last seek, or from its beginning, once that is known.
    pub(crate) fn begun(&self) -> Option<Done> {
        Some(self.begun.get()).filter(|begun| begun.offset != NOWHERE)
    }

    /// The application's side: it takes a chunk that begins there. Before it has taken to its end.
    pub(super) fn hold(&self, turn: u64, from: i64) {
        self.held.set(Done { offset: from, turn });
    }

    /// The application's side: with the chunk in hand it is done up to there. Not when it has found records in it that
    /// cannot be read: those it never had.
    pub(super) fn done_to(&self, turn: u64, offset: i64) {
        if self.held.turn() == turn && !self.is_stopped() {
            self.held.move_to(offset);
        }
    }

    /// The application's side: it is done with the chunk in hand, if that could be read.
    pub(super) fn let_go(&self, turn: u64) {
        if self.held.turn() == turn && !self.is_stopped() {
            self.held.clear();
        }
    }

    /// The application's side: it is done with everything before this offset, which it had in this turn. What a seek has
    /// left behind does not count.
    pub(super) fn mark_to(&self, turn: u64, offset: i64) {
        let mut marked = lock(&self.marked);
        let is_news = marked.is_none_or(|old| old.is_before(Done { offset, turn }));
        if self.is_behind_fence(turn) && is_news {
            *marked = Some(Done { offset, turn });
        }
    }

    /// The application's side: it is done with everything that it had.
    pub(super) fn mark_all(&self) {
        if let Some(Done { offset, turn }) = self.had() {
            self.mark_to(turn, offset);
        }
    }

    /// The engine's side: how far the application is done, by what it has asked for, or by what it has marked. Once nothing
    /// is left of what came before the position was lost, that is where it is read on.
    pub(crate) fn done(&self, by_marks: bool) -> Option<Done> {
        let had = self.had();
        let handed_out = self.handed_out().filter(|_| by_marks);
        let marked = self.marked();
        let is_done = handed_out.is_none_or(|out| marked.is_some_and(|marked| !marked.is_before(out)));
        let resumed = had.and_then(|had| self.resumed_behind(had)).filter(|_| is_done);
        resumed.or(if by_marks { marked } else { had })
    }

    /// The engine's side: where the turn began that came when the position was lost, if this is all that came before. Once
    /// it is revoked, no more of that is handed out.
    fn resumed_behind(&self, had: Done) -> Option<Done> {
        let last = if self.is_revoked() { self.handed_out() } else { Some(self.resumption.lost()) };
        let resumed = Done { offset: self.resumption.begun()?, turn: self.turn() };
        let is_all = had.turn < resumed.turn && last.is_none_or(|last| !had.is_before(last));
        is_all.then_some(resumed)
    }

    /// How far the application has marked what it was given since the last seek.
    fn marked(&self) -> Option<Done> {
        lock(&self.marked).filter(|marked| self.is_behind_fence(marked.turn))
    }

    /// How far the application has asked for what comes next.
    fn had(&self) -> Option<Done> {
        // What is in hand was taken hold of before the position moved behind it: so the position is read first.
        let taken = self.taken()?;
        let held = self.held.get();
        Some(if self.is_behind_fence(held.turn) { held } else { taken })
    }

    /// The application's thread found records that cannot be read: the partition stops, and the error comes next. Not if
    /// they were fetched before a seek.
    #[cold]
    pub(crate) fn spoil(&self, turn: u64, offset: i64, reason: &dyn std::fmt::Display) {
        if !self.is_behind_fence(turn) || self.stopped.swap(true, Ordering::AcqRel) {
            return;
        }
        self.go_back(turn, offset);
        self.buffer.replace(self.partition, self.corrupt(offset, reason));
        self.buffer.memory().call();
    }

    /// What of the chunk in hand cannot be read was not had.
    fn go_back(&self, turn: u64, offset: i64) {
        let (taken, held) = (self.taken.get(), self.held.get());
        if taken.turn == turn {
            let had = if held.turn == turn { offset.max(held.offset) } else { offset };
            self.taken.move_to(taken.offset.min(had));
        }
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
mod tests;
