//! Gathering requests: for each broker a batch of each ready partition, as long as there is room.

use samsa_proto::ErrorCode;
use samsa_proto::records::{Codec, Format};

use super::Sender;
use super::batch::Batch;
use super::place::{Link, Place, Spot, Stage};
use super::request::{Part, format_of, request, version_for};
use super::world::World;
use crate::error::{AppendError, PublishFailure};
use crate::id::{BrokerId, ConnId, JobId};
use crate::intent::{Job, JobOutput};
use crate::limits;
use crate::producer::buffer::Lane;
use crate::producer::compression::CompressionJob;

/// A request takes no further batch beyond this size.
const REQUEST_BYTES: usize = 1 << 20;

/// A request without response.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) broker: BrokerId,
    /// In the order of `parts`.
    pub(super) places: Vec<Place>,
    /// Their bytes are left out: they are the batches'.
    pub(super) parts: Vec<Part>,
}

/// What can be had of a partition for a request.
enum Prepared {
    /// Its first batch, of so many bytes in this format.
    Batch(usize, Format),
    /// Nothing now; the partition does not wait for the broker any more.
    Nothing,
}

impl Sender {
    /// Sends what can be sent.
    pub(super) fn pump(&mut self, world: &mut dyn World) {
        for topic in self.free.clone() {
            self.assign_free(world, topic);
        }
        let waiting = self.brokers.iter().filter(|(_, broker)| !broker.ready.is_empty());
        let waiting: Vec<BrokerId> = waiting.map(|(id, _)| *id).collect();
        for broker in waiting {
            self.send_to(world, broker);
        }
    }

    fn send_to(&mut self, world: &mut dyn World, broker: BrokerId) {
        let Some(conn) = world.connection(broker) else {
            return self.broker(broker).link = Link::Asked;
        };
        let state = self.broker(broker);
        state.link = Link::Ready;
        let Some(newest) = world.version(conn) else {
            state.trouble = Some("it speaks no version of Produce that this client speaks".to_owned());
            return;
        };
        while self.broker(broker).in_flight < limits::PRODUCE_REQUESTS_IN_FLIGHT {
            let (format, places) = self.gather(world, broker, format_of(newest));
            if places.is_empty() {
                return;
            }
            self.send(world, broker, conn, newest, format, places);
        }
    }

    /// The partitions whose first batches go together into one request, all of one format.
    fn gather(&mut self, world: &mut dyn World, broker: BrokerId, takes: Format) -> (Format, Vec<Place>) {
        let mut places = Vec::new();
        let mut bytes = 0;
        let mut format = takes;
        while let Some(place) = self.broker(broker).ready.front().copied() {
            match self.prepare(world, place, broker, takes) {
                Prepared::Nothing => {}
                Prepared::Batch(len, its) => {
                    let fits = its == format && bytes + len <= REQUEST_BYTES;
                    if !places.is_empty() && !fits {
                        break;
                    }
                    format = its;
                    bytes += len;
                    places.push(place);
                    // At once, so that a second entry of the same partition is a stale one.
                    self.set_stage(place, Stage::InFlight(self.next_token));
                }
            }
            self.broker(broker).ready.pop_front();
        }
        (format, places)
    }

    /// Sees to it that the partition's first batch can be sent to a leader that takes this format.
    fn prepare(&mut self, world: &mut dyn World, place: Place, broker: BrokerId, takes: Format) -> Prepared {
        if self.partition(place).is_none_or(|partition| partition.stage != Stage::Ready(broker)) {
            return Prepared::Nothing;
        }
        self.expire(world, place);
        if !self.take_first(place) {
            self.set_stage(place, Stage::Resting);
            self.look(world, place);
            return Prepared::Nothing;
        }
        if let Err(failure) = self.suit(place, takes) {
            self.fail_first(world, place, failure);
            return Prepared::Nothing;
        }
        if self.compress(world, place) {
            return Prepared::Nothing;
        }
        let first = self.partition(place).and_then(|partition| partition.queue.front());
        first.map_or(Prepared::Nothing, |batch| Prepared::Batch(batch.len(), batch.sealed.format()))
    }

    /// Takes the oldest batch out of the partition's lane, unless one was taken before.
    fn take_first(&mut self, place: Place) -> bool {
        let topic = &mut self.topics[place.topic as usize];
        let Spot::Partition(number) = place.spot else { return false };
        if !topic.partition(number).queue.is_empty() {
            return true;
        }
        let Some(batch) = topic.batches.bound(number).and_then(Lane::take) else { return false };
        let partition = topic.partition(number);
        partition.free_had_turn = false;
        partition.queue.push_back(Batch::new(batch, false));
        true
    }

    /// Makes the first batch one that the leader takes. What may be stored is not touched: a newer leader is sent an
    /// older request, an older one cannot take it at all.
    fn suit(&mut self, place: Place, takes: Format) -> Result<(), PublishFailure> {
        let topic = &mut self.topics[place.topic as usize];
        let Spot::Partition(number) = place.spot else { return Ok(()) };
        let Some(batch) = topic.partition(number).queue.front_mut() else { return Ok(()) };
        let format = batch.sealed.format();
        if format == takes || (batch.is_possibly_sent && format < takes) {
            return Ok(());
        }
        if batch.is_possibly_sent {
            return Err(PublishFailure::Refused(ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT));
        }
        let recoded = batch.recode(takes, &self.store, &mut self.wakers);
        recoded.map_err(|_| {
            let topic = topic.name().clone();
            PublishFailure::Unacceptable(AppendError::HeadersUnsupported { topic })
        })
    }

    /// Whether the first batch has to be compressed before it can go.
    fn compress(&mut self, world: &mut dyn World, place: Place) -> bool {
        let codec = self.settings.codec;
        let id = JobId(self.next_job);
        let Some(partition) = self.partition(place) else { return false };
        let Some(batch) = partition.queue.front() else { return false };
        if codec == Codec::None || batch.is_compressed || batch.is_possibly_sent {
            return false;
        }
        let job = CompressionJob::new(batch.sealed.clone(), codec);
        partition.stage = Stage::Compressing(id);
        self.next_job += 1;
        self.jobs.insert(id, place);
        world.compute(id, Job::Compress(job));
        true
    }

    pub(super) fn computed(&mut self, world: &mut dyn World, id: JobId, output: JobOutput) {
        let JobOutput::Compressed(done) = output;
        let Some(place) = self.jobs.remove(&id) else { return };
        let topic = &mut self.topics[place.topic as usize];
        let Spot::Partition(number) = place.spot else { return };
        let partition = topic.partition(number);
        if partition.stage != Stage::Compressing(id) {
            return;
        }
        partition.stage = Stage::Resting;
        if let Some(batch) = partition.queue.front_mut() {
            batch.is_compressed = true;
            if done.batch.codec() != batch.sealed.codec() {
                let charge = done.batch.body().len();
                batch.replace(done.batch, charge, &self.store, &mut self.wakers);
            }
        }
        self.look(world, place);
    }

    fn send(
        &mut self,
        world: &mut dyn World,
        broker: BrokerId,
        conn: ConnId,
        newest: i16,
        format: Format,
        places: Vec<Place>,
    ) {
        let mut parts: Vec<Part> = places.iter().filter_map(|place| self.part(*place)).collect();
        let version = version_for(newest, format, &parts);
        // The broker gives up first, and says so: then the connection need not be given up.
        let timeout_ms = (self.settings.request_timeout / 2).as_millis().try_into().unwrap_or(i32::MAX);
        let token = self.next_token;
        self.next_token += 1;
        let sent = world.send(conn, &request(&parts, self.settings.acks, timeout_ms), version, token);
        if sent.is_err() {
            for place in places {
                self.fail_first(world, place, PublishFailure::Refused(ErrorCode::INVALID_REQUEST));
            }
            return;
        }
        for part in &mut parts {
            part.segments.clear();
        }
        self.broker(broker).in_flight += 1;
        self.requests.insert(token, Request { broker, places, parts });
    }

    fn part(&mut self, place: Place) -> Option<Part> {
        let topic = &mut self.topics[place.topic as usize];
        let Spot::Partition(number) = place.spot else { return None };
        let segments = topic.partition(number).queue.front_mut()?.segments();
        Some(Part { topic: topic.name().clone(), topic_id: topic.id, partition: number, segments })
    }

    pub(super) fn broker(&mut self, broker: BrokerId) -> &mut super::Broker {
        self.brokers.entry(broker).or_default()
    }
}
