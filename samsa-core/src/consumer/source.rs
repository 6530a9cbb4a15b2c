//! One partition of a reader, as both sides know it.

use std::sync::Arc;

use super::buffer::FetchBuffer;
use crate::error::ReadError;
use crate::group::Done;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use crate::wake::lock;

/// An offset that is still to be found out.
const NOWHERE: i64 = -1;

/// What engine and application know together of a partition.
///
/// A *turn* begins with the partition, with every seek, and when its position was lost and set anew. What was fetched
/// carries its turn, and so does what the application tells of it: an offset means nothing in another one. A seek is a
/// *fence* besides: nothing of a turn before it is handed out, however late it arrives.
///
/// Whoever writes a turn and an offset writes the offset first; whoever reads them reads the turn first. An offset may
/// then be taken for one of an earlier turn, and never for one of a later.
#[derive(Debug)]
pub(crate) struct Source {
    partition: i32,
    buffer: Arc<FetchBuffer>,
    stopped: AtomicBool,
    paused: AtomicBool,
    /// Read and written by the engine's side alone: its records are not fetched yet.
    withheld: AtomicBool,
    turn: AtomicU64,
    /// The turn that the last seek began, or the first one.
    fence: AtomicU64,
    /// Where the turn of the fence begins.
    start: AtomicI64,
    /// Read and written by the engine's side alone: the last turn in which something was fetched before the position was
    /// lost, where that ended, and where the turn begins that came then.
    lost_in: AtomicU64,
    lost_at: AtomicI64,
    resumed_at: AtomicI64,
    /// Written by the application's side alone: the turn of what it took last, and the end of that.
    taken_in: AtomicU64,
    taken_to: AtomicI64,
    /// Written by the application's side alone: the turn of the last record that the application was given, or 0, and the
    /// end of that. What is for nobody is not given to it.
    handed_in: AtomicU64,
    handed_to: AtomicI64,
    /// It is another member's now: nothing more is handed out.
    revoked: AtomicBool,
    /// Where it ends for readers, as the leader said last.
    end: AtomicI64,
    /// Written by the application's side alone: the turn of the chunk that it has in hand, or 0, and how far it is with it.
    held_in: AtomicU64,
    held_from: AtomicI64,
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
            fence: AtomicU64::new(turn),
            start: AtomicI64::new(NOWHERE),
            lost_in: AtomicU64::new(0),
            lost_at: AtomicI64::new(NOWHERE),
            resumed_at: AtomicI64::new(NOWHERE),
            taken_in: AtomicU64::new(0),
            taken_to: AtomicI64::new(NOWHERE),
            handed_in: AtomicU64::new(0),
            handed_to: AtomicI64::new(NOWHERE),
            revoked: AtomicBool::new(false),
            end: AtomicI64::new(NOWHERE),
            held_in: AtomicU64::new(0),
            held_from: AtomicI64::new(NOWHERE),
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
        self.fence.load(Ordering::Acquire) <= turn
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
        // What is lost again before anything of it was fetched leaves nothing to hand out.
        if self.resumed_at.swap(NOWHERE, Ordering::Relaxed) != position {
            self.lost_in.store(self.turn(), Ordering::Relaxed);
            self.lost_at.store(position, Ordering::Relaxed);
        }
        self.begin_turn();
    }

    /// The engine's side: there it is read on after its position was lost.
    pub(super) fn resumes_at(&self, offset: i64) {
        self.resumed_at.store(offset, Ordering::Relaxed);
    }

    fn begin_turn(&self) {
        self.turn.store(self.buffer.next_turn(), Ordering::Release);
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
        self.resumed_at.store(NOWHERE, Ordering::Relaxed);
        self.begin_turn();
        self.fence.store(self.turn(), Ordering::Release);
        self.stopped.store(false, Ordering::Release);
        self.buffer.discard(self.partition);
    }

    /// The engine's side: where it was read from after the last seek, or from its beginning; or -1.
    pub(crate) fn start(&self) -> i64 {
        self.start.load(Ordering::Acquire)
    }

    /// The engine's side: that is known.
    pub(crate) fn start_at(&self, offset: i64) {
        self.start.store(offset, Ordering::Release);
    }

    /// The application's side: it has taken, or passed over, everything before this offset.
    pub(crate) fn take_to(&self, turn: u64, offset: i64) {
        self.taken_to.store(offset, Ordering::Release);
        self.taken_in.store(turn, Ordering::Release);
    }

    /// The application's side: it gives the application what lies before this offset. It may not, and is told so, when the
    /// partition is not read on behind that any more.
    ///
    /// That is written down first and looked at then, as the engine revokes first and looks then at what was given: what is
    /// given in spite of it is never overlooked.
    fn hand_out(&self, turn: u64, offset: i64) -> bool {
        let before = (self.handed_in.load(Ordering::Relaxed), self.handed_to.load(Ordering::Relaxed));
        self.handed_to.store(offset, Ordering::Release);
        self.handed_in.store(turn, Ordering::SeqCst);
        if self.is_behind_fence(turn) && !self.revoked.load(Ordering::SeqCst) {
            return true;
        }
        self.handed_to.store(before.1, Ordering::Release);
        self.handed_in.store(before.0, Ordering::SeqCst);
        false
    }

    /// The engine's side: how far the application was given records since the last seek, if it was given any.
    pub(crate) fn handed_out(&self) -> Option<Done> {
        let turn = self.handed_in.load(Ordering::SeqCst);
        let offset = self.handed_to.load(Ordering::Acquire);
        self.is_behind_fence(turn).then_some(Done { offset, turn })
    }

    /// The application's side: the offset before which it has had everything; none while the start is being found out.
    pub(crate) fn position(&self) -> Option<i64> {
        self.taken().map(|taken| taken.offset)
    }

    /// The same, with the turn in which it had that last.
    fn taken(&self) -> Option<Done> {
        let turn = self.taken_in.load(Ordering::Acquire);
        if !self.is_behind_fence(turn) {
            return self.begun();
        }
        Some(Done { offset: self.taken_to.load(Ordering::Acquire), turn })
    }

    /// Where it was read from after the last seek, or from its beginning, once that is known.
    pub(crate) fn begun(&self) -> Option<Done> {
        let turn = self.fence.load(Ordering::Acquire);
        Some(Done { offset: self.start(), turn }).filter(|begun| begun.offset != NOWHERE)
    }

    /// The application's side: it takes a chunk that begins there. Before it has taken to its end.
    pub(super) fn hold(&self, turn: u64, from: i64) {
        self.held_from.store(from, Ordering::Release);
        self.held_in.store(turn, Ordering::Release);
    }

    /// The application's side: with the chunk in hand it is done up to there. Not when it has found records in it that
    /// cannot be read: those it never had.
    fn done_to(&self, turn: u64, offset: i64) {
        if self.held_in.load(Ordering::Relaxed) == turn && !self.is_stopped() {
            self.held_from.store(offset, Ordering::Release);
        }
    }

    /// The application's side: it is done with the chunk in hand, if that could be read.
    fn let_go(&self, turn: u64) {
        if self.held_in.load(Ordering::Relaxed) == turn && !self.is_stopped() {
            self.held_in.store(0, Ordering::Release);
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
        let (turn, offset) = (self.lost_in.load(Ordering::Relaxed), self.lost_at.load(Ordering::Relaxed));
        let last = if self.is_revoked() { self.handed_out() } else { Some(Done { offset, turn }) };
        let resumed = Done { offset: self.resumed_at.load(Ordering::Relaxed), turn: self.turn() };
        let is_all = had.turn < resumed.turn && last.is_none_or(|last| !had.is_before(last));
        Some(resumed).filter(|resumed| is_all && resumed.offset != NOWHERE)
    }

    /// How far the application has marked what it was given since the last seek.
    fn marked(&self) -> Option<Done> {
        lock(&self.marked).filter(|marked| self.is_behind_fence(marked.turn))
    }

    /// How far the application has asked for what comes next.
    fn had(&self) -> Option<Done> {
        // What is in hand was taken hold of before the position moved behind it: so the position is read first.
        let taken = self.taken()?;
        let turn = self.held_in.load(Ordering::Acquire);
        let is_held = self.is_behind_fence(turn);
        let held = Done { offset: self.held_from.load(Ordering::Acquire), turn };
        Some(if is_held { held } else { taken })
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
        if self.taken_in.load(Ordering::Acquire) == turn {
            let is_held = self.held_in.load(Ordering::Acquire) == turn;
            let held = self.held_from.load(Ordering::Acquire);
            self.taken_to.fetch_min(if is_held { offset.max(held) } else { offset }, Ordering::AcqRel);
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

/// What the application tells of a chunk that it has in hand.
#[derive(Clone, Debug)]
pub struct Progress {
    source: Arc<Source>,
    turn: u64,
}

impl Progress {
    pub(super) fn new(source: &Arc<Source>, turn: u64) -> Self {
        Self { source: Arc::clone(source), turn }
    }

    /// The application is given what lies before this offset. `false` if it must not be: the partition is another member's
    /// now, or read on elsewhere.
    #[must_use]
    pub fn hand_out(&self, offset: i64) -> bool {
        self.source.hand_out(self.turn, offset)
    }

    /// It is done with everything before this offset.
    pub fn done_to(&self, offset: i64) {
        self.source.done_to(self.turn, offset);
    }

    /// It is done with all of it.
    pub fn done(&self) {
        self.source.let_go(self.turn);
    }
}

#[cfg(test)]
mod tests {
    use super::{Progress, Source};
    use crate::consumer::script::source;
    use crate::group::Done;

    #[test]
    fn the_position_is_the_start_until_something_is_taken_and_again_after_a_seek() {
        let source = source(0);
        assert_eq!(source.position(), None);
        source.start_at(7);
        assert_eq!(source.position(), Some(7));
        let first = source.turn();
        source.take_to(first, 9);
        assert_eq!(source.position(), Some(9));

        source.begin_anew();
        assert_eq!(source.position(), None);
        source.start_at(3);
        source.take_to(first, 11);
        assert_eq!(source.position(), Some(3), "what was taken before does not count");
        assert!(!source.hands_out(first) && source.hands_out(source.turn()));
    }

    #[test]
    fn what_is_in_hand_is_not_done() {
        let source = source(0);
        source.start_at(7);
        let turn = source.turn();
        let done = |offset| Some(Done { offset, turn });
        assert_eq!(source.done(false), done(7));
        source.hold(turn, 7);
        source.take_to(turn, 12);
        assert_eq!(source.done(false), done(7));
        let progress = Progress::new(&source, turn);
        progress.done_to(9);
        assert_eq!(source.done(false), done(9));
        progress.done();
        assert_eq!(source.done(false), done(12), "with what is for nobody behind it");
        progress.done_to(3);
        assert_eq!(source.done(false), done(12));
    }

    #[test]
    fn what_is_handed_out_is_what_the_application_was_given_and_not_what_was_taken() {
        let source = source(0);
        source.start_at(100);
        let turn = source.turn();
        assert_eq!(source.handed_out(), None, "where it begins is nothing that was handed out");
        source.hold(turn, 100);
        source.take_to(turn, 200);
        assert_eq!(source.handed_out(), None);
        let progress = Progress::new(&source, turn);
        assert!(progress.hand_out(120));
        progress.done_to(120);
        assert_eq!(source.handed_out(), Some(Done { offset: 120, turn }));
        assert_eq!(source.handed_out(), source.done(false));
        source.begin_anew();
        assert_eq!(source.handed_out(), None, "a seek has left it behind");
        assert!(!progress.hand_out(121));
        assert_eq!(source.handed_out(), None);
    }

    #[test]
    fn what_is_revoked_is_not_handed_out_and_does_not_count() {
        let source = source(0);
        source.start_at(0);
        let turn = source.turn();
        let progress = Progress::new(&source, turn);
        assert!(progress.hand_out(1));
        source.revoke();
        assert!(!progress.hand_out(2));
        assert_eq!(source.handed_out(), Some(Done { offset: 1, turn }));
    }

    #[test]
    fn by_marks_only_what_was_marked_is_done() {
        let source = source(0);
        source.start_at(7);
        source.take_to(source.turn(), 12);
        assert_eq!(source.done(true), None);
        source.mark_to(source.turn(), 10);
        source.mark_to(source.turn(), 9);
        assert_eq!(source.done(true).map(|done| done.offset), Some(10));
        source.begin_anew();
        assert_eq!(source.done(true), None);
    }

    #[test]
    fn what_is_revoked_is_not_handed_out_and_can_still_be_marked() {
        let source = source(0);
        source.start_at(7);
        source.revoke();
        assert!(!source.hands_out(source.turn()) && !source.is_current(source.turn()));
        source.mark_to(source.turn(), 8);
        assert_eq!(source.done(true).map(|done| done.offset), Some(8));
    }

    #[test]
    fn what_was_fetched_before_a_reset_is_done_in_its_own_turn() {
        let source = source(0);
        source.start_at(0);
        let old = source.turn();
        source.take_to(old, 60);
        source.was_reset(90);
        let new = source.turn();
        assert!(new > old && source.hands_out(old), "it comes first");
        source.take_to(old, 80);
        assert_eq!(source.done(false), Some(Done { offset: 80, turn: old }));
        source.take_to(new, 0);
        assert_eq!(source.done(false), Some(Done { offset: 0, turn: new }));
    }

    #[test]
    fn when_nothing_is_left_of_what_came_before_a_reset_it_is_done_up_to_where_it_is_read_on() {
        let source = source(0);
        source.start_at(0);
        let old = source.turn();
        source.hold(old, 0);
        source.take_to(old, 60);
        let progress = Progress::new(&source, old);
        assert!(progress.hand_out(60));
        source.was_reset(90);
        source.resumes_at(5);
        let new = source.turn();
        let done =
            || [source.done(false), source.done(true)].map(|done| done.map(|done| (done.offset, done.turn)));
        assert_eq!(done(), [Some((0, old)), None], "that is in hand");
        progress.done();
        assert_eq!(done(), [Some((60, old)), None], "there is more");
        source.take_to(old, 90);
        assert_eq!(done(), [Some((5, new)), None], "what was handed out is not marked");
        source.mark_to(old, 59);
        assert_eq!(done(), [Some((5, new)), Some((59, old))]);
        source.mark_to(old, 60);
        assert_eq!(done(), [Some((5, new)); 2]);
        source.take_to(new, 8);
        assert_eq!(done(), [Some((8, new)), Some((60, old))]);
    }

    #[test]
    fn what_came_before_a_reset_and_is_revoked_comes_no_more() {
        for is_done in [true, false] {
            let source = source(0);
            source.start_at(0);
            let turn = source.turn();
            source.hold(turn, 0);
            source.take_to(turn, 60);
            let progress = Progress::new(&source, turn);
            assert!(progress.hand_out(40));
            source.was_reset(90);
            source.resumes_at(5);
            source.revoke();
            progress.done_to(if is_done { 40 } else { 39 });
            assert_eq!(source.done(false).map(|done| done.offset), Some(if is_done { 5 } else { 39 }));
        }
    }

    #[test]
    fn what_is_lost_again_before_anything_came_of_it_leaves_what_came_before() {
        let source = source(0);
        source.start_at(100);
        source.was_reset(100);
        assert_eq!(
            source.done(false).map(|done| done.offset),
            Some(100),
            "it is not known where it is read on"
        );
        for resumed in [7, 3] {
            source.resumes_at(resumed);
            let done = Some(Done { offset: resumed, turn: source.turn() });
            assert_eq!([source.done(false), source.done(true)], [done; 2]);
            source.was_reset(resumed);
        }
        source.resumes_at(0);
        source.was_reset(40);
        source.resumes_at(0);
        assert_eq!(
            source.done(false).map(|done| done.offset),
            Some(100),
            "what came in between is not taken yet"
        );
    }

    #[test]
    fn a_mark_for_what_came_before_a_seek_does_not_count() {
        let source = source(0);
        let old = source.turn();
        source.begin_anew();
        source.mark_to(old, 90);
        assert_eq!(source.done(true), None);
        let turn = source.turn();
        source.mark_to(turn, 5);
        assert_eq!(source.done(true), Some(Done { offset: 5, turn }));
    }

    #[test]
    fn a_partition_that_comes_back_does_not_have_the_turns_that_it_had() {
        let (buffer, _) = crate::consumer::script::buffer();
        let before = Source::new(0, &buffer);
        let again = Source::new(0, &buffer);
        assert!(before.turn() < again.turn() && !again.hands_out(before.turn()));
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
