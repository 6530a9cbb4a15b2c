//! Records that are appended together, and records for which room was taken before.

use std::sync::Arc;
use std::task::{Context, Poll};

use super::lane::Group;
use super::open_batch::{Charge, Refusal};
use super::store::Store;
use super::topic::TopicBuffer;
use crate::error::AppendError;
use crate::producer::outcome::Claim;
use crate::producer::record::{OutgoingRecord, OutgoingSet, OwnedSet};
use crate::producer::ticket::{SetTicket, Ticket};
use crate::time::Now;
use crate::wake::Wakers;

/// Room in the buffer for a record that is not published yet. It is given back when this is dropped.
#[derive(Debug)]
#[must_use = "dropped, the room is given back"]
pub struct Room {
    store: Arc<Store>,
    bytes: usize,
}

impl Room {
    /// Of bytes that are charged.
    fn new(store: &Arc<Store>, bytes: usize) -> Self {
        store.memory().lend(bytes);
        Self { store: Arc::clone(store), bytes }
    }

    /// How many bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// They are somebody else's to give back.
    fn hand_over(mut self) -> usize {
        self.store.memory().end_loan(self.bytes);
        std::mem::take(&mut self.bytes)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if self.bytes > 0 {
            let mut wakers = Wakers::default();
            self.store.memory().end_loan(self.bytes);
            self.store.give_back(self.bytes, &mut wakers);
            wakers.wake();
        }
    }
}

/// Sets.
impl TopicBuffer {
    /// Puts a set into a batch of one partition, whole and in order, or says at once why not. It stays whole: it is never
    /// spread over two batches.
    pub fn append_set(&self, set: &OutgoingSet<'_>, now: Now) -> Result<SetTicket, AppendError> {
        let need = self.admit_set(set, now)?;
        let count = set.records.len() as u32;
        let Some(queue) = self.unsettled()? else {
            let group = Group { set, need, is_set: true };
            let (claim, first) = self.append_group(&group, now, &mut Charge::IfRoom)?;
            return Ok(SetTicket::new(claim, first, count));
        };
        let Some(charge) = self.charge_waiting(set.size_bound()) else {
            drop(queue);
            return Err(self.refuse(Refusal::NoRoom, &set.routing()));
        };
        let claim = self.wait_settled(queue, OwnedSet::new(set, now), charge);
        Ok(SetTicket::new(claim, 0, count))
    }

    /// As [`append_set`](Self::append_set), but waits while the buffer is full.
    pub fn poll_append_set(
        &self,
        set: &OutgoingSet<'_>,
        now: Now,
        cx: &mut Context<'_>,
    ) -> Poll<Result<SetTicket, AppendError>> {
        self.poll_room_for(cx, || self.append_set(set, now))
    }

    fn admit_set(&self, set: &OutgoingSet<'_>, now: Now) -> Result<usize, AppendError> {
        let (count, limit) = (set.records.len(), self.store.message_bytes());
        if count == 0 {
            return Err(AppendError::EmptySet);
        }
        let bound = set.size_bound();
        if bound <= self.store.carefree_bytes() {
            return Ok(bound);
        }
        let size = set.size_alone(now);
        if size > limit {
            return Err(AppendError::SetTooLarge { count, size, limit });
        }
        Ok(bound.min(limit))
    }

    fn append_group(
        &self,
        group: &Group<'_>,
        now: Now,
        charge: &mut Charge<'_>,
    ) -> Result<(Claim, u32), AppendError> {
        let routing = group.set.routing();
        let appended = self.lane(&routing)?.append_all(&self.store, group, now, charge);
        appended.map_err(|refusal| self.refuse(refusal, &routing))
    }
}

/// Room that is taken before.
impl TopicBuffer {
    /// Takes room for a record without publishing it; waits while the buffer is full.
    pub fn poll_room(
        &self,
        record: &OutgoingRecord<'_>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Room, AppendError>> {
        self.poll_room_for(cx, || self.take_room(record))
    }

    fn take_room(&self, record: &OutgoingRecord<'_>) -> Result<Room, AppendError> {
        self.admit(record)?;
        if self.store.is_closed() {
            return Err(AppendError::Closed);
        }
        match self.charge_waiting(record.size_bound()) {
            Some(bytes) => Ok(Room::new(&self.store, bytes)),
            None => Err(self.refuse(Refusal::NoRoom, record)),
        }
    }

    /// Publishes a record into the room that was taken for it: it never finds the buffer full.
    pub fn append_in(
        &self,
        record: &OutgoingRecord<'_>,
        now: Now,
        room: Room,
    ) -> Result<Ticket, AppendError> {
        let need = self.admit(record)?;
        let timestamp = record.timestamp_at(now);
        if let Some(queue) = self.unsettled()? {
            let claim = self.wait_settled(queue, OwnedSet::of_one(record, now), room.hand_over());
            return Ok(Ticket::new(claim, 0, timestamp));
        }
        let set = OutgoingSet {
            partition: record.partition,
            key: record.key,
            records: std::slice::from_ref(record),
        };
        let group = Group { set: &set, need, is_set: false };
        let mut paid = room.hand_over();
        let appended = self.append_group(&group, now, &mut Charge::Paid(&mut paid));
        drop(Room::new(&self.store, paid));
        let (claim, index) = appended?;
        Ok(Ticket::new(claim, index, timestamp))
    }

    /// Nothing that was appended before lingers.
    pub fn hurry(&self) {
        self.store.press();
    }
}
