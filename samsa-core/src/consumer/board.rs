//! What the engine tells the application of a group's member: what it has, what happened, and why it ended.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Weak};
use std::task::{Poll, Waker};

use super::reader::Reader;
use crate::group::GroupError;
use crate::limits;
use crate::sync::Mutex;
use crate::time::Instant;
use crate::topology::TopicPartition;
use crate::wake::{DriverSignal, Notices, Wakers, lock};

/// What happened to a member of a group.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ConsumerEvent {
    /// These are its own now: their offsets are known, and they are read.
    Assigned {
        /// Which.
        partitions: Vec<TopicPartition>,
    },
    /// These will be given up; nothing more of them is handed out. They go, after what is done of them was committed, when
    /// every clone of `hold` is dropped, and at `until` in any case.
    Revoking {
        /// Which.
        partitions: Vec<TopicPartition>,
        /// The latest time, on the scale of the client's monotonic clock.
        until: Instant,
        /// Keeps them until it is dropped.
        hold: Hold,
    },
    /// These are not its own any more, without a word before: the ZooKeeper session was lost, the coordinator has taken the
    /// member out, or it has to leave because of one that speaks another dialect. Nothing of them is handed out or committed any
    /// more.
    Lost {
        /// Which.
        partitions: Vec<TopicPartition>,
    },
    /// There are more members than partitions: this one has nothing to do until one of them goes. Legal, and seldom meant.
    Idle,
    /// A member joined that speaks another dialect, and is not counted.
    ForeignMember {
        /// Its id.
        member: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The listener lagged too far behind: so many events, the oldest, are lost to it.
    Missed {
        /// How many.
        events: u64,
    },
    /// An offset could not be committed. While the partition is this member's it is tried again with the next commit; when
    /// it is given up, whoever gets it goes on at the offset before.
    CommitFailed {
        /// Of which partition.
        partition: TopicPartition,
        /// Why.
        reason: String,
    },
}

/// Keeps partitions that are being revoked until it is dropped.
#[derive(Clone, Debug)]
pub struct Hold {
    _guard: Arc<Guard>,
}

#[derive(Debug)]
struct Guard {
    signal: Arc<DriverSignal>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.signal.notify(Notices::CREDIT);
    }
}

/// The engine's view of a [`Hold`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Held(Weak<Guard>);

impl Hold {
    pub(crate) fn new(signal: &Arc<DriverSignal>) -> (Self, Held) {
        let guard = Arc::new(Guard { signal: Arc::clone(signal) });
        let held = Held(Arc::downgrade(&guard));
        (Self { _guard: guard }, held)
    }
}

/// Two of them are alike when both are held, or neither is.
impl Hash for Held {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.is_held().hash(state);
    }
}

impl Held {
    pub(crate) fn is_held(&self) -> bool {
        self.0.strong_count() > 0
    }
}

/// Where the engine tells and the application looks.
#[derive(Debug, Default)]
pub struct Board(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    assignment: Arc<[TopicPartition]>,
    /// Readers that the application has not taken yet, and who waits for one.
    readers: BTreeMap<Arc<str>, Reader>,
    awaits_readers: Option<Waker>,
    listeners: BTreeMap<u64, Listener>,
    listened: u64,
    failure: Option<GroupError>,
    is_over: bool,
}

#[derive(Debug, Default)]
struct Listener {
    events: VecDeque<ConsumerEvent>,
    /// Events that it has lost since it heard one.
    missed: u64,
    waiting: Option<Waker>,
}

/// The application's side.
impl Board {
    /// What the member owns and reads.
    pub fn assignment(&self) -> Arc<[TopicPartition]> {
        Arc::clone(&lock(&self.0).assignment)
    }

    /// Why the membership ended, if it ended by itself: told once.
    pub fn take_failure(&self) -> Option<GroupError> {
        lock(&self.0).failure.take()
    }

    /// Whether the membership has ended.
    pub fn is_over(&self) -> bool {
        lock(&self.0).is_over
    }

    /// The readers that have come and were not taken yet.
    pub fn take_readers(&self) -> BTreeMap<Arc<str>, Reader> {
        std::mem::take(&mut lock(&self.0).readers)
    }

    /// The same; and whoever asks is woken when one comes, and at the end.
    pub fn poll_readers(&self, waker: &Waker) -> BTreeMap<Arc<str>, Reader> {
        let mut state = lock(&self.0);
        if !state.awaits_readers.as_ref().is_some_and(|old| old.will_wake(waker)) {
            state.awaits_readers = Some(waker.clone());
        }
        std::mem::take(&mut state.readers)
    }

    /// Looks at those that were not taken yet.
    pub fn look_at_readers<T>(&self, look: impl FnOnce(&BTreeMap<Arc<str>, Reader>) -> T) -> T {
        look(&lock(&self.0).readers)
    }

    /// Somebody listens from now on, under this number.
    pub fn listen(&self) -> u64 {
        let mut state = lock(&self.0);
        state.listened += 1;
        let listener = state.listened;
        state.listeners.insert(listener, Listener::default());
        listener
    }

    /// The listener is gone, with what it did not hear.
    pub fn leave(&self, listener: u64) {
        let gone = lock(&self.0).listeners.remove(&listener);
        drop(gone);
    }

    /// The next event; `None` after the last.
    pub fn poll_event(&self, listener: u64, waker: &Waker) -> Poll<Option<ConsumerEvent>> {
        let mut state = lock(&self.0);
        let is_over = state.is_over;
        let Some(listener) = state.listeners.get_mut(&listener) else { return Poll::Ready(None) };
        let missed = std::mem::take(&mut listener.missed);
        if missed > 0 {
            return Poll::Ready(Some(ConsumerEvent::Missed { events: missed }));
        }
        if let Some(event) = listener.events.pop_front() {
            return Poll::Ready(Some(event));
        }
        if is_over {
            return Poll::Ready(None);
        }
        listener.waiting = Some(waker.clone());
        Poll::Pending
    }
}

/// The engine's side.
impl Board {
    pub(crate) fn show(&self, assignment: Arc<[TopicPartition]>) {
        lock(&self.0).assignment = assignment;
    }

    /// A reader of a topic that has come. An earlier one of it has ended.
    pub(crate) fn bring(&self, reader: Reader, wakers: &mut Wakers) {
        let mut state = lock(&self.0);
        let ended = state.readers.insert(Arc::clone(reader.topic()), reader);
        state.awaits_readers.take().into_iter().for_each(|waker| wakers.push(waker));
        drop(state);
        drop(ended);
    }

    /// Told to everybody who listens; to nobody, if nobody does.
    pub(crate) fn tell(&self, event: &ConsumerEvent, wakers: &mut Wakers) {
        let mut lost = Vec::new();
        let mut state = lock(&self.0);
        for listener in state.listeners.values_mut() {
            if listener.events.len() == limits::CONSUMER_EVENTS {
                lost.extend(listener.events.pop_front());
                listener.missed += 1;
            }
            listener.events.push_back(event.clone());
            listener.waiting.take().into_iter().for_each(|waker| wakers.push(waker));
        }
        drop(state);
        drop(lost);
    }

    /// There will be nothing more.
    pub(crate) fn end(&self, failure: Option<GroupError>, wakers: &mut Wakers) {
        let mut state = lock(&self.0);
        state.assignment = Arc::default();
        state.is_over = true;
        state.failure = failure;
        state.awaits_readers.take().into_iter().for_each(|waker| wakers.push(waker));
        let not_taken = std::mem::take(&mut state.readers);
        for listener in state.listeners.values_mut() {
            listener.waiting.take().into_iter().for_each(|waker| wakers.push(waker));
        }
        drop(state);
        drop(not_taken);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost() -> ConsumerEvent {
        ConsumerEvent::Lost { partitions: Vec::new() }
    }

    #[test]
    fn partitions_that_nobody_listens_for_are_held_by_nobody() {
        let (signal, board) = (Arc::new(DriverSignal::default()), Board::default());
        let (hold, state) = Hold::new(&signal);
        let event = ConsumerEvent::Revoking { partitions: Vec::new(), until: Instant::START, hold };
        board.tell(&event, &mut Wakers::default());
        drop(event);
        assert!(!state.is_held());
        assert!(signal.take().contains(Notices::CREDIT));
    }

    #[test]
    fn a_hold_keeps_until_the_last_clone_of_it_is_dropped() {
        let (signal, board) = (Arc::new(DriverSignal::default()), Board::default());
        let listener = board.listen();
        let (hold, state) = Hold::new(&signal);
        let event = ConsumerEvent::Revoking { partitions: Vec::new(), until: Instant::START, hold };
        board.tell(&event, &mut Wakers::default());
        drop(event);
        let heard = board.poll_event(listener, Waker::noop());
        assert!(state.is_held() && signal.take().is_empty());
        drop(heard);
        assert!(!state.is_held());
    }

    #[test]
    fn events_come_in_order_and_end_with_the_membership() {
        let board = Board::default();
        let listener = board.listen();
        let mut wakers = Wakers::default();
        assert!(board.poll_event(listener, Waker::noop()).is_pending());
        board.tell(&ConsumerEvent::Idle, &mut wakers);
        board.tell(&lost(), &mut wakers);
        board.end(Some(GroupError::Closed), &mut wakers);
        let next = || board.poll_event(listener, Waker::noop());
        assert!(matches!(next(), Poll::Ready(Some(ConsumerEvent::Idle))));
        assert!(matches!(next(), Poll::Ready(Some(ConsumerEvent::Lost { .. }))));
        assert!(matches!(next(), Poll::Ready(None)));
        assert_eq!(board.take_failure(), Some(GroupError::Closed));
        assert_eq!(board.take_failure(), None);
    }

    #[test]
    fn who_waits_for_a_reader_is_woken_and_takes_it_once() {
        let (board, mut brought, mut ended) = (Board::default(), Wakers::default(), Wakers::default());
        assert!(board.poll_readers(Waker::noop()).is_empty());
        let (buffer, _) = super::super::tests::script::buffer();
        let topic = Arc::clone(buffer.topic());
        board.bring(Reader::new(buffer), &mut brought);
        assert!(!brought.is_empty());
        assert!(board.look_at_readers(|readers| readers.contains_key(&topic)));
        assert_eq!(board.poll_readers(Waker::noop()).into_keys().collect::<Vec<_>>(), [topic]);
        assert!(board.take_readers().is_empty());
        board.poll_readers(Waker::noop());
        board.end(None, &mut ended);
        assert!(!ended.is_empty(), "there will be none any more");
    }

    #[test]
    fn a_listener_that_lags_hears_how_many_it_has_missed() {
        let board = Board::default();
        let listener = board.listen();
        board.tell(&ConsumerEvent::Idle, &mut Wakers::default());
        for _ in 0..limits::CONSUMER_EVENTS {
            board.tell(&lost(), &mut Wakers::default());
        }
        let next = || board.poll_event(listener, Waker::noop());
        assert!(matches!(next(), Poll::Ready(Some(ConsumerEvent::Missed { events: 1 }))));
        assert!(matches!(next(), Poll::Ready(Some(ConsumerEvent::Lost { .. }))));
    }
}
