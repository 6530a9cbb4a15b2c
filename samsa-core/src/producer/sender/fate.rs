//! What became of a request, and so of the batches in it.

use samsa_proto::ErrorCode;
use samsa_proto::records::Format;

use super::Sender;
use super::place::{Place, Stage};
use super::request::{Answer, answers};
use super::world::World;
use crate::connection::Failure;
use crate::error::PublishFailure;
use crate::producer::outcome::Written;

/// A request without an answer that can be believed.
#[derive(Clone, Debug)]
pub(super) struct Loss {
    pub(super) is_possibly_sent: bool,
    pub(super) why: String,
}

impl Sender {
    pub(super) fn response(&mut self, world: &mut dyn World, token: u64, version: i16, frame: &[u8]) {
        let Some(request) = self.requests.remove(&token) else { return };
        self.broker(request.broker).in_flight -= 1;
        match answers(&request.parts, version, frame) {
            Ok(answers) => {
                for (place, answer) in request.places.into_iter().zip(answers) {
                    self.answered(world, place, token, &answer);
                }
            }
            Err(why) => {
                let loss = Loss { is_possibly_sent: true, why };
                self.lost(world, request.places, token, &loss);
            }
        }
    }

    pub(super) fn request_failed(&mut self, world: &mut dyn World, token: u64, failure: &Failure) {
        let Some(request) = self.requests.remove(&token) else { return };
        self.broker(request.broker).in_flight -= 1;
        self.lost(world, request.places, token, &Loss::from(failure));
    }

    fn lost(&mut self, world: &mut dyn World, places: Vec<Place>, token: u64, loss: &Loss) {
        world.refresh("a produce request was lost");
        for place in places {
            if self.ends(place, token) {
                self.try_again(world, place, loss);
            }
        }
    }

    fn answered(&mut self, world: &mut dyn World, place: Place, token: u64, answer: &Answer) {
        if !self.ends(place, token) {
            return;
        }
        if answer.code == ErrorCode::NONE {
            return self.written(world, place, answer);
        }
        let loss = Loss { is_possibly_sent: answer.is_ambiguous(), why: answer.describe() };
        if answer.doubts_metadata() && answer.code.is_retriable() {
            world.refresh("a produce request was refused");
        }
        if answer.code.is_retriable() {
            return self.try_again(world, place, &loss);
        }
        if let Some(batch) = self.partition(place).and_then(|partition| partition.queue.front_mut()) {
            batch.is_possibly_sent |= loss.is_possibly_sent;
        }
        self.fail_first(world, place, PublishFailure::Refused(answer.code));
    }

    /// The partition's request is over. False when the partition is not in it.
    fn ends(&mut self, place: Place, token: u64) -> bool {
        let Some(partition) = self.partition(place) else { return false };
        let ends = partition.stage == Stage::InFlight(token);
        if ends {
            partition.stage = Stage::Resting;
        }
        ends
    }

    fn written(&mut self, world: &mut dyn World, place: Place, answer: &Answer) {
        let super::Spot::Partition(number) = place.spot else { return };
        let partition = self.topic(place.topic).partition(number);
        partition.failures = 0;
        if let Some(batch) = partition.queue.pop_front() {
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

    /// The first batch is given up; the partition goes on.
    pub(super) fn fail_first(&mut self, world: &mut dyn World, place: Place, failure: PublishFailure) {
        let Some(partition) = self.partition(place) else { return };
        partition.stage = Stage::Resting;
        partition.failures = 0;
        if let Some(mut batch) = partition.queue.pop_front() {
            self.fail(place, &mut batch, failure);
        }
        self.next_turn(world, place);
    }

    /// The first batch goes again after a while: here, or elsewhere if it may move.
    fn try_again(&mut self, world: &mut dyn World, place: Place, loss: &Loss) {
        let Some(partition) = self.partition(place) else { return };
        partition.failures = partition.failures.saturating_add(1);
        let failures = partition.failures;
        let wait = self.settings.backoff.wait(failures, &mut self.rng);
        let Some(partition) = self.partition(place) else { return };
        partition.not_before = world.now() + wait;
        match partition.queue.front_mut() {
            Some(batch) if batch.is_over() => drop(partition.queue.pop_front()),
            Some(batch) => {
                batch.is_possibly_sent |= loss.is_possibly_sent;
                batch.trouble = Some(loss.why.clone());
            }
            None => {}
        }
        self.return_free(world, place);
        self.look(world, place);
    }
}
