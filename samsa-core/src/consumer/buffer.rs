//! The fetch buffer: what the engine has fetched for one reader, shared with the application's thread.
//!
//! The engine pushes *segments*: the checked, still compressed batches of one partition in one response. The
//! application takes a segment at a time, under the lock, and reads it outside. What belongs to partitions that are
//! paused is kept aside (see [`Queue`]); the engine clears that away when it needs the room for others.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Weak};
use std::task::{Poll, Waker};

use super::memory::Memory;
use super::queue::Queue;
use super::segment::{GivenUp, Item, Segment};
use super::source::Source;
use crate::error::ReadError;
use crate::id::ReaderId;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::wake::{DriverSignal, Wakers, lock};

/// One reader's fetched records.
#[derive(Debug)]
pub(crate) struct FetchBuffer {
    reader: ReaderId,
    topic: Arc<str>,
    decompressed_bytes: usize,
    memory: Arc<Memory>,
    state: Mutex<State>,
    /// Of all its partitions: none of them has the turn of one that it had before, nor of one of an earlier reader, whose
    /// messages the application may still have.
    turns: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    queue: Queue,
    sources: BTreeMap<i32, Weak<Source>>,
    waiting: Option<Waker>,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    /// The engine gives nothing more.
    Ended,
    /// The application takes nothing more.
    Closed,
}

impl FetchBuffer {
    pub(crate) fn new(
        reader: ReaderId,
        topic: Arc<str>,
        decompressed_bytes: usize,
        signal: Arc<DriverSignal>,
    ) -> Arc<Self> {
        let memory = Arc::new(Memory::new(signal));
        let (state, turns) = (Mutex::default(), AtomicU64::new(reader.0 << 32));
        Arc::new(Self { reader, topic, decompressed_bytes, memory, state, turns })
    }

    pub(crate) fn reader(&self) -> ReaderId {
        self.reader
    }

    pub(crate) fn topic(&self) -> &Arc<str> {
        &self.topic
    }

    pub(crate) fn decompressed_bytes(&self) -> usize {
        self.decompressed_bytes
    }

    pub(crate) fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    pub(super) fn next_turn(&self) -> u64 {
        self.turns.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn add(&self, source: &Arc<Source>) {
        lock(&self.state).sources.insert(source.partition(), Arc::downgrade(source));
    }
}

/// The engine's side.
impl FetchBuffer {
    /// Something to take. Dropped when nobody takes any more.
    pub(crate) fn push(&self, item: Item, wakers: &mut Wakers) {
        let mut state = lock(&self.state);
        if state.phase != Phase::Open {
            return;
        }
        if state.queue.push(item) {
            wake_later(&mut state, wakers);
        }
    }

    /// Nothing more will come behind what is there, unless it is [reopened](Self::reopen).
    pub(crate) fn finish(&self, wakers: &mut Wakers) {
        let mut state = lock(&self.state);
        if state.phase == Phase::Open {
            state.phase = Phase::Ended;
            wake_later(&mut state, wakers);
        }
    }

    /// Something comes again after all.
    pub(crate) fn reopen(&self) {
        let mut state = lock(&self.state);
        if state.phase == Phase::Ended {
            state.phase = Phase::Open;
        }
    }

    /// There will be nothing more, and what is there is not wanted.
    pub(crate) fn end(&self, wakers: &mut Wakers) {
        let mut state = lock(&self.state);
        if state.phase == Phase::Open {
            state.phase = Phase::Ended;
        }
        wake_later(&mut state, wakers);
        let gone = std::mem::take(&mut state.queue);
        drop(state);
        drop(gone);
    }

    /// Whether the application waits and there is nothing for it.
    pub(crate) fn is_starved(&self) -> bool {
        let state = lock(&self.state);
        state.waiting.is_some() && state.queue.is_empty()
    }

    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.state).phase == Phase::Closed
    }

    /// Drops what is kept for paused partitions, and says where each of them has to be fetched again from. What would not
    /// be fetched again is kept: of those that have stopped meanwhile, and what came before a position was lost.
    pub(crate) fn give_up(&self) -> Vec<GivenUp> {
        let cleared = lock(&self.state).queue.clear_shelf();
        GivenUp::of(&cleared).into_values().collect()
    }

    /// Takes back what the application has not taken yet of one partition since its position was lost last, and says where
    /// that began.
    pub(crate) fn withdraw(&self, partition: i32) -> Option<GivenUp> {
        let mut state = lock(&self.state);
        let is_kept = |item: &Item| item.failed().is_some() || item.is_irreplaceable();
        let (kept, gone): (VecDeque<_>, VecDeque<_>) =
            state.queue.take_out(partition).into_iter().partition(is_kept);
        for item in kept {
            state.queue.push(item);
        }
        drop(state);
        GivenUp::of(&gone).into_values().next()
    }

    /// Drops what is there of one partition.
    pub(super) fn discard(&self, partition: i32) {
        let gone = lock(&self.state).queue.take_out(partition);
        drop(gone);
    }
}

/// The application's side.
impl FetchBuffer {
    /// The next thing, or a wake-up when there is one; `None` at the end, which is not before what is kept of paused
    /// partitions was taken.
    pub(crate) fn poll_take(&self, waker: &Waker) -> Poll<Option<Item>> {
        let mut state = lock(&self.state);
        if let Some(item) = state.queue.pop() {
            return Poll::Ready(Some(item));
        }
        if state.phase != Phase::Open && state.queue.is_shelf_empty() {
            return Poll::Ready(None);
        }
        if !state.waiting.as_ref().is_some_and(|old| old.will_wake(waker)) {
            state.waiting = Some(waker.clone());
        }
        drop(state);
        self.memory.changed();
        Poll::Pending
    }

    /// A partition, if this reader has it.
    pub(crate) fn source(&self, partition: i32) -> Option<Arc<Source>> {
        lock(&self.state).sources.get(&partition)?.upgrade()
    }

    /// The partitions that this reader has, and those that are being given up.
    pub(crate) fn sources(&self) -> Vec<Arc<Source>> {
        lock(&self.state).sources.values().filter_map(Weak::upgrade).collect()
    }

    /// Puts what there is of a partition on the shelf, `begun` first, unless a seek has left that behind.
    pub(crate) fn pause(&self, source: &Source, begun: Option<Segment>) {
        let mut state = lock(&self.state);
        if !source.set_paused(true) {
            return;
        }
        state.queue.pause(source.partition(), begun.filter(Segment::is_current));
        drop(state);
        self.memory.changed();
    }

    /// What is on the shelf of a partition comes next.
    pub(crate) fn resume(&self, source: &Source) {
        let mut state = lock(&self.state);
        if !source.set_paused(false) {
            return;
        }
        state.queue.resume(source.partition());
        let waiting = if state.queue.is_empty() { None } else { state.waiting.take() };
        drop(state);
        self.memory.call();
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Nothing more is wanted; the engine forgets this reader.
    pub(crate) fn close(&self) {
        let mut state = lock(&self.state);
        state.phase = Phase::Closed;
        state.waiting = None;
        let gone = std::mem::take(&mut state.queue);
        drop(state);
        drop(gone);
        self.memory.call();
    }

    /// Takes out what is there of one partition, and puts an error in its place.
    ///
    /// Behind a stream that has ended, too: its last chunk may be read after that.
    pub(super) fn replace(&self, partition: i32, error: ReadError) {
        let mut state = lock(&self.state);
        if state.phase == Phase::Closed {
            return;
        }
        let gone = state.queue.take_out(partition);
        state.queue.push_front(Item::Failed { partition, error });
        let waiting = state.waiting.take();
        drop(state);
        drop(gone);
        waiting.into_iter().for_each(Waker::wake);
    }
}

fn wake_later(state: &mut State, wakers: &mut Wakers) {
    if let Some(waker) = state.waiting.take() {
        wakers.push(waker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wake::Notices;
    use bytes::Bytes;

    fn buffer() -> (Arc<FetchBuffer>, Arc<DriverSignal>) {
        let signal = Arc::new(DriverSignal::default());
        (FetchBuffer::new(ReaderId(1), Arc::from("events"), 1024, Arc::clone(&signal)), signal)
    }

    fn segment(source: &Arc<Source>) -> Item {
        segment_from(source, 0)
    }

    fn segment_from(source: &Arc<Source>, from: i64) -> Item {
        let records = source.charge(Bytes::from_static(b"0123456789"));
        let (source, turn, next) = (Arc::clone(source), source.turn(), from + 1);
        Item::Segment(Segment { source, turn, records, from, next, leader_epoch: Some(4) })
    }

    fn empty(source: &Arc<Source>, from: i64) -> Item {
        let (source, turn, next) = (Arc::clone(source), source.turn(), from + 1);
        Item::Segment(Segment { source, turn, records: Bytes::new(), from, next, leader_epoch: None })
    }

    fn taken(buffer: &FetchBuffer) -> Option<(i32, i64)> {
        match take(buffer) {
            Poll::Ready(Some(Item::Segment(of))) => Some((of.source.partition(), of.from)),
            _ => None,
        }
    }

    fn take(buffer: &FetchBuffer) -> Poll<Option<Item>> {
        buffer.poll_take(Waker::noop())
    }

    #[test]
    fn who_waits_is_woken_by_the_engines_next_push() {
        let (buffer, _) = buffer();
        let source = Source::new(0, &buffer);
        assert!(take(&buffer).is_pending());
        assert!(buffer.is_starved());

        let mut wakers = Wakers::default();
        buffer.push(segment(&source), &mut wakers);
        assert!(!wakers.is_empty());
        assert!(!buffer.is_starved());
        assert!(matches!(take(&buffer), Poll::Ready(Some(Item::Segment(_)))));
    }

    #[test]
    fn an_application_that_begins_to_wait_calls_an_engine_that_waits_for_memory() {
        let (buffer, signal) = buffer();
        assert!(take(&buffer).is_pending());
        assert!(signal.take().is_empty());

        buffer.memory().await_change();
        assert!(take(&buffer).is_pending());
        assert!(signal.take().contains(Notices::CREDIT));
        assert!(buffer.memory().take_attention());
    }

    #[test]
    fn closing_gives_all_memory_back_and_calls_the_engine() {
        let (buffer, signal) = buffer();
        let source = Source::new(0, &buffer);
        let mut wakers = Wakers::default();
        buffer.push(segment(&source), &mut wakers);
        assert_eq!(buffer.memory().used(), 10);

        buffer.close();
        assert_eq!(buffer.memory().used(), 0);
        assert!(buffer.is_closed());
        assert!(signal.take().contains(Notices::CREDIT));
        buffer.push(segment(&source), &mut wakers);
        assert_eq!(buffer.memory().used(), 0);
    }

    #[test]
    fn after_the_end_there_is_nothing_and_who_waited_is_woken() {
        let (buffer, _) = buffer();
        let source = Source::new(0, &buffer);
        let mut wakers = Wakers::default();
        assert!(take(&buffer).is_pending());
        buffer.end(&mut wakers);
        assert!(!wakers.is_empty());
        buffer.push(segment(&source), &mut wakers);
        assert!(matches!(take(&buffer), Poll::Ready(None)));
    }

    #[test]
    fn spoiled_records_are_told_once_and_take_the_partitions_other_segments_with_them() {
        let (buffer, signal) = buffer();
        let (bad, good) = (Source::new(0, &buffer), Source::new(1, &buffer));
        let mut wakers = Wakers::default();
        for source in [&good, &bad, &good, &bad] {
            buffer.push(segment(source), &mut wakers);
        }
        bad.spoil(bad.turn(), 7, &"cut short");
        bad.spoil(bad.turn(), 7, &"cut short");
        assert!(signal.take().contains(Notices::CREDIT));

        let error = bad.corrupt(7, &"cut short");
        assert!(
            matches!(take(&buffer), Poll::Ready(Some(Item::Failed { error: told, .. })) if told == error)
        );
        for _ in 0..2 {
            assert!(
                matches!(take(&buffer), Poll::Ready(Some(Item::Segment(of))) if of.source.partition() == 1)
            );
        }
        assert!(take(&buffer).is_pending());
    }

    #[test]
    fn spoiled_records_are_told_behind_the_end_of_the_stream() {
        let (buffer, _) = buffer();
        let source = Source::new(0, &buffer);
        buffer.finish(&mut Wakers::default());
        assert!(matches!(take(&buffer), Poll::Ready(None)));
        source.spoil(source.turn(), 7, &"cut short");
        assert!(matches!(take(&buffer), Poll::Ready(Some(Item::Failed { partition: 0, .. }))));
        assert!(matches!(take(&buffer), Poll::Ready(None)));
    }

    #[test]
    fn segments_without_records_do_not_pile_up() {
        let (buffer, _) = buffer();
        let (one, other) = (Source::new(0, &buffer), Source::new(1, &buffer));
        let mut wakers = Wakers::default();
        buffer.push(segment_from(&one, 0), &mut wakers);
        for from in 1..100 {
            for source in [&one, &other] {
                buffer.push(empty(source, from), &mut wakers);
            }
        }
        assert!(
            matches!(take(&buffer), Poll::Ready(Some(Item::Segment(of))) if (of.from, of.next) == (0, 100))
        );
        assert!(
            matches!(take(&buffer), Poll::Ready(Some(Item::Segment(of))) if (of.from, of.next) == (1, 100))
        );
        assert!(take(&buffer).is_pending());

        buffer.push(empty(&one, 100), &mut wakers);
        buffer.push(empty(&one, 200), &mut wakers);
        assert_eq!([taken(&buffer), taken(&buffer)], [Some((0, 100)), Some((0, 200))], "these do not touch");
    }

    #[test]
    fn what_is_paused_lies_on_the_shelf_and_comes_first_when_it_is_resumed() {
        let (buffer, signal) = buffer();
        let (one, other) = (Source::new(0, &buffer), Source::new(1, &buffer));
        let mut wakers = Wakers::default();
        for (source, from) in [(&one, 0), (&other, 0), (&one, 1)] {
            buffer.push(segment_from(source, from), &mut wakers);
        }
        buffer.pause(&one, None);
        buffer.push(segment_from(&one, 2), &mut wakers);
        buffer.push(segment_from(&other, 1), &mut wakers);
        assert_eq!(taken(&buffer), Some((1, 0)));

        assert!(signal.take().is_empty());
        buffer.resume(&one);
        assert!(signal.take().contains(Notices::CREDIT), "it is fetched again");
        let rest: Vec<_> = std::iter::from_fn(|| taken(&buffer)).collect();
        assert_eq!(rest, [(0, 0), (0, 1), (0, 2), (1, 1)]);
    }

    #[test]
    fn a_paused_partition_ends_behind_what_is_kept_of_it() {
        let ways: [fn(&FetchBuffer, &Source, Item, &mut Wakers); 2] = [
            |buffer, source, failed, wakers| {
                buffer.pause(source, None);
                buffer.push(failed, wakers);
            },
            |buffer, source, failed, wakers| {
                buffer.push(failed, wakers);
                buffer.pause(source, None);
            },
        ];
        for stops in ways {
            let (buffer, _) = buffer();
            let source = Source::new(0, &buffer);
            let mut wakers = Wakers::default();
            buffer.push(segment(&source), &mut wakers);
            let failed = Item::Failed { partition: 0, error: source.corrupt(1, &"cut short") };
            stops(&buffer, &source, failed, &mut wakers);
            buffer.finish(&mut wakers);
            assert!(take(&buffer).is_pending());
            assert_eq!(buffer.give_up(), [], "it would not come again");

            buffer.resume(&source);
            assert_eq!(taken(&buffer), Some((0, 0)));
            assert!(matches!(take(&buffer), Poll::Ready(Some(Item::Failed { partition: 0, .. }))));
            assert!(matches!(take(&buffer), Poll::Ready(None)));
        }
    }

    #[test]
    fn the_shelf_is_given_up_from_its_first_offsets_on() {
        let (buffer, _) = buffer();
        let (one, other) = (Source::new(0, &buffer), Source::new(1, &buffer));
        let mut wakers = Wakers::default();
        for (source, from) in [(&one, 5), (&other, 0), (&one, 6)] {
            buffer.push(segment_from(source, from), &mut wakers);
        }
        buffer.pause(&one, None);
        assert_eq!(buffer.give_up(), [GivenUp { partition: 0, from: 5, leader_epoch: Some(4) }]);
        assert_eq!(buffer.memory().used(), 10);
        assert_eq!(buffer.give_up(), []);
        buffer.resume(&one);
        assert_eq!(taken(&buffer), Some((1, 0)));
    }

    #[test]
    fn what_was_fetched_before_a_position_was_lost_is_not_given_up() {
        for is_paused in [true, false] {
            let (buffer, _) = buffer();
            let source = Source::new(0, &buffer);
            let mut wakers = Wakers::default();
            buffer.push(segment_from(&source, 60), &mut wakers);
            source.was_reset(61);
            buffer.push(segment_from(&source, 500), &mut wakers);
            let again = GivenUp { partition: 0, from: 500, leader_epoch: Some(4) };
            if is_paused {
                buffer.pause(&source, None);
                assert_eq!(buffer.give_up(), [again]);
                buffer.resume(&source);
            } else {
                assert_eq!(buffer.withdraw(0), Some(again));
            }
            assert_eq!([taken(&buffer), taken(&buffer)], [Some((0, 60)), None], "{is_paused}");
        }
    }
}
