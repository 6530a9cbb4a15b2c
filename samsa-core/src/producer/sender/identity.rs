//! Producer ids: who the partitions say they are, so that a broker knows a batch again (KIP-98).
//!
//! One id is asked for when the first batch for a leader that takes one could go. Each partition counts its own sequence
//! numbers under it, and has an epoch of its own. A partition whose identity is of no use any more takes the next epoch of
//! the same id, as Java's client does with all partitions at once: brokers take a later epoch that begins with number 0, and
//! refuse from then on what may still arrive late under the earlier one. The other partitions keep theirs, and go on. After
//! epoch 32767, and when a broker denies the id itself, the partition takes another id.
//!
//! | state   | input                          | then    | emits                                             |
//! |---------|--------------------------------|---------|---------------------------------------------------|
//! | Unasked | a batch needs one              | Seeking | the question, or a wish for a connection          |
//! | Seeking | a broker is there, and asked   | Asking  | the question                                      |
//! | Seeking | no broker that is there knows  | Absent  | batches go without identity, but to no partition  |
//! |         | such a thing                   |         | that has some with one                            |
//! | Asking  | an id                          | Known   | the batches that wait go                          |
//! | Asking  | a refusal for good             | Unasked | the batches that wait fail                        |
//! | Asking  | another error, or no answer    | Resting | a deadline                                        |
//! | Resting | the deadline                   | Seeking | the question, or a wish for a connection          |
//! | Known   | a partition is through with it | Unasked |                                                   |
//! | Absent  | a minute, and a batch          | Seeking | the question, or a wish for a connection          |
//! | Absent  | another broker is asked things | Seeking | the question, or a wish for a connection          |
//! | Absent  | a batch, and its leader knows  | Asking  | the question, to the leader                       |
//! | Seeking | a connection to a leader comes | Seeking | the question, or a wish for a connection          |
//! | Absent  | or goes                        |         |                                                   |

use std::collections::BTreeSet;
use std::time::Duration;

use samsa_proto::ErrorCode;
use samsa_proto::api::init_producer_id::InitProducerIdRequest;
use samsa_proto::records::{Format, Identity};

use super::Sender;
use super::place::{Link, Place, Spot};
use super::request::format_of;
use super::world::{Asked, World};
use crate::answer::read_answer;
use crate::error::PublishFailure;
use crate::explanation::Waiting;
use crate::planted::{PlantedBug, is_planted};
use crate::time::Instant;

/// For how long a broker without producer ids is believed, and one that keeps messages of old: the cluster may be in the middle
/// of an upgrade.
pub(super) const ABSENT_FOR: Duration = Duration::from_secs(60);

/// An id that a broker gave, with its epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ProducerId {
    pub(super) id: i64,
    pub(super) epoch: i16,
}

/// The sequence numbers of one partition.
#[derive(Debug)]
pub(super) struct Sequence {
    pub(super) producer: ProducerId,
    next: i32,
    /// A broker has taken a batch of it. Until then one batch goes alone: a broker that knows nothing of a producer may
    /// take any number as its first, and so what should have come later.
    pub(super) is_confirmed: bool,
}

#[derive(Debug, Default)]
pub(super) struct ProducerIds {
    state: State,
    failures: u32,
    /// Partitions whose batches wait for an id.
    waiting: BTreeSet<Place>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Unasked,
    Seeking,
    Asking(u64),
    Resting(Instant),
    Known(ProducerId),
    Absent(Instant),
}

/// The sequence number so many records later. It wraps from 2^31 - 1 to 0.
fn after(sequence: i32, records: u32) -> i32 {
    if is_planted(PlantedBug::WrapsNegative) {
        return sequence.wrapping_add(records as i32);
    }
    ((i64::from(sequence) + i64::from(records)) & i64::from(i32::MAX)) as i32
}

/// The identity of the records of a batch from this place on.
pub(super) fn further(identity: Identity, records: u32) -> Identity {
    Identity { base_sequence: after(identity.base_sequence, records), ..identity }
}

impl ProducerId {
    /// The next epoch, if there is one.
    fn bumped(self) -> Option<Self> {
        if self.epoch == i16::MAX && is_planted(PlantedBug::ReusesLastEpoch) {
            return Some(self);
        }
        Some(Self { epoch: self.epoch.checked_add(1)?, ..self })
    }
}

impl Sequence {
    fn new(producer: ProducerId) -> Self {
        Self { producer, next: 0, is_confirmed: false }
    }

    /// Numbers for so many records.
    pub(super) fn take(&mut self, records: u32) -> Identity {
        let base_sequence = self.next;
        self.next = after(self.next, records);
        Identity { producer_id: self.producer.id, producer_epoch: self.producer.epoch, base_sequence }
    }

    /// The numbers from this batch on were certainly never stored.
    pub(super) fn go_back_to(&mut self, identity: Identity) {
        self.next = identity.base_sequence;
    }

    /// Whether a batch is one of this sequence.
    pub(super) fn has(&self, identity: Identity) -> bool {
        let producer = ProducerId { id: identity.producer_id, epoch: identity.producer_epoch };
        producer == self.producer
    }

    #[cfg(test)]
    pub(super) fn jump_to(&mut self, next: i32) {
        self.next = next;
    }
}

impl ProducerIds {
    pub(super) fn next(&self) -> Option<Instant> {
        if let State::Resting(until) = self.state { Some(until) } else { None }
    }

    pub(super) fn is_asked(&self, token: u64) -> bool {
        matches!(self.state, State::Asking(asked) if asked == token)
    }

    /// A partition can use this one no more.
    fn lose(&mut self, producer: ProducerId) {
        if matches!(self.state, State::Known(known) if known.id == producer.id) {
            self.state = State::Unasked;
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The one that partitions without an identity would have.
    pub(super) fn known(&self) -> Option<ProducerId> {
        if let State::Known(producer) = self.state { Some(producer) } else { None }
    }

    /// No broker gives any.
    pub(super) fn is_absent(&self) -> bool {
        matches!(self.state, State::Absent(_))
    }

    /// For `explain`: what it waits for, if it does.
    pub(super) fn explain(&self, lines: &mut Vec<Waiting>) {
        let what = match self.state {
            State::Unasked | State::Known(_) | State::Absent(_) => return,
            State::Seeking => "a producer id, and a broker to ask for it".to_owned(),
            State::Asking(_) => "the answer to the question for a producer id".to_owned(),
            State::Resting(_) => format!("to ask for a producer id again, after {} failures", self.failures),
        };
        lines.push(Waiting { who: "idempotence".to_owned(), what, since: None, until: self.next() });
    }
}

impl Sender {
    /// Whether a batch for a leader that takes record batches can go as far as its identity is concerned. If not, the place is
    /// looked at again when it is known.
    pub(super) fn identify(&mut self, world: &mut dyn World, place: Place) -> bool {
        if !self.settings.idempotence {
            return true;
        }
        let Some(partition) = self.partition(place) else { return true };
        if partition.sequence.is_some() {
            return true;
        }
        let is_numbered = partition.is_numbered();
        match self.producer_ids.state {
            State::Unasked => self.seek_producer_id(world),
            State::Absent(until) if until <= world.now() => self.seek_producer_id(world),
            State::Absent(_) => self.ask_for_batch(world),
            _ => {}
        }
        let (state, first) = (&self.producer_ids.state, self.settings.first_sequence);
        match *state {
            State::Known(ProducerId { id, epoch }) => {
                let producer = ProducerId { id, epoch: epoch.max(self.settings.first_epoch) };
                if let Some(partition) = self.partition(place) {
                    partition.sequence = Some(Sequence { next: first, ..Sequence::new(producer) });
                }
                true
            }
            State::Absent(_) if !is_numbered => true,
            _ => {
                self.producer_ids.waiting.insert(place);
                false
            }
        }
    }

    pub(super) fn seek_producer_id(&mut self, world: &mut dyn World) {
        let token = self.next_token();
        let asked = match world.ask_producer_id(token) {
            Asked::Unsupported => self.ask_leaders(world, token),
            asked => asked,
        };
        self.producer_ids.state = match asked {
            Asked::Sent => State::Asking(token),
            Asked::NotYet => State::Seeking,
            Asked::Unsupported => State::Absent(world.now() + ABSENT_FOR),
        };
        if matches!(self.producer_ids.state, State::Absent(_)) {
            self.producer_ids.failures = 0;
            self.look_at_unidentified(world);
        }
    }

    /// A batch has come to a leader that takes batches with an identity: that one knows more than who was asked before.
    fn ask_for_batch(&mut self, world: &mut dyn World) {
        let token = self.next_token();
        if self.ask_leaders(world, token) == Asked::Sent {
            self.producer_ids.state = State::Asking(token);
        }
    }

    /// Where brokers are of several releases, one that takes batches with an identity gives it too.
    fn ask_leaders(&mut self, world: &mut dyn World, token: u64) -> Asked {
        let ready = self.brokers.iter().filter(|(_, broker)| broker.link == Link::Ready).map(|(id, _)| *id);
        let mut best = Asked::Unsupported;
        for broker in ready {
            if world.broker_version(broker).map(format_of) != Some(Format::V2) {
                continue;
            }
            match world.ask_producer_id_of(broker, token) {
                Asked::Sent => return Asked::Sent,
                Asked::NotYet => best = Asked::NotYet,
                Asked::Unsupported => {}
            }
        }
        best
    }

    /// A broker may be there now, or another one that knows more.
    pub(super) fn contact_changed(&mut self, world: &mut dyn World) {
        if matches!(self.producer_ids.state, State::Seeking | State::Absent(_)) {
            self.seek_producer_id(world);
        }
    }

    pub(super) fn producer_ids_tick(&mut self, world: &mut dyn World) {
        if matches!(self.producer_ids.state, State::Resting(until) if until <= world.now()) {
            self.seek_producer_id(world);
        }
    }

    pub(super) fn producer_id_answered(&mut self, world: &mut dyn World, version: i16, frame: &[u8]) {
        let answer = read_answer::<InitProducerIdRequest<'_>>(version, frame);
        let Ok(answer) = answer else { return self.producer_id_lost(world) };
        let (id, epoch) = (answer.producer_id, answer.producer_epoch);
        if answer.error_code == ErrorCode::NONE && id >= 0 && epoch >= 0 {
            self.producer_ids.state = State::Known(ProducerId { id, epoch });
            self.producer_ids.failures = 0;
            self.look_at_unidentified(world);
        } else if answer.error_code == ErrorCode::NONE || answer.error_code.is_retriable() {
            self.producer_id_lost(world);
        } else {
            self.producer_id_refused(world, answer.error_code);
        }
    }

    pub(super) fn producer_id_lost(&mut self, world: &mut dyn World) {
        let ids = &mut self.producer_ids;
        ids.failures = ids.failures.saturating_add(1);
        let wait = self.settings.backoff.wait(ids.failures, &mut self.rng).max(Duration::from_millis(1));
        ids.state = State::Resting(world.now() + wait);
    }

    /// Everything that waits for an id fails; what comes later asks anew.
    fn producer_id_refused(&mut self, world: &mut dyn World, code: ErrorCode) {
        self.producer_ids.state = State::Unasked;
        for place in std::mem::take(&mut self.producer_ids.waiting) {
            if self.partition(place).is_some_and(|partition| partition.sequence.is_none()) {
                self.fail_place(place, &PublishFailure::Refused(code));
                self.look(world, place);
            }
        }
    }

    fn look_at_unidentified(&mut self, world: &mut dyn World) {
        for place in std::mem::take(&mut self.producer_ids.waiting) {
            self.look(world, place);
        }
    }

    /// A partition whose identity is spent takes leave of it once nothing of it is in flight: no answer can tell any
    /// more what became of a batch that may be stored, so it ends, with all that were sent behind it. What is certainly
    /// not stored goes on as if it had never been sent.
    pub(super) fn settle_identity(&mut self, place: Place) {
        let Some(partition) = self.partition(place) else { return };
        let Some(code) = partition.spent else { return };
        if partition.queue.iter().any(|batch| batch.flight.is_some()) {
            return;
        }
        partition.spent = None;
        let lost = partition.sequence.take().map(|sequence| sequence.producer);
        let bumped = lost.filter(|_| !denies_id(code)).and_then(ProducerId::bumped);
        partition.sequence = bumped.map(Sequence::new);
        let mut queue = std::mem::take(&mut partition.queue);
        let doubt = queue.iter().position(|batch| batch.identity.is_some() && batch.is_possibly_sent);
        let doubt = doubt.filter(|_| !is_planted(PlantedBug::RenewsWhileInDoubt)).unwrap_or(queue.len());
        let mut kept = std::collections::VecDeque::with_capacity(queue.len());
        for (index, mut batch) in queue.drain(..).enumerate() {
            if batch.identity.is_some() && index >= doubt {
                batch.is_possibly_sent = true;
                self.fail(place, &mut batch, PublishFailure::Refused(code));
            } else if batch.identity.is_some() && batch.is_over() {
                // Nobody waits for it, and it is certainly not stored.
                batch.release(&self.store, &mut self.wakers);
            } else {
                if batch.identity.is_some() {
                    batch.forget_attempts();
                }
                kept.push_back(batch);
            }
        }
        if let Some(partition) = self.partition(place) {
            partition.queue = kept;
        }
        match lost {
            Some(producer) if bumped.is_none() => self.producer_ids.lose(producer),
            _ => {}
        }
        if is_planted(PlantedBug::SharesIdentity) {
            self.renew_neighbours(place);
        }
    }

    /// The fault that a test plants: what is in flight for the other partitions gets new numbers too.
    fn renew_neighbours(&mut self, place: Place) {
        for partition in &mut self.topic(place.topic).partitions {
            let Some(sequence) = &mut partition.sequence else { continue };
            let Some(bumped) = sequence.producer.bumped() else { continue };
            *sequence = Sequence::new(bumped);
            for batch in &mut partition.queue {
                if batch.identity.is_some() && batch.flight.is_none() {
                    batch.set_identity(sequence.take(batch.sealed.count()));
                }
            }
        }
    }

    /// The identities of a topic's partitions are of no use: the topic was made anew, and their logs are gone.
    pub(super) fn spend_identities(&mut self, index: u32) {
        for partition in &mut self.topic(index).partitions {
            if partition.sequence.is_some() {
                partition.spent.get_or_insert(ErrorCode::UNKNOWN_PRODUCER_ID);
            }
        }
        for number in 0..self.topic(index).partitions.len() as u32 {
            self.settle_identity(Place { topic: index, spot: Spot::Partition(number) });
        }
    }
}

/// Whether an error is about the producer id, so that another epoch of it would not help.
fn denies_id(code: ErrorCode) -> bool {
    const DENIED: [ErrorCode; 3] = [
        ErrorCode::INVALID_PRODUCER_EPOCH,
        ErrorCode::INVALID_PRODUCER_ID_MAPPING,
        ErrorCode::PRODUCER_FENCED,
    ];
    DENIED.contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_last_epoch_there_is_none() {
        let bump = |epoch| ProducerId { id: 7, epoch }.bumped().map(|producer| producer.epoch);
        assert_eq!([bump(0), bump(32_766), bump(32_767)], [Some(1), Some(32_767), None]);
    }

    #[test]
    fn sequence_numbers_wrap_to_0() {
        let mut sequence = Sequence::new(ProducerId { id: 1, epoch: 0 });
        sequence.jump_to(i32::MAX - 2);
        assert_eq!(sequence.take(2).base_sequence, i32::MAX - 2);
        assert_eq!(sequence.take(3).base_sequence, i32::MAX);
        assert_eq!(sequence.take(1).base_sequence, 2);
    }
}
