//! The batch that a lane writes to: its buffer, and the memory that it is charged for.

use std::ops::Range;

use samsa_proto::records::{Builder, EncodeError, Format};

use super::pool::Pool;
use super::store::Store;
use crate::producer::outcome::BatchOutcome;
use crate::producer::record::{OutgoingRecord, OutgoingSet};
use crate::producer::ticket::Ticket;
use crate::time::{Instant, Now, UnixMillis};

/// Why a lane did not take a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    NoRoom,
    NoHeaders,
    TooLarge,
    Closed,
}

/// A batch that the sender takes out of a lane.
#[derive(Debug)]
pub(crate) struct LaneBatch {
    pub(crate) builder: Builder,
    pub(crate) outcome: BatchOutcome,
    /// Some record has headers.
    pub(crate) has_headers: bool,
    /// When its first record was accepted.
    pub(crate) opened: Instant,
    /// Memory that it holds.
    pub(crate) charge: usize,
    /// Tickets that were given before there was a batch, with their records' places in it.
    pub(crate) followers: Vec<(u32, BatchOutcome)>,
    /// Records that stay together whatever becomes of the batch: from each first place to before that other one.
    pub(crate) sets: Vec<Range<u32>>,
}

/// Who pays for the memory that a record takes.
#[derive(Debug)]
pub(super) enum Charge<'a> {
    /// The record is refused when there is not enough.
    IfRoom,
    /// So many bytes were charged before, for this record at the least. What is left of them comes back.
    Paid(&'a mut usize),
}

impl Charge<'_> {
    /// Takes so many bytes, if there are as many.
    fn pay(&mut self, store: &Store, bytes: usize) -> bool {
        let paid = match self {
            Self::IfRoom => 0,
            Self::Paid(left) => **left,
        };
        let more = bytes.saturating_sub(paid);
        let is_paid = more == 0 || store.memory().charge(more);
        if let Self::Paid(left) = self
            && is_paid
        {
            **left = paid.saturating_sub(bytes);
        }
        is_paid
    }
}

#[derive(Debug)]
pub(super) struct Open {
    pub(super) batch: LaneBatch,
    /// Up to here a record is written without further ado.
    room: usize,
    /// Somebody flushes, or waits for memory.
    pub(super) hurried: bool,
}

impl Open {
    /// An empty batch of the `usual` size if there is memory for that, else of the size that is needed.
    pub(super) fn new(
        store: &Store,
        format: Format,
        usual: usize,
        need: usize,
        now: Now,
        charge: &mut Charge<'_>,
    ) -> Result<Self, Refusal> {
        let sizes = [Pool::round_up(usual.max(need)), Pool::round_up(need), need];
        let capacity = sizes.into_iter().find(|size| charge.pay(store, *size)).ok_or(Refusal::NoRoom)?;
        let affords = |larger: usize| charge.pay(store, larger.saturating_sub(capacity));
        let buffer = store.pool().take(capacity, affords);
        let batch = LaneBatch {
            charge: buffer.capacity().max(capacity),
            builder: Builder::new(buffer, format),
            outcome: BatchOutcome::new(),
            has_headers: false,
            opened: now.mono,
            followers: Vec::new(),
            sets: Vec::new(),
        };
        let room = batch.builder.capacity().min(store.batch_bytes());
        Ok(Self { batch, room, hurried: false })
    }

    /// Whether the record fits as things are.
    #[inline]
    pub(super) fn takes(&self, record: &OutgoingRecord<'_>, need: usize) -> bool {
        let format = record.headers.is_empty() || self.batch.builder.format() == Format::V2;
        format && need <= self.room.saturating_sub(self.batch.builder.len())
    }

    /// Whether so many bytes fit if the buffer grows.
    pub(super) fn can_take(&self, has_headers: bool, need: usize, batch_bytes: usize) -> bool {
        let format = !has_headers || self.batch.builder.format() == Format::V2;
        format && need <= batch_bytes.saturating_sub(self.batch.builder.len())
    }

    #[inline]
    pub(super) fn append(&mut self, record: &OutgoingRecord<'_>, now: Now) -> Result<Ticket, Refusal> {
        let timestamp = record.timestamp_at(now);
        let index = self.write(record, timestamp)?;
        Ok(Ticket::new(self.batch.outcome.claim(), index, timestamp))
    }

    #[inline]
    fn write(&mut self, record: &OutgoingRecord<'_>, timestamp: UnixMillis) -> Result<u32, Refusal> {
        let headers = record.headers.iter().copied();
        let index = self.batch.builder.append(timestamp.0, record.key, record.value, headers);
        let index = index.map_err(|error| refusal(&error))?;
        self.batch.has_headers |= !record.headers.is_empty();
        self.batch.outcome.set_count(index + 1);
        Ok(index)
    }

    /// Writes all records of a set, for which there is room, and returns the place of the first.
    pub(super) fn append_all(&mut self, set: &OutgoingSet<'_>, now: Now) -> Result<u32, Refusal> {
        let first = self.batch.builder.count();
        for record in set.stored() {
            self.write(&record, record.timestamp_at(now))?;
        }
        Ok(first)
    }

    /// Charges what the buffer will take when it doubles, which it does by itself.
    pub(super) fn grow(
        &mut self,
        store: &Store,
        need: usize,
        charge: &mut Charge<'_>,
    ) -> Result<(), Refusal> {
        let wanted = self.batch.builder.len() + need;
        let capacity = self.batch.builder.capacity();
        if wanted <= capacity {
            return Ok(());
        }
        let more = wanted.max(2 * capacity).saturating_sub(self.batch.charge);
        if !charge.pay(store, more) {
            return Err(Refusal::NoRoom);
        }
        self.batch.charge += more;
        Ok(())
    }

    pub(super) fn recount(&mut self, store: &Store) {
        let capacity = self.batch.builder.capacity();
        if capacity > self.batch.charge {
            store.memory().charge_anyway(capacity - self.batch.charge);
            self.batch.charge = capacity;
        }
        self.room = capacity.min(store.batch_bytes());
    }
}

#[cold]
fn refusal(error: &EncodeError) -> Refusal {
    match error {
        EncodeError::HeadersUnsupported { .. } => Refusal::NoHeaders,
        _ => Refusal::TooLarge,
    }
}
