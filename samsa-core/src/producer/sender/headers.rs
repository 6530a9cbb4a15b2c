//! Batches that their leader cannot take, in clusters whose brokers are of several releases.
//!
//! | a batch                                  | at its leader                      | then                                        |
//! |------------------------------------------|------------------------------------|---------------------------------------------|
//! | keyless, certainly not stored            | lacks what it needs (headers,      | goes to another partition                   |
//! |                                          | record batches, the codec),        |                                             |
//! |                                          | another may have it                |                                             |
//! | with headers, certainly not stored       | lacks headers                      | what has headers ends as `NotSent`; the     |
//! |                                          |                                    | rest is written anew, and goes              |
//! | any other                                | lacks its format, or the codec     | its outcome, see `gather`                   |
//! | keyless with headers, without partition  | all leaders are known to lack them | what has headers ends as `NotSent`; the     |
//! |                                          |                                    | rest waits for a partition                  |
//!
//! A set goes with its headers: where one message has some, the whole set needs them.

use std::collections::VecDeque;

use samsa_proto::records::Codec;

use super::Sender;
use super::batch::Batch;
use super::place::{Place, Spot, Stage};
use super::world::World;
use crate::error::{AppendError, PublishFailure};
use crate::producer::buffer::{Lane, Look};
use crate::time::Instant;

impl Sender {
    /// The leader of a partition cannot take a batch of it.
    pub(super) fn unsuited(
        &mut self,
        world: &mut dyn World,
        place: Place,
        index: usize,
        failure: PublishFailure,
    ) {
        // Who leads now may be newer; and what waits for this partition has its turn.
        world.refresh("a leader is too old for a message");
        self.goes_on = true;
        let lacks_headers =
            matches!(failure, PublishFailure::Unacceptable(AppendError::HeadersUnsupported { .. }));
        if self.is_given_back(world, place, index) {
            return;
        }
        if lacks_headers {
            self.fail_headers_at(world, place, index);
        } else {
            self.fail_at(world, place, index, failure);
        }
    }

    /// Takes a keyless batch off a partition that cannot have it, if another one may.
    fn is_given_back(&mut self, world: &mut dyn World, place: Place, index: usize) -> bool {
        let (now, codec, topic) = (world.now(), self.settings.codec, self.topic(place.topic));
        let (no_headers, nothing) = (topic.lacks_headers_everywhere(now), topic.takes_nothing(codec, now));
        let Some(partition) = self.partition(place) else { return false };
        let waiting = partition.queue.len();
        let mut from_it = partition.queue.iter().skip(index);
        let goes = |batch: &Batch| batch.is_free && !nothing && !(batch.has_headers && no_headers);
        let is_first = from_it.clone().next().is_some_and(goes);
        if !is_first || from_it.any(Batch::may_be_stored) {
            return false;
        }
        self.set_stage(place, Stage::Resting);
        self.return_free(world, place);
        let goes = self.partition(place).is_some_and(|partition| partition.queue.len() < waiting);
        if goes {
            self.look(world, place);
        }
        goes
    }

    /// Ends what has headers of a batch, which is certainly not stored.
    fn fail_headers_at(&mut self, world: &mut dyn World, place: Place, index: usize) {
        if let Some(batch) = self.remove(place, index) {
            let rest = self.fail_headers(place, batch);
            if let Some(partition) = self.partition(place) {
                rest.into_iter().rev().for_each(|part| partition.queue.insert(index, part));
            }
        }
        self.next_turn(world, place);
    }

    /// Ends what has headers; gives the rest.
    fn fail_headers(&mut self, place: Place, batch: Batch) -> Vec<Batch> {
        let failure = self.topic(place.topic).lacks_headers();
        let parts = match batch.split_by_headers(&self.store, &mut self.wakers) {
            Ok(parts) => parts,
            Err(batch) => vec![*batch],
        };
        let (with_headers, rest): (Vec<Batch>, Vec<Batch>) =
            parts.into_iter().partition(|part| part.has_headers);
        for mut part in with_headers {
            self.fail(place, &mut part, failure.clone());
        }
        rest
    }

    /// Where some leaders lack headers, the keyless batches that have some wait apart from the others; where all do, what has
    /// headers ends.
    pub(super) fn sort_out_headers(&mut self, world: &mut dyn World, index: u32) {
        let now = world.now();
        if !self.topic(index).partitions.iter().any(|partition| partition.is_led_by_old(now)) {
            return;
        }
        self.return_those_with_headers(now, index);
        let topic = self.topic(index);
        if !topic.lacks_headers_everywhere(now) || !topic.returned.iter().any(|batch| batch.has_headers) {
            return;
        }
        let place = Place { topic: index, spot: Spot::Free };
        for batch in std::mem::take(&mut topic.returned) {
            let rest = if batch.has_headers { self.fail_headers(place, batch) } else { vec![batch] };
            self.topic(index).returned.extend(rest);
        }
        self.look(world, place);
    }

    /// Takes the keyless batches with headers out of their lanes, of each up to the first without.
    fn return_those_with_headers(&mut self, now: Instant, index: u32) {
        let linger = self.settings.linger;
        let mut taken = VecDeque::new();
        for lane in self.topic(index).batches.free() {
            while lane.has_headers() && matches!(lane.look(now, linger), Look::Due { .. }) {
                taken.extend(lane.take().map(|batch| Batch::new(batch, true)));
            }
        }
        if !taken.is_empty() {
            self.put_back(index, taken);
        }
    }

    /// Whether of the keyless batches that are due all have headers.
    pub(super) fn only_headers_wait(&self, now: Instant, index: u32) -> bool {
        let topic = &self.topics[index as usize];
        let is_plain = |lane: &Lane| {
            !lane.has_headers() && matches!(lane.look(now, self.settings.linger), Look::Due { .. })
        };
        topic.returned.iter().all(|batch| batch.has_headers) && !topic.batches.free().iter().any(is_plain)
    }
}

impl super::Topic {
    /// All its leaders are there, and lack headers.
    fn lacks_headers_everywhere(&self, now: Instant) -> bool {
        !self.partitions.is_empty() && self.partitions.iter().all(|partition| partition.is_led_by_old(now))
    }

    pub(super) fn takes_nothing(&self, codec: Codec, now: Instant) -> bool {
        self.partitions.iter().all(|partition| partition.takes_nothing(codec, now))
    }
}
