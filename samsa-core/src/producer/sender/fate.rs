//! What became of a request, and so of the batches in it.
//!
//! What an answer means for a batch that has a place in a sequence; *first* is the first batch of its partition whose fate
//! is not known, *behind* any other:
//!
//! | answer                                  | batch   | then                                                       |
//! |-----------------------------------------|---------|------------------------------------------------------------|
//! | none, duplicate                         | any     | it is stored: its outcome, with an offset if one is told   |
//! | out of order, unknown producer          | behind  | not stored by this attempt: again, in its turn             |
//! | out of order, unknown producer          | first   | the identity is spent; the second time, after a while      |
//! | another producer, an old epoch          | any     | the identity is spent                                      |
//! | the format is unsupported               | any     | its leader keeps messages of old, for a while: if none of  |
//! |                                         |         | the partition may be stored with an identity, the identity |
//! |                                         |         | is spent and it is sent such; else see `headers`           |
//! | an error that may pass, or no answer    | any     | the same bytes go again, alone, after a while              |
//! | the same, and its time was over         | any     | the same, if it may be stored; else it leaves              |
//! | too large, and certainly not stored     | any     | two batches take its place and its numbers, if it is more  |
//! |                                         |         | than one record or one set; else its outcome; it leaves    |
//! | a refusal for good                      | any     | its outcome; it leaves                                     |
//!
//! A batch that leaves takes its numbers with it, unless neither it nor any behind it may be stored: then they are given to
//! the next ones. Where a gap stays, the identity is spent. While it is spent nothing is sent; when nothing is in flight
//! any more the partition takes another one, and of the batches that are left:
//!
//! | batch                                                    | then                                             |
//! |----------------------------------------------------------|--------------------------------------------------|
//! | the first that may be stored, and all sent ones behind   | `PossiblySent`: no answer can tell their fate    |
//! | sent, certainly not stored, before any such              | goes on with new numbers                         |
//! | never sent                                               | goes on                                          |
//!
//! A batch without a place in a sequence goes again likewise, alone, and may be stored twice by that; where
//! [`Retries::OnlyNotSent`] forbids it, it ends as `PossiblySent` with the first attempt that may have stored it.

use samsa_proto::ErrorCode;
use samsa_proto::records::Format;

use super::Sender;
use super::batch::Batch;
use super::gather::Request;
use super::identity::ABSENT_FOR;
use super::place::{Place, Stage};
use super::request::{Answer, Answers, answers};
use super::world::World;
use crate::config::Retries;
use crate::connection::Failure;
use crate::error::PublishFailure;
use crate::id::BrokerId;
use crate::limits;
use crate::planted::{PlantedBug, is_planted};
use crate::producer::outcome::Written;

/// A request without an answer that can be believed.
#[derive(Clone, Debug)]
pub(super) struct Loss {
    pub(super) is_possibly_sent: bool,
    pub(super) why: String,
}

impl Sender {
    pub(super) fn response(&mut self, world: &mut dyn World, token: u64, version: i16, frame: &[u8]) {
        if self.producer_ids.is_asked(token) {
            return self.producer_id_answered(world, version, frame);
        }
        let Some(request) = self.requests.remove(&token) else { return };
        self.has_ended(&request);
        match answers(&request.parts, version, frame) {
            Ok(Answers { answers, endpoints }) => {
                for (broker, address) in endpoints {
                    world.introduce(broker, address);
                }
                for (place, answer) in request.places.into_iter().zip(answers) {
                    self.answered(world, request.broker, place, token, &answer);
                }
            }
            Err(why) => {
                let loss = Loss { is_possibly_sent: true, why };
                self.lost(world, request.broker, &request.places, token, &loss);
            }
        }
    }

    pub(super) fn request_failed(&mut self, world: &mut dyn World, token: u64, failure: &Failure) {
        if self.producer_ids.is_asked(token) {
            return self.producer_id_lost(world);
        }
        let Some(request) = self.requests.remove(&token) else { return };
        self.has_ended(&request);
        self.lost(world, request.broker, &request.places, token, &Loss::from(failure));
    }

    fn has_ended(&mut self, request: &Request) {
        let broker = self.broker(request.broker);
        let count = if request.is_left { &mut broker.left } else { &mut broker.in_flight };
        *count -= 1;
    }

    fn lost(&mut self, world: &mut dyn World, by: BrokerId, places: &[Place], token: u64, loss: &Loss) {
        for place in places.iter().copied() {
            let Some(index) = self.lands(place, token) else { continue };
            self.note_trouble(place, index, loss);
            if self.partition(place).is_some_and(|partition| partition.is_led_by_other_than(by)) {
                self.go_on(world, place, index);
            } else {
                self.set_doubted(place, true);
                self.back_off(world, place, index);
            }
        }
        self.hurry_for(world, places, "a produce request was lost");
    }

    fn answered(&mut self, world: &mut dyn World, by: BrokerId, place: Place, token: u64, answer: &Answer) {
        let Some(index) = self.lands(place, token) else { return };
        let has_identity =
            self.partition(place).is_some_and(|partition| partition.queue[index].identity.is_some());
        match answer.code {
            ErrorCode::NONE => self.written(world, place, index, answer),
            ErrorCode::DUPLICATE_SEQUENCE_NUMBER if has_identity => {
                self.written(world, place, index, answer);
            }
            ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER | ErrorCode::UNKNOWN_PRODUCER_ID
                if has_identity && index > 0 =>
            {
                self.look(world, place);
            }
            code if has_identity && ends_identity(code) => self.spend_identity(world, place, code),
            ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT if has_identity => {
                self.keeps_old(world, by, place, index, answer);
            }
            code => self.refused(world, place, index, code, answer),
        }
    }

    /// A leader keeps the messages of a partition in a format from before record batches, for the sake of older brokers or
    /// readers (`message.format.version`, up to 3.9): for a while it is sent such messages, without identity. Not where
    /// something may be stored with one: what is keyless goes elsewhere then, and the rest is refused, see `gather`. Who leads
    /// by now may keep another one.
    fn keeps_old(
        &mut self,
        world: &mut dyn World,
        by: BrokerId,
        place: Place,
        index: usize,
        answer: &Answer,
    ) {
        let loss = Loss { is_possibly_sent: answer.is_ambiguous(), why: answer.describe() };
        self.note_trouble(place, index, &loss);
        if self.partition(place).is_some_and(|partition| partition.is_led_by_other_than(by)) {
            return self.go_on(world, place, index);
        }
        let until = world.now() + ABSENT_FOR;
        if let Some(partition) = self.partition(place) {
            partition.is_doubted = false;
            partition.keeps_old_until = Some(until);
            if !partition.was_numbered {
                partition.spent = Some(ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT);
            }
        }
        self.learn_format(world, place.topic);
        self.look(world, place);
    }

    fn refused(
        &mut self,
        world: &mut dyn World,
        place: Place,
        index: usize,
        code: ErrorCode,
        answer: &Answer,
    ) {
        let loss = Loss { is_possibly_sent: answer.is_ambiguous(), why: answer.describe() };
        // Who refuses for another reason leads.
        self.set_doubted(place, answer.doubts_metadata() && code.is_retriable());
        if answer.doubts_metadata() && code.is_retriable() {
            self.hurry_for(world, &[place], "a produce request was refused");
        }
        let (now, hint) = (world.now(), answer.leader);
        let is_moved = code.is_retriable()
            && answer.doubts_metadata()
            && self.partition(place).is_some_and(|partition| partition.is_sent_on(now, hint));
        if code.is_retriable() {
            self.note_trouble(place, index, &loss);
            if is_moved {
                return self.go_on(world, place, index);
            }
            if code == ErrorCode::REQUEST_TIMED_OUT {
                self.forgive_a_short_time(now, place);
            }
            return self.back_off(world, place, index);
        }
        let Some(batch) = self.partition(place).and_then(|partition| partition.queue.get_mut(index)) else {
            return;
        };
        batch.is_possibly_sent |= loss.is_possibly_sent;
        if says_too_large(code) && !batch.may_be_stored() && !batch.is_over() {
            return self.split(world, place, index, code);
        }
        self.fail_at(world, place, index, PublishFailure::Refused(code));
    }

    /// A broker has no room for a batch, and certainly has not stored it.
    fn split(&mut self, world: &mut dyn World, place: Place, index: usize, code: ErrorCode) {
        let super::Spot::Partition(number) = place.spot else { return };
        let partition = self.topics[place.topic as usize].partition(number);
        let Some(batch) = partition.queue.remove(index) else { return };
        match batch.split(&self.store, &mut self.wakers) {
            Ok(parts) => {
                self.counts.split_batches += 1;
                for part in parts.into_iter().rev() {
                    partition.queue.insert(index, part);
                }
                self.look(world, place);
            }
            Err(batch) => {
                let (count, size) = (batch.sealed.count(), batch.len());
                partition.queue.insert(index, *batch);
                self.fail_at(world, place, index, PublishFailure::TooLarge { count, size, code });
            }
        }
    }

    /// The broker takes nothing more in this sequence. That a broker has forgotten an idle producer is mended at once; one
    /// that takes the next identity no better is given time.
    fn spend_identity(&mut self, world: &mut dyn World, place: Place, code: ErrorCode) {
        world.refresh("a broker does not know the producer");
        if let Some(partition) = self.partition(place) {
            partition.spent.get_or_insert(code);
            if std::mem::replace(&mut partition.lost_identity, true) {
                self.rest_a_while(world, place);
            }
        }
        self.look(world, place);
    }

    /// Whether its leader may be another one.
    fn set_doubted(&mut self, place: Place, is_doubted: bool) {
        if let Some(partition) = self.partition(place) {
            partition.is_doubted = is_doubted;
        }
    }

    /// A request of the partition is over: which of its batches was in it.
    pub(super) fn lands(&mut self, place: Place, token: u64) -> Option<usize> {
        let partition = self.partition(place)?;
        let index = partition.find(token)?;
        partition.queue[index].flight = None;
        Some(index)
    }

    fn written(&mut self, world: &mut dyn World, place: Place, index: usize, answer: &Answer) {
        let super::Spot::Partition(number) = place.spot else { return };
        let partition = self.topic(place.topic).partition(number);
        partition.failures = 0;
        partition.is_doubted = false;
        partition.hints_followed = 0;
        partition.lost_identity = false;
        if let Some(batch) = partition.queue.remove(index) {
            partition.was_numbered |= batch.identity.is_some();
            if let (Some(identity), Some(sequence)) = (batch.identity, &mut partition.sequence) {
                sequence.is_confirmed |= sequence.has(identity);
            }
            if !batch.is_over() {
                let written = batch.volume();
                partition.written += written;
                self.counts.written += written;
            }
            let written = Written {
                partition: number as i32,
                base_offset: answer.base_offset,
                append_time: answer.append_time,
                has_timestamps: batch.sealed.format() != Format::V0,
            };
            batch.finish(written, &self.store, &mut self.wakers);
        }
        self.next_turn(world, place);
    }

    /// A batch is given up; the partition goes on.
    pub(super) fn fail_at(
        &mut self,
        world: &mut dyn World,
        place: Place,
        index: usize,
        failure: PublishFailure,
    ) {
        if let Some(partition) = self.partition(place) {
            partition.failures = 0;
        }
        if let Some(mut batch) = self.remove(place, index) {
            self.fail(place, &mut batch, failure);
        }
        self.next_turn(world, place);
    }

    /// Takes a batch out of its partition's queue, whatever is being done with it.
    pub(super) fn remove(&mut self, place: Place, index: usize) -> Option<Batch> {
        let partition = self.partition(place)?;
        if matches!(partition.stage, Stage::Ready(_)) {
            partition.stage = Stage::Resting;
        }
        let batch = partition.remove(index)?;
        if let Some(job) = batch.job {
            if partition.stage == Stage::Compressing(job) {
                partition.stage = Stage::Resting;
            }
            self.jobs.remove(&job);
        }
        Some(batch)
    }

    fn note_trouble(&mut self, place: Place, index: usize, loss: &Loss) {
        let Some(partition) = self.partition(place) else { return };
        let Some(batch) = partition.queue.get_mut(index) else { return };
        batch.is_possibly_sent |= loss.is_possibly_sent;
        let records = batch.sealed.count();
        tracing::debug!(partition = ?place.spot, records, why = %loss.why, "a batch goes again");
        batch.trouble = Some(loss.why.clone());
        partition.was_numbered |= batch.identity.is_some() && batch.is_possibly_sent;
    }

    /// A batch goes again after a while: here, or elsewhere if it may move. What is over goes again only if that tells
    /// whether it is stored.
    fn back_off(&mut self, world: &mut dyn World, place: Place, index: usize) {
        self.rest_a_while(world, place);
        self.go_on(world, place, index);
    }

    /// Longer from time to time, unless the partition rests already.
    fn rest_a_while(&mut self, world: &mut dyn World, place: Place) {
        let now = world.now();
        let is_waited_for = self.is_waited_for(place);
        let Some(partition) = self.partition(place) else { return };
        if partition.not_before <= now {
            partition.failures = partition.failures.saturating_add(1);
            let failures = partition.failures;
            // Who leads it may be known at any moment.
            let is_pressing = partition.is_doubted && is_waited_for;
            let backoff = if is_pressing { limits::LEADERLESS_RETRY } else { self.settings.backoff };
            let wait = backoff.wait(failures, &mut self.rng);
            self.rest(place, now + wait);
        }
    }

    fn go_on(&mut self, world: &mut dyn World, place: Place, index: usize) {
        if self.is_not_to_go_again(place, index) {
            return self.end_in_doubt(world, place, index);
        }
        let Some(batch) = self.partition(place).and_then(|partition| partition.queue.get_mut(index)) else {
            return;
        };
        if is_planted(PlantedBug::SplitsInDoubt) && batch.is_possibly_sent && !batch.is_over() {
            batch.is_possibly_sent = false;
            return self.split(world, place, index, ErrorCode::MESSAGE_TOO_LARGE);
        }
        let is_worth_it = !batch.is_over() || (batch.identity.is_some() && batch.is_possibly_sent);
        let is_in_doubt = batch.identity.is_some() && batch.is_possibly_sent;
        if !is_worth_it && let Some(mut batch) = self.remove(place, index) {
            batch.release(&self.store, &mut self.wakers);
        }
        if is_in_doubt
            && is_planted(PlantedBug::RenewsWhileInDoubt)
            && let Some(partition) = self.partition(place)
        {
            partition.spent = Some(ErrorCode::UNKNOWN_PRODUCER_ID);
        }
        self.return_free(world, place);
        self.look(world, place);
    }

    /// Whether a batch may be stored, and would be stored twice if it was and went again, which is forbidden.
    fn is_not_to_go_again(&mut self, place: Place, index: usize) -> bool {
        if self.settings.retries == Retries::All || is_planted(PlantedBug::RetriesInDoubt) {
            return false;
        }
        let batch = self.partition(place).and_then(|partition| partition.queue.get(index));
        batch.is_some_and(|batch| batch.identity.is_none() && batch.is_possibly_sent && !batch.is_over())
    }

    fn end_in_doubt(&mut self, world: &mut dyn World, place: Place, index: usize) {
        if let Some(mut batch) = self.remove(place, index) {
            let last = batch.trouble.take().unwrap_or_default();
            self.fail(place, &mut batch, PublishFailure::NotRetried { last });
        }
        self.look(world, place);
    }

    pub(super) fn rest(&mut self, place: Place, until: crate::time::Instant) {
        if let Some(partition) = self.partition(place) {
            partition.not_before = until;
        }
    }
}

/// Whether an error says that a batch has too many bytes for the broker.
fn says_too_large(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::MESSAGE_TOO_LARGE | ErrorCode::RECORD_LIST_TOO_LARGE)
}

/// Whether an error says that nothing can come of this identity any more.
fn ends_identity(code: ErrorCode) -> bool {
    const END: [ErrorCode; 5] = [
        ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER,
        ErrorCode::UNKNOWN_PRODUCER_ID,
        ErrorCode::INVALID_PRODUCER_EPOCH,
        ErrorCode::INVALID_PRODUCER_ID_MAPPING,
        ErrorCode::PRODUCER_FENCED,
    ];
    END.contains(&code)
}
