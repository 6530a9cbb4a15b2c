//! Gathering requests: for each broker a batch of each ready partition, as long as there is room.

use samsa_proto::ErrorCode;
use samsa_proto::records::{Codec, Format};

use super::Sender;
use super::batch::Batch;
use super::place::{Link, Place, Spot, Stage};
use super::request::{Part, format_of, knows_codec, request, version_for};
use super::window::Next;
use super::world::World;
use crate::error::PublishFailure;
use crate::id::{BrokerId, ConnId, JobId};
use crate::intent::{Job, JobOutput};
use crate::limits;
use crate::planted::{PlantedBug, is_planted};
use crate::producer::compression::CompressionJob;
use crate::time::Instant;

/// A request takes no further batch beyond this size.
const REQUEST_BYTES: usize = 1 << 20;

/// A request without response.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) broker: BrokerId,
    pub(super) since: Instant,
    /// It is on a connection that was left behind.
    pub(super) is_left: bool,
    /// In the order of `parts`.
    pub(super) places: Vec<Place>,
    /// Their bytes are left out: they are the batches'.
    pub(super) parts: Vec<Part>,
}

/// A request to be sent.
struct Sending {
    token: u64,
    broker: BrokerId,
    places: Vec<Place>,
}

/// What can be had of a partition for a request.
enum Prepared {
    /// The batch at this place of its queue, of so many bytes in this format.
    Batch { index: usize, len: usize, format: Format },
    /// Nothing now; the partition does not wait for the broker any more.
    Nothing,
}

impl Sender {
    /// Sends what can be sent.
    pub(super) fn pump(&mut self, world: &mut dyn World) {
        self.pump_once(world);
        // What is keyless and did not suit a leader goes to another one, and what waits behind it has its turn.
        while std::mem::take(&mut self.goes_on) {
            self.pump_once(world);
        }
    }

    fn pump_once(&mut self, world: &mut dyn World) {
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
        self.pass_by_what_is_held(world, broker);
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
            let token = self.next_token();
            let (format, places) = self.gather(world, broker, newest, token);
            if places.is_empty() {
                return;
            }
            self.send(world, conn, newest, format, Sending { token, broker, places: places.clone() });
            // More of them may be ready for the next request.
            for place in places {
                self.look(world, place);
            }
        }
    }

    pub(super) fn next_token(&mut self) -> u64 {
        self.next_token += 1;
        self.next_token
    }

    /// The partitions of which a batch each goes into this request, all of one format.
    fn gather(
        &mut self,
        world: &mut dyn World,
        broker: BrokerId,
        newest: i16,
        token: u64,
    ) -> (Format, Vec<Place>) {
        let mut places = Vec::new();
        let mut bytes = 0;
        let mut common = format_of(newest);
        while let Some(place) = self.broker(broker).ready.front().copied() {
            match self.prepare(world, place, broker, newest) {
                Prepared::Nothing => {}
                Prepared::Batch { index, len, format } => {
                    let fits = format == common && bytes + len <= REQUEST_BYTES;
                    if !places.is_empty() && !fits {
                        break;
                    }
                    common = format;
                    bytes += len;
                    places.push(place);
                    // At once, so that a second entry of the same partition is a stale one.
                    self.depart(place, index, token, broker);
                }
            }
            self.broker(broker).ready.pop_front();
        }
        (common, places)
    }

    /// Sees to it that the partition's next batch can be sent to a leader of this version.
    fn prepare(&mut self, world: &mut dyn World, place: Place, broker: BrokerId, newest: i16) -> Prepared {
        if self.partition(place).is_none_or(|partition| partition.stage != Stage::Ready(broker)) {
            return Prepared::Nothing;
        }
        self.expire(world, place);
        let Some(index) = self.take_next(world, place) else {
            self.set_stage(place, Stage::Resting);
            self.look(world, place);
            // It is open again for what is keyless.
            self.goes_on |= self.free.contains(&place.topic);
            return Prepared::Nothing;
        };
        let takes = self.learn_format_at(world, place, newest);
        if self.partition(place).and_then(|partition| partition.form).is_some_and(|form| form.format != takes)
        {
            self.learn_format(world, place.topic);
        }
        let suited = self.has_codec_for(newest, takes).and_then(|()| self.suit(place, index, takes));
        if let Err(failure) = suited {
            self.unsuited(world, place, index, failure);
            return Prepared::Nothing;
        }
        if self.compress(world, place, index) {
            return Prepared::Nothing;
        }
        if takes == Format::V2 && !self.identify(world, place) {
            self.set_stage(place, Stage::Resting);
            return Prepared::Nothing;
        }
        let batch = self.partition(place).and_then(|partition| partition.queue.get(index));
        batch.map_or(Prepared::Nothing, |batch| Prepared::Batch {
            index,
            len: batch.len(),
            format: batch.sealed.format(),
        })
    }

    /// The place of the next batch in the partition's queue. If it was not taken out of the lane before, it is now.
    fn take_next(&mut self, world: &dyn World, place: Place) -> Option<usize> {
        let window = self.window(world, place);
        let topic = &mut self.topics[place.topic as usize];
        let Spot::Partition(number) = place.spot else { return None };
        let lane = match topic.partition(number).next(window) {
            Next::Nothing => return None,
            Next::Queued(index) => return Some(index),
            Next::Lane => topic.batches.bound(number)?,
            Next::FullOfLane => topic.batches.bound(number).filter(|lane| lane.has_full())?,
        };
        let batch = lane.take()?;
        let partition = topic.partition(number);
        partition.free_had_turn = false;
        partition.queue.push_back(Batch::new(batch, false));
        Some(partition.queue.len() - 1)
    }

    /// How many batches of a partition may be of unknown fate now.
    pub(super) fn window(&self, world: &dyn World, place: Place) -> usize {
        let Spot::Partition(number) = place.spot else { return 1 };
        let partition = self.topics[place.topic as usize].partitions.get(number as usize);
        partition.map_or(1, |partition| {
            partition.window(partition.leader.and_then(|leader| world.broker_version(leader)))
        })
    }

    /// Makes a batch one that the leader takes. What may be stored is not touched: a newer leader is sent an older
    /// request, an older one cannot take it at all. Where batches with an identity were stored there are none without.
    fn suit(&mut self, place: Place, index: usize, takes: Format) -> Result<(), PublishFailure> {
        const UNSUPPORTED: PublishFailure =
            PublishFailure::Refused(ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT);
        if is_planted(PlantedBug::EncodesInDoubt) && self.encode_in_doubt(place, index, takes) {
            return Ok(());
        }
        let topic = &mut self.topics[place.topic as usize];
        let Spot::Partition(number) = place.spot else { return Ok(()) };
        let partition = topic.partition(number);
        let may_be_numbered = partition.is_numbered()
            || partition.queue.iter().any(|batch| batch.identity.is_some() && batch.may_be_stored());
        if takes != Format::V2 && may_be_numbered {
            return Err(UNSUPPORTED);
        }
        let Some(batch) = partition.queue.get(index) else { return Ok(()) };
        let format = batch.sealed.format();
        if format == takes || (batch.is_possibly_sent && format < takes) {
            return Ok(());
        }
        if batch.is_possibly_sent {
            return Err(UNSUPPORTED);
        }
        partition.give_back_sequences();
        let Some(batch) = partition.queue.get_mut(index) else { return Ok(()) };
        if batch.identity.is_some() {
            return Err(UNSUPPORTED);
        }
        let recoded = batch.recode(takes, &self.store, &mut self.wakers);
        recoded.map_err(|_| topic.lacks_headers())
    }

    /// The fault that a test plants.
    fn encode_in_doubt(&mut self, place: Place, index: usize, takes: Format) -> bool {
        let Spot::Partition(number) = place.spot else { return false };
        let partition = self.topics[place.topic as usize].partition(number);
        let in_doubt = partition.queue.get_mut(index).filter(|batch| batch.is_possibly_sent);
        let Some(batch) = in_doubt.filter(|batch| takes < batch.sealed.format()) else { return false };
        batch.is_possibly_sent = false;
        batch.forget_attempts();
        batch.recode(takes, &self.store, &mut self.wakers).is_ok()
    }

    /// What a partition's leader takes, whose newest version this is.
    fn learn_format_at(&mut self, world: &dyn World, place: Place, newest: i16) -> Format {
        let now = world.now();
        let Some(partition) = self.partition(place) else { return format_of(newest) };
        partition.newest = Some(newest);
        partition.format_at(newest, now)
    }

    fn has_codec_for(&self, newest: i16, takes: Format) -> Result<(), PublishFailure> {
        let is_known = knows_codec(self.settings.codec, newest, takes);
        is_known.then_some(()).ok_or(PublishFailure::Refused(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE))
    }

    /// Whether a batch has to be compressed before it can go.
    fn compress(&mut self, world: &mut dyn World, place: Place, index: usize) -> bool {
        let codec = self.settings.codec;
        let id = JobId(self.next_job);
        let Some(partition) = self.partition(place) else { return false };
        let Some(batch) = partition.queue.get_mut(index) else { return false };
        if codec == Codec::None || batch.is_compressed || batch.may_be_stored() {
            return false;
        }
        let job = CompressionJob::new(batch.sealed.clone(), codec);
        batch.job = Some(id);
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
        if partition.stage == Stage::Compressing(id) {
            partition.stage = Stage::Resting;
        }
        if let Some(batch) = partition.queue.iter_mut().find(|batch| batch.job == Some(id)) {
            batch.job = None;
            batch.is_compressed = true;
            if done.batch.codec() != batch.sealed.codec() {
                let charge = done.batch.body().len();
                batch.replace(done.batch, charge, &self.store, &mut self.wakers);
            }
        }
        self.look(world, place);
    }

    /// A batch is in this request: now it has its place in the sequence.
    fn depart(&mut self, place: Place, index: usize, token: u64, broker: BrokerId) {
        let Some(partition) = self.partition(place) else { return };
        partition.stage = Stage::Resting;
        let Some(batch) = partition.queue.get_mut(index) else { return };
        let is_new = !batch.is_attempted() && batch.sealed.format() == Format::V2;
        let forgets = batch.identity.is_some() && is_planted(PlantedBug::ForgetsSequence);
        if let Some(sequence) = &mut partition.sequence
            && (is_new || forgets)
        {
            batch.set_identity(sequence.take(batch.sealed.count()));
        }
        let is_retry = batch.has_departed;
        batch.depart(token, broker);
        self.counts.retried_batches += u64::from(is_retry);
    }

    fn send(&mut self, world: &mut dyn World, conn: ConnId, newest: i16, format: Format, sending: Sending) {
        let Sending { token, broker, places } = sending;
        let mut parts: Vec<Part> = places.iter().filter_map(|place| self.part(*place, token)).collect();
        let version = version_for(newest, format, &parts);
        let timeout_ms = self
            .time_for_replicas(world.now(), broker, &places, token)
            .as_millis()
            .try_into()
            .unwrap_or(i32::MAX);
        let sent = world.send(conn, &request(&parts, self.settings.acks, timeout_ms), version, token);
        if sent.is_err() {
            for place in places {
                self.unsendable(world, place, token);
            }
            return;
        }
        for part in &mut parts {
            part.segments.clear();
        }
        self.broker(broker).in_flight += 1;
        let since = world.now();
        self.requests.insert(token, Request { broker, since, is_left: false, places, parts });
    }

    fn unsendable(&mut self, world: &mut dyn World, place: Place, token: u64) {
        if let Some(index) = self.lands(place, token) {
            self.fail_at(world, place, index, PublishFailure::Refused(ErrorCode::INVALID_REQUEST));
        }
    }

    fn part(&mut self, place: Place, token: u64) -> Option<Part> {
        let topic = &mut self.topics[place.topic as usize];
        let Spot::Partition(number) = place.spot else { return None };
        let partition = topic.partition(number);
        let index = partition.find(token)?;
        let segments = partition.queue.get_mut(index)?.segments();
        Some(Part { topic: topic.name().clone(), topic_id: topic.id, partition: number, segments })
    }

    pub(super) fn broker(&mut self, broker: BrokerId) -> &mut super::Broker {
        self.brokers.entry(broker).or_default()
    }
}
