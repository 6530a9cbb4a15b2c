//! The fetch buffer: what the engine has fetched for one reader, shared with the application's thread.
//!
//! The engine pushes *segments*: the checked, still compressed batches of one partition in one response. The
//! application takes a segment at a time, under the lock, and reads it outside.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use bytes::Bytes;

use super::memory::Memory;
use crate::error::ReadError;
use crate::id::ReaderId;
use crate::wake::{DriverSignal, Wakers, lock};

/// One reader's fetched records.
#[derive(Debug)]
pub(crate) struct FetchBuffer {
    reader: ReaderId,
    topic: Arc<str>,
    decompressed_bytes: usize,
    memory: Arc<Memory>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Item>,
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

/// What the application takes.
#[derive(Debug)]
pub(crate) enum Item {
    Segment(Segment),
    Failed(ReadError),
}

/// The batches of one partition in one response, in place.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) source: Arc<Source>,
    /// Whole batches, each checked.
    pub(crate) records: Bytes,
    /// Records before this offset are not wanted.
    pub(crate) from: i64,
}

/// One partition of a reader, as both sides know it.
#[derive(Debug)]
pub(crate) struct Source {
    partition: i32,
    buffer: Arc<FetchBuffer>,
    stopped: AtomicBool,
}

impl FetchBuffer {
    pub(crate) fn new(
        reader: ReaderId,
        topic: Arc<str>,
        decompressed_bytes: usize,
        signal: Arc<DriverSignal>,
    ) -> Arc<Self> {
        let memory = Arc::new(Memory::new(signal));
        Arc::new(Self { reader, topic, decompressed_bytes, memory, state: Mutex::default() })
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

    /// The engine's side: something to take. Dropped when nobody takes any more.
    pub(crate) fn push(&self, item: Item, wakers: &mut Wakers) {
        let mut state = lock(&self.state);
        if state.phase == Phase::Open {
            state.queue.push_back(item);
            wake_later(&mut state, wakers);
        }
    }

    /// The engine's side: nothing more will come behind what is there.
    pub(crate) fn finish(&self, wakers: &mut Wakers) {
        let mut state = lock(&self.state);
        if state.phase == Phase::Open {
            state.phase = Phase::Ended;
            wake_later(&mut state, wakers);
        }
    }

    /// The engine's side: there will be nothing more, and what is there is not wanted.
    pub(crate) fn end(&self, wakers: &mut Wakers) {
        let mut state = lock(&self.state);
        if state.phase == Phase::Open {
            state.phase = Phase::Ended;
        }
        wake_later(&mut state, wakers);
        let queue = std::mem::take(&mut state.queue);
        drop(state);
        drop(queue);
    }

    /// Whether the application waits and there is nothing for it.
    pub(crate) fn is_starved(&self) -> bool {
        let state = lock(&self.state);
        state.waiting.is_some() && state.queue.is_empty()
    }

    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.state).phase == Phase::Closed
    }

    /// The application's side: the next thing, or a wake-up when there is one; `None` at the end.
    pub(crate) fn poll_take(&self, waker: &Waker) -> Poll<Option<Item>> {
        let mut state = lock(&self.state);
        if let Some(item) = state.queue.pop_front() {
            return Poll::Ready(Some(item));
        }
        if state.phase != Phase::Open {
            return Poll::Ready(None);
        }
        if !state.waiting.as_ref().is_some_and(|old| old.will_wake(waker)) {
            state.waiting = Some(waker.clone());
        }
        drop(state);
        self.memory.changed();
        Poll::Pending
    }

    /// The application's side: nothing more is wanted; the engine forgets this reader.
    pub(crate) fn close(&self) {
        let mut state = lock(&self.state);
        state.phase = Phase::Closed;
        state.waiting = None;
        let queue = std::mem::take(&mut state.queue);
        drop(state);
        drop(queue);
        self.memory.call();
    }

    /// Takes out what is queued of one partition, and puts an error in its place.
    fn replace(&self, partition: i32, error: ReadError) {
        let mut state = lock(&self.state);
        if state.phase != Phase::Open {
            return;
        }
        let of_it =
            |item: &Item| matches!(item, Item::Segment(segment) if segment.source.partition == partition);
        let queue = std::mem::take(&mut state.queue);
        let (dropped, mut kept): (VecDeque<_>, VecDeque<_>) = queue.into_iter().partition(of_it);
        kept.push_front(Item::Failed(error));
        state.queue = kept;
        let waiting = state.waiting.take();
        drop(state);
        drop(dropped);
        if let Some(waker) = waiting {
            waker.wake();
        }
    }
}

fn wake_later(state: &mut State, wakers: &mut Wakers) {
    if let Some(waker) = state.waiting.take() {
        wakers.push(waker);
    }
}

impl Source {
    pub(crate) fn new(partition: i32, buffer: &Arc<FetchBuffer>) -> Arc<Self> {
        Arc::new(Self { partition, buffer: Arc::clone(buffer), stopped: AtomicBool::new(false) })
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

    /// Whether nothing of this partition is handed out any more.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// The application's thread found records that cannot be read: the partition stops, and the error comes next.
    #[cold]
    pub(crate) fn spoil(&self, offset: i64, reason: &dyn std::fmt::Display) {
        if self.stopped.swap(true, Ordering::AcqRel) {
            return;
        }
        self.buffer.replace(self.partition, self.corrupt(offset, reason));
        self.buffer.memory.call();
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
    use super::*;
    use crate::wake::Notices;

    fn buffer() -> (Arc<FetchBuffer>, Arc<DriverSignal>) {
        let signal = Arc::new(DriverSignal::default());
        (FetchBuffer::new(ReaderId(1), Arc::from("events"), 1024, Arc::clone(&signal)), signal)
    }

    fn segment(source: &Arc<Source>) -> Item {
        let records = source.buffer.memory().charge(Bytes::from_static(b"0123456789"));
        Item::Segment(Segment { source: Arc::clone(source), records, from: 0 })
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
        bad.spoil(7, &"cut short");
        bad.spoil(7, &"cut short");
        assert!(signal.take().contains(Notices::CREDIT));

        let error = bad.corrupt(7, &"cut short");
        assert!(matches!(take(&buffer), Poll::Ready(Some(Item::Failed(told))) if told == error));
        for _ in 0..2 {
            assert!(
                matches!(take(&buffer), Poll::Ready(Some(Item::Segment(of))) if of.source.partition() == 1)
            );
        }
        assert!(take(&buffer).is_pending());
    }
}
