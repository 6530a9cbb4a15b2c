//! The batches of one topic: where a record goes.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use samsa_proto::records::Format;

use super::lane::{Form, Group, Lane, LaneId, LaneKind};
use super::open_batch::Refusal;
use super::store::Store;
use super::table::Table;
use super::unsettled::{OVERHEAD, Unsettled, UnsettledRecord};
use crate::error::AppendError;
use crate::limits;
use crate::producer::outcome::{BatchOutcome, Claim};
use crate::producer::partitioner::Partitioner;
use crate::producer::record::{OutgoingRecord, OwnedSet};
use crate::producer::ticket::Ticket;
use crate::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use crate::sync::{Mutex, MutexGuard};
use crate::time::{Instant, Now, UnixMillis};
use crate::wake::lock;

/// Where the records of one topic are appended. Clones share the batches.
#[derive(Clone, Debug)]
pub struct TopicBuffer {
    pub(super) topic: Arc<TopicBatches>,
    pub(super) store: Arc<Store>,
}

/// Set beside the magic where records with headers are taken.
const TAKES_HEADERS: u8 = 1 << 7;

/// The lanes of a topic, and its records from the time before there are lanes.
#[derive(Debug)]
pub(crate) struct TopicBatches {
    name: Arc<str>,
    index: u32,
    /// 0 until the topic is settled. All that is read of the routing, by whoever appends.
    partitions: AtomicU32,
    /// Of lanes that are made later: the magic, and [`TAKES_HEADERS`].
    form: AtomicU8,
    bound: Table,
    free: [Lane; limits::FREE_SLOTS],
    unsettled: Mutex<Unsettled>,
    /// One topic too many: the sender does not know it.
    refuses: bool,
}

impl TopicBuffer {
    pub(super) fn new(topic: Arc<TopicBatches>, store: Arc<Store>) -> Self {
        Self { topic, store }
    }

    /// The topic's name.
    pub fn name(&self) -> &Arc<str> {
        &self.topic.name
    }

    /// Puts a record into the batch that it belongs to, or says at once why not. Its place in its partition is fixed
    /// when this returns.
    ///
    /// `now` is the time of the call; one reading may do for many records.
    #[inline]
    pub fn append(&self, record: &OutgoingRecord<'_>, now: Now) -> Result<Ticket, AppendError> {
        let partitions = self.topic.partitions.load(Ordering::Acquire);
        let need = record.size_bound();
        if partitions == 0 || need > self.store.carefree_bytes() {
            return self.append_with_care(record, now);
        }
        self.append_settled(record, need, partitions, now)
    }

    /// As [`append`](Self::append), but waits while the buffer is full. Nothing else is waited for, and no error but
    /// [`AppendError::Full`] turns into waiting.
    pub fn poll_append(
        &self,
        record: &OutgoingRecord<'_>,
        now: Now,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Ticket, AppendError>> {
        self.poll_room_for(cx, || self.append(record, now))
    }

    /// Tries again when there may be room, as long as there is none.
    pub(super) fn poll_room_for<T>(
        &self,
        cx: &mut Context<'_>,
        attempt: impl Fn() -> Result<T, AppendError>,
    ) -> Poll<Result<T, AppendError>> {
        let attempt = || Some(attempt()).filter(|result| !matches!(result, Err(AppendError::Full { .. })));
        let result = attempt().or_else(|| self.store.memory().wait_unless(cx.waker(), attempt));
        result.map_or(Poll::Pending, Poll::Ready)
    }

    #[inline]
    fn append_settled(
        &self,
        record: &OutgoingRecord<'_>,
        need: usize,
        partitions: u32,
        now: Now,
    ) -> Result<Ticket, AppendError> {
        let lane = match route(self.store.partitioner(), record, partitions) {
            Some(partition) => self.topic.bound.get(partition),
            None => Some(&self.topic.free[self.store.free_slot()]),
        };
        let Some(lane) = lane else { return self.append_to_new_lane(record, need, now) };
        lane.append(&self.store, record, need, now).map_err(|refusal| self.refuse(refusal, record))
    }

    /// The first record of a partition.
    #[cold]
    fn append_to_new_lane(
        &self,
        record: &OutgoingRecord<'_>,
        need: usize,
        now: Now,
    ) -> Result<Ticket, AppendError> {
        let result = self.lane(record)?.append(&self.store, record, need, now);
        result.map_err(|refusal| self.refuse(refusal, record))
    }

    /// A record that is large, or whose topic is not settled.
    #[cold]
    fn append_with_care(&self, record: &OutgoingRecord<'_>, now: Now) -> Result<Ticket, AppendError> {
        let need = self.admit(record)?;
        let Some(queue) = self.unsettled()? else {
            return self.append_settled(record, need, self.topic.partitions.load(Ordering::Acquire), now);
        };
        let Some(charge) = self.charge_waiting(record.size_bound()) else {
            drop(queue);
            return Err(self.refuse(Refusal::NoRoom, record));
        };
        let claim = self.wait_settled(queue, OwnedSet::of_one(record, now), charge);
        Ok(Ticket::new(claim, 0, record.timestamp_at(now)))
    }

    /// Whether a record is small enough, and how many bytes it takes at most.
    pub(super) fn admit(&self, record: &OutgoingRecord<'_>) -> Result<usize, AppendError> {
        let size = record.size_alone();
        let limit = self.store.message_bytes();
        if size > limit {
            return Err(AppendError::TooLarge { size, limit });
        }
        Ok(record.size_bound().min(size.max(limit)))
    }

    /// The queue of the records that wait for the topic to be known; none when it is.
    pub(super) fn unsettled(&self) -> Result<Option<MutexGuard<'_, Unsettled>>, AppendError> {
        let queue = lock(&self.topic.unsettled);
        if self.topic.is_settled() {
            return Ok(None);
        }
        if self.store.is_closed() {
            return Err(AppendError::Closed);
        }
        if self.topic.refuses {
            return Err(AppendError::TooManyTopics { limit: limits::TOPICS });
        }
        Ok(Some(queue))
    }

    /// Charges for records of so many bytes that wait for their topic, if there is room.
    pub(super) fn charge_waiting(&self, size_bound: usize) -> Option<usize> {
        let charge = size_bound.saturating_add(OVERHEAD).min(self.store.memory().limit());
        self.store.memory().charge(charge).then_some(charge)
    }

    /// Puts records that are charged for in the queue.
    pub(super) fn wait_settled(
        &self,
        mut queue: MutexGuard<'_, Unsettled>,
        set: OwnedSet,
        charge: usize,
    ) -> Claim {
        let outcome = BatchOutcome::new();
        outcome.set_count(set.records.len() as u32);
        let claim = outcome.claim();
        queue.records.push_back(UnsettledRecord { set, outcome, charge });
        let tell = !std::mem::replace(&mut queue.listed, true);
        if tell {
            self.store.list(self.topic.unsettled_id());
        }
        drop(queue);
        if tell {
            self.store.signal();
        }
        claim
    }

    /// The lane of what was routed so; made now if need be.
    pub(super) fn lane(&self, routing: &OutgoingRecord<'_>) -> Result<&Lane, AppendError> {
        let partitions = self.topic.partitions.load(Ordering::Acquire);
        let Some(wanted) = route(self.store.partitioner(), routing, partitions) else {
            return Ok(&self.topic.free[self.store.free_slot()]);
        };
        let lane = self
            .topic
            .bound
            .get(wanted)
            .or_else(|| (wanted < partitions).then(|| self.topic.make_lane(wanted)).flatten());
        lane.ok_or_else(|| self.topic.unknown_partition(routing, wanted, partitions))
    }

    #[cold]
    pub(super) fn refuse(&self, refusal: Refusal, record: &OutgoingRecord<'_>) -> AppendError {
        match refusal {
            Refusal::NoRoom => {
                self.store.press();
                AppendError::Full { limit: self.store.memory().limit() }
            }
            Refusal::NoHeaders => AppendError::HeadersUnsupported { topic: Arc::clone(&self.topic.name) },
            Refusal::TooLarge => {
                AppendError::TooLarge { size: record.size_alone(), limit: self.store.message_bytes() }
            }
            Refusal::Closed => AppendError::Closed,
        }
    }
}

impl TopicBatches {
    pub(super) fn new(name: Arc<str>, index: u32) -> Self {
        let free =
            |slot| Lane::new(LaneId { topic: index, kind: LaneKind::Free(slot) }, Form::of(Format::V2));
        Self {
            name,
            index,
            partitions: AtomicU32::new(0),
            form: AtomicU8::new(Format::V2.magic() as u8 | TAKES_HEADERS),
            bound: Table::default(),
            free: std::array::from_fn(|slot| free(slot as u8)),
            unsettled: Mutex::default(),
            refuses: false,
        }
    }

    pub(super) fn refusing(name: Arc<str>) -> Self {
        Self { refuses: true, ..Self::new(name, u32::MAX) }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The lane of a partition, if it ever had a record.
    pub(crate) fn bound(&self, partition: u32) -> Option<&Lane> {
        self.bound.get(partition)
    }

    /// The lanes of keyless records.
    pub(crate) fn free(&self) -> &[Lane] {
        &self.free
    }

    fn make_lane(&self, partition: u32) -> Option<&Lane> {
        let id = LaneId { topic: self.index, kind: LaneKind::Bound(partition) };
        // Under the topic's mutex, so that who passes through it sees all lanes that were made before.
        let _unsettled = lock(&self.unsettled);
        self.bound.get_or_make(partition, || Lane::new(id, self.form()))
    }

    pub(crate) fn form(&self) -> Form {
        let form = self.form.load(Ordering::Acquire);
        let format = Format::from_magic((form & !TAKES_HEADERS) as i8).unwrap_or(Format::V2);
        Form { format, takes_headers: form & TAKES_HEADERS != 0 }
    }

    fn unsettled_id(&self) -> LaneId {
        LaneId { topic: self.index, kind: LaneKind::Unsettled }
    }

    fn unknown_partition(&self, record: &OutgoingRecord<'_>, wanted: u32, partitions: u32) -> AppendError {
        let partition = record.partition.unwrap_or_else(|| i32::try_from(wanted).unwrap_or(i32::MAX));
        AppendError::UnknownPartition { topic: Arc::clone(&self.name), partition, count: partitions as usize }
    }

    /// Waits for everybody who is appending at this moment.
    pub(super) fn pass_through(&self) {
        let unsettled = lock(&self.unsettled);
        self.bound.iter().chain(&self.free).for_each(Lane::pass_through);
        drop(unsettled);
    }
}

/// For the sender.
impl TopicBatches {
    pub(crate) fn is_settled(&self) -> bool {
        self.partitions.load(Ordering::Acquire) > 0
    }

    /// What keyless records, and partitions that have no record yet, are to be written in.
    pub(crate) fn set_form(&self, form: Form) {
        let takes_headers = if form.takes_headers { TAKES_HEADERS } else { 0 };
        self.form.store(form.format.magic() as u8 | takes_headers, Ordering::Release);
        self.free.iter().for_each(|lane| lane.set_form(form));
    }

    /// The topic has other partitions than before.
    pub(crate) fn set_partitions(&self, partitions: u32) {
        self.partitions.store(partitions, Ordering::Release);
    }

    /// The topic is known: the records that waited go into batches, in order, and later ones go there directly. Those
    /// that cannot are handed to `refuse`. The batches take the memory that the records held while they waited; returns what is
    /// left of it.
    pub(crate) fn settle(
        &self,
        store: &Store,
        partitions: u32,
        mut refuse: impl FnMut(UnsettledRecord, AppendError),
    ) -> usize {
        let mut unsettled = lock(&self.unsettled);
        let mut paid = 0;
        for waiting in std::mem::take(&mut unsettled.records) {
            paid += waiting.charge;
            if let Err(error) = self.settle_record(store, &waiting, partitions, &mut paid) {
                refuse(waiting, error);
            }
        }
        self.set_partitions(partitions);
        paid
    }

    fn settle_record(
        &self,
        store: &Store,
        waiting: &UnsettledRecord,
        partitions: u32,
        paid: &mut usize,
    ) -> Result<(), AppendError> {
        waiting.set.lend(|set| {
            let lane = self.settled_lane(store, &set.routing(), partitions)?;
            let limit = store.message_bytes();
            let group = Group { set, need: set.size_bound().min(limit), is_set: waiting.set.is_set };
            let accepted = Now { mono: waiting.set.accepted, wall: UnixMillis::default() };
            let appended = lane.append_accepted(store, &group, accepted, waiting.outcome.clone(), paid);
            appended.map_err(|refusal| match refusal {
                Refusal::NoHeaders => AppendError::HeadersUnsupported { topic: Arc::clone(&self.name) },
                _ => AppendError::TooLarge { size: set.size_alone(accepted), limit },
            })
        })
    }

    /// Called with the topic's mutex held.
    fn settled_lane(
        &self,
        store: &Store,
        routing: &OutgoingRecord<'_>,
        partitions: u32,
    ) -> Result<&Lane, AppendError> {
        let Some(wanted) = route(store.partitioner(), routing, partitions) else { return Ok(&self.free[0]) };
        let id = LaneId { topic: self.index, kind: LaneKind::Bound(wanted) };
        let make = || Lane::new(id, self.form());
        let lane = (wanted < partitions).then(|| self.bound.get_or_make(wanted, make)).flatten();
        lane.ok_or_else(|| self.unknown_partition(routing, wanted, partitions))
    }

    /// A record that waited and was accepted so long ago.
    pub(crate) fn take_expired_unsettled(&self, now: Instant, timeout: Duration) -> Option<UnsettledRecord> {
        lock(&self.unsettled).take_expired(now, timeout)
    }

    /// Since when records wait for the topic to be known. If none does, the next one will be told of.
    pub(crate) fn look_unsettled(&self) -> Option<Instant> {
        let mut unsettled = lock(&self.unsettled);
        unsettled.listed = !unsettled.records.is_empty();
        unsettled.oldest()
    }

    /// When the first of the waiting records was accepted. Changes nothing.
    pub(crate) fn oldest_unsettled(&self) -> Option<Instant> {
        lock(&self.unsettled).oldest()
    }

    /// All records that wait for the topic to be known.
    pub(crate) fn take_unsettled(&self) -> Vec<UnsettledRecord> {
        lock(&self.unsettled).records.drain(..).collect()
    }

    pub(crate) fn unsettled_outcomes(&self, into: &mut Vec<BatchOutcome>) {
        into.extend(lock(&self.unsettled).records.iter().map(|waiting| waiting.outcome.clone()));
    }
}

/// The partition that a record is bound to. A number that cannot be one becomes one that there never is.
#[inline]
fn route(partitioner: &Partitioner, record: &OutgoingRecord<'_>, partitions: u32) -> Option<u32> {
    match (record.partition, record.key) {
        (Some(partition), _) => Some(u32::try_from(partition).unwrap_or(u32::MAX)),
        (None, Some(key)) => Some(partitioner.partition(key, partitions)),
        (None, None) => None,
    }
}
