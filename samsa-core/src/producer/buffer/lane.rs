//! One lane of open and full batches: of a partition, or of keyless records.
//!
//! Application threads append at one end, the sender takes at the other, and one mutex is held for the time of either.
//! What the sender knows of a lane decides whether it must be told of a change:
//!
//! | known    | the sender                             | a record opens a batch | a batch is full |
//! |----------|----------------------------------------|------------------------|-----------------|
//! | `Idle`   | found the lane empty                   | listed, signal         | -               |
//! | `Lingers`| will look when the linger time is over,| -                      | listed, signal  |
//! |          | or after an answer                     |                        |                 |
//! | `Listed` | will look soon, or after an answer     | -                      | -               |
//!
//! A lane is put on the ready list while its mutex is held, so whoever appends to a lane that is `Listed` may rely on
//! its being on the list, or with the sender. The signal is given after the mutex is free. The sender takes the whole
//! list and then looks at each lane; its look sets what is known, under the mutex. So there is no moment in which a
//! record lies in a lane that is `Idle`, and none in which a lane is `Listed` and forgotten.

use std::collections::VecDeque;
use std::time::Duration;

use samsa_proto::records::Format;

use super::open_batch::{Charge, LaneBatch, Open, Refusal};
use super::pool::LEAST;
use super::store::Store;
use crate::producer::outcome::{BatchOutcome, Claim};
use crate::producer::record::{OutgoingRecord, OutgoingSet};
use crate::producer::ticket::Ticket;
use crate::sync::Mutex;
use crate::time::{Instant, Now};
use crate::wake::lock;

/// Which lane: of which topic, by the number that the buffer gave it, and which of its lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LaneId {
    pub(crate) topic: u32,
    pub(crate) kind: LaneKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LaneKind {
    /// The records of one partition.
    Bound(u32),
    /// Keyless records, in one of a few slots.
    Free(u8),
    /// Records that wait for their topic to be known; not a lane, but listed as one.
    Unsettled,
}

/// What the sender finds in a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    Empty,
    /// The oldest batch may go.
    Due {
        opened: Instant,
    },
    Lingers {
        opened: Instant,
        until: Instant,
    },
}

/// What is written where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) format: Format,
    /// Records with headers are taken; they begin a batch in the format that has them, whatever else is written. Where that
    /// turns out wrong is seen when the batch is sent.
    pub(crate) takes_headers: bool,
}

/// Kept apart from its neighbours in memory, so that threads on different lanes do not slow each other.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Lane {
    id: LaneId,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    known: Known,
    /// What the next batch will be written in.
    form: Form,
    open: Option<Open>,
    full: VecDeque<LaneBatch>,
    /// The size of batches lately: what the next one starts with.
    usual: usize,
}

/// Records that are appended together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group<'a> {
    pub(super) set: &'a OutgoingSet<'a>,
    /// At most so many bytes.
    pub(super) need: usize,
    /// They stay together whatever becomes of the batch.
    pub(super) is_set: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Idle,
    Lingers,
    Listed,
}

impl Lane {
    pub(super) fn new(id: LaneId, form: Form) -> Self {
        let state = State { known: Known::Idle, form, open: None, full: VecDeque::new(), usual: LEAST };
        Self { id, state: Mutex::new(state) }
    }

    /// Writes a record that takes at most `need` bytes.
    #[inline]
    pub(super) fn append(
        &self,
        store: &Store,
        record: &OutgoingRecord<'_>,
        need: usize,
        now: Now,
    ) -> Result<Ticket, Refusal> {
        let mut state = lock(&self.state);
        if store.is_closed() {
            return Err(Refusal::Closed);
        }
        if let Some(open) = &mut state.open
            && open.takes(record, need)
        {
            return open.append(record, now);
        }
        let (result, tell) = state.append_with_room(self.id, store, record, need, now);
        drop(state);
        if tell {
            store.signal();
        }
        result
    }

    /// Writes records one behind the other into one batch, all of them or none. Returns a share in the batch's outcome
    /// and the place of the first.
    pub(super) fn append_all(
        &self,
        store: &Store,
        group: &Group<'_>,
        now: Now,
        charge: &mut Charge<'_>,
    ) -> Result<(Claim, u32), Refusal> {
        let mut state = lock(&self.state);
        if store.is_closed() {
            return Err(Refusal::Closed);
        }
        let share = |batch: &mut LaneBatch, first| (batch.outcome.claim(), first);
        let (result, tell) = state.append_all(self.id, store, group, now, charge, share);
        drop(state);
        if tell {
            store.signal();
        }
        result
    }

    /// Writes what was accepted before, whose ticket waits for `outcome`, for `paid` bytes that were charged then. For the sender,
    /// which looks at the ready list afterwards.
    pub(super) fn append_accepted(
        &self,
        store: &Store,
        group: &Group<'_>,
        accepted: Now,
        outcome: BatchOutcome,
        paid: &mut usize,
    ) -> Result<(), Refusal> {
        let mut state = lock(&self.state);
        let follow = |batch: &mut LaneBatch, first| batch.followers.push((first, outcome));
        state.append_all(self.id, store, group, accepted, &mut Charge::Paid(paid), follow).0
    }

    /// What there is, and from now on what the sender knows.
    pub(crate) fn look(&self, now: Instant, linger: Duration) -> Look {
        let mut state = lock(&self.state);
        let look = state.look(now, linger);
        state.known = match look {
            Look::Empty => Known::Idle,
            Look::Lingers { .. } => Known::Lingers,
            Look::Due { .. } => Known::Listed,
        };
        look
    }

    /// Whether a batch is full. If none is, the sender is told of the next one; it will look again after an answer.
    pub(crate) fn has_full(&self) -> bool {
        let mut state = lock(&self.state);
        let has_full = !state.full.is_empty();
        if !has_full && state.open.is_some() {
            state.known = Known::Lingers;
        }
        has_full
    }

    /// The oldest batch, full or not.
    pub(crate) fn take(&self) -> Option<LaneBatch> {
        lock(&self.state).take()
    }

    /// When the oldest batch was opened. Changes nothing.
    pub(crate) fn oldest(&self) -> Option<Instant> {
        lock(&self.state).oldest()
    }

    /// The oldest batch, if it was opened so long ago.
    pub(crate) fn take_expired(&self, now: Instant, timeout: Duration) -> Option<LaneBatch> {
        let mut state = lock(&self.state);
        state.oldest().filter(|opened| *opened + timeout <= now).and_then(|_| state.take())
    }

    /// Makes the open batch go without lingering.
    pub(crate) fn hurry(&self) {
        if let Some(open) = &mut lock(&self.state).open {
            open.hurried = true;
        }
    }

    /// What the next batch is to be written in.
    pub(crate) fn set_form(&self, form: Form) {
        lock(&self.state).form = form;
    }

    /// Whether some record of the batch that is taken next has headers.
    pub(crate) fn has_headers(&self) -> bool {
        let state = lock(&self.state);
        let next = state.full.front().or(state.open.as_ref().map(|open| &open.batch));
        next.is_some_and(|batch| batch.has_headers)
    }

    /// Waits for whoever is appending at this moment.
    pub(super) fn pass_through(&self) {
        drop(lock(&self.state));
    }

    /// Adds the outcomes of all batches that are here.
    pub(crate) fn outcomes(&self, into: &mut Vec<BatchOutcome>) {
        let state = lock(&self.state);
        let open = state.open.iter().map(|open| &open.batch);
        into.extend(state.full.iter().chain(open).map(|batch| batch.outcome.clone()));
    }
}

impl Form {
    /// All leaders take this format.
    pub(crate) fn of(format: Format) -> Self {
        Self { format, takes_headers: format == Format::V2 }
    }
}

impl Look {
    /// When the oldest batch was opened.
    pub(crate) fn opened(self) -> Option<Instant> {
        match self {
            Self::Empty => None,
            Self::Due { opened } | Self::Lingers { opened, .. } => Some(opened),
        }
    }
}

impl State {
    /// The way of a record that does not simply fit. Also says whether the driver has to be told.
    #[cold]
    fn append_with_room(
        &mut self,
        id: LaneId,
        store: &Store,
        record: &OutgoingRecord<'_>,
        need: usize,
        now: Now,
    ) -> (Result<Ticket, Refusal>, bool) {
        let has_headers = !record.headers.is_empty();
        let (room, tell) = self.make_room(id, store, has_headers, need, now, &mut Charge::IfRoom);
        let result = room
            .and_then(|()| self.open.as_mut().map_or(Err(Refusal::NoRoom), |open| open.append(record, now)));
        let filled = self.close_if_large(store);
        (result, (filled && self.tell(id, store, true)) || tell)
    }

    /// Writes a group, and hands its batch and the place of its first record to `then`. Also says whether the driver has to be
    /// told.
    fn append_all<T>(
        &mut self,
        id: LaneId,
        store: &Store,
        group: &Group<'_>,
        now: Now,
        charge: &mut Charge<'_>,
        then: impl FnOnce(&mut LaneBatch, u32) -> T,
    ) -> (Result<T, Refusal>, bool) {
        let (room, tell) = self.make_room(id, store, group.set.has_headers(), group.need, now, charge);
        let result = room.and_then(|()| {
            let open = self.open.as_mut().ok_or(Refusal::NoRoom)?;
            let first = open.append_all(group.set, now)?;
            if group.is_set {
                open.batch.sets.push(first..open.batch.builder.count());
            }
            Ok(then(&mut open.batch, first))
        });
        let filled = self.close_if_large(store);
        (result, (filled && self.tell(id, store, true)) || tell)
    }

    /// Sees to it that the open batch takes so many bytes. Also says whether the driver has to be told.
    fn make_room(
        &mut self,
        id: LaneId,
        store: &Store,
        has_headers: bool,
        need: usize,
        now: Now,
        charge: &mut Charge<'_>,
    ) -> (Result<(), Refusal>, bool) {
        if has_headers && !self.form.takes_headers {
            return (Err(Refusal::NoHeaders), false);
        }
        let format = if has_headers { Format::V2 } else { self.form.format };
        let mut tell = false;
        if self.open.as_ref().is_some_and(|open| !open.can_take(has_headers, need, store.batch_bytes())) {
            self.fill();
            tell = self.tell(id, store, true);
        }
        let mut room = self.open.as_mut().map(|open| open.grow(store, need, charge));
        if matches!(room, Some(Err(_))) && matches!(charge, Charge::Paid(_)) {
            // What was accepted is not refused; it begins a batch that is no larger than was paid for.
            self.fill();
            tell = self.tell(id, store, true);
            room = None;
        }
        let room = room.unwrap_or_else(|| {
            let open = Open::new(store, format, self.usual, need, now, charge);
            open.map(|open| self.open = Some(open))
        });
        if room.is_ok() {
            tell |= self.tell(id, store, false);
        }
        (room, tell)
    }

    /// A record that alone is as large as a batch may be is not left open; neither is memory that the buffer took on
    /// its own left uncounted.
    fn close_if_large(&mut self, store: &Store) -> bool {
        let Some(open) = &mut self.open else { return false };
        open.recount(store);
        let full = open.batch.builder.len() >= store.batch_bytes();
        if full {
            self.fill();
        }
        full
    }

    /// The open batch takes no more.
    fn fill(&mut self) {
        if let Some(open) = self.open.take() {
            self.note_size(&open.batch);
            self.full.push_back(open.batch);
        }
    }

    /// Grows at once and shrinks slowly, so that batches whose sizes vary do not start too small each time.
    fn note_size(&mut self, batch: &LaneBatch) {
        self.usual = batch.builder.len().max(self.usual - self.usual / 8);
    }

    fn tell(&mut self, id: LaneId, store: &Store, filled: bool) -> bool {
        let tell = match self.known {
            Known::Idle => true,
            Known::Lingers => filled,
            Known::Listed => false,
        };
        if tell {
            self.known = Known::Listed;
            store.list(id);
        }
        tell
    }

    fn look(&self, now: Instant, linger: Duration) -> Look {
        if let Some(batch) = self.full.front() {
            return Look::Due { opened: batch.opened };
        }
        let Some(open) = &self.open else { return Look::Empty };
        let opened = open.batch.opened;
        let until = opened + linger;
        if open.hurried || until <= now { Look::Due { opened } } else { Look::Lingers { opened, until } }
    }

    fn oldest(&self) -> Option<Instant> {
        self.full.front().or(self.open.as_ref().map(|open| &open.batch)).map(|batch| batch.opened)
    }

    fn take(&mut self) -> Option<LaneBatch> {
        if let Some(batch) = self.full.pop_front() {
            return Some(batch);
        }
        let batch = self.open.take()?.batch;
        self.note_size(&batch);
        Some(batch)
    }
}
