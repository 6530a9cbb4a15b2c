//! The sender: takes batches out of the buffer, brings each to its partition's leader, and gives it its outcome.
//!
//! It works on *places*: a partition, a topic's keyless records, a topic that is not known yet. Whatever happens, the
//! answer is to look at the places that it concerns; a look decides anew from what is there. Of a partition:
//!
//! | stage       | input                             | then        | emits                                        |
//! |-------------|-----------------------------------|-------------|----------------------------------------------|
//! | Resting     | records, and a leader             | Ready       | a wish for a connection, if there is none    |
//! | Resting     | records that linger, or a backoff | Resting     | a deadline                                   |
//! | Ready       | room on the connection            | Resting     | a request with batches of many partitions    |
//! | Ready       | room, and the batch is plain      | Compressing | a job                                        |
//! | Ready       | room, and no producer id          | Resting     | a question for one                           |
//! | Compressing | the job is done                   | Resting     |                                              |
//!
//! And of a batch that is in a request:
//!
//! | input                        | then                                                                            |
//! |------------------------------|---------------------------------------------------------------------------------|
//! | written                      | the outcome                                                                     |
//! | a definite, final error      | the outcome                                                                     |
//! | too large, for certain       | two batches with half of the records each, down to one record or one set        |
//! | another error, or no answer  | a backoff; the same bytes go again                                              |
//! | the same, and it may be      | the outcome, where `Retries::OnlyNotSent` is set and it has no identity         |
//! | stored                       |                                                                                 |
//! | the delivery timeout is over | the outcome; the batch keeps its place until its request ends, and with an      |
//! |                              | identity until its fate is known                                                |
//!
//! With an identity (KIP-98), which is the default, up to five batches of a partition are of unknown fate; without one, and
//! where the broker remembers no more than one, a single one. So order is kept over retries: `window` tells what may go
//! when, `identity` who a partition says it is, `fate` what an answer means. A keyless batch belongs to a partition from
//! when it is taken until neither it nor anything behind it may be stored.

mod batch;
mod failover;
mod fate;
mod free;
mod gather;
mod guarantees;
mod headers;
mod held;
mod identity;
mod look;
mod place;
mod request;
mod rewrite;
#[cfg(test)]
mod tests;
mod timers;
mod topics;
mod waits;
mod window;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use samsa_proto::records::Codec;

use crate::backoff::Backoff;
use crate::config::{Acks, Config, Retries};
use crate::connection::{Failure, Peer};
use crate::error::PublishFailure;
use crate::explanation::{Explanation, Waiting};
use crate::id::{BrokerId, JobId};
use crate::limits;
use crate::metrics::{PublishMetrics, PublishedPartition, Volume};
use crate::out::Out;
use crate::planted::{PlantedBug, is_planted};
use crate::producer::ProducerInput;
use crate::producer::buffer::{Lane, Store};
use crate::rng::Rng;
use crate::time::{Deadline, Instant};
use crate::wake::Wakers;
use gather::Request;
use identity::ProducerIds;
use place::{Broker, Link, Partition, Place, Spot, Topic};
use timers::Timers;
use waits::Waits;
use world::World;

pub(crate) use world::Surroundings;

#[derive(Debug)]
pub(crate) struct Sender {
    settings: Settings,
    store: Arc<Store>,
    topics: Vec<Topic>,
    brokers: BTreeMap<BrokerId, Broker>,
    requests: BTreeMap<u64, Request>,
    jobs: BTreeMap<JobId, Place>,
    /// Places that have something, and whose lanes need not be told of.
    active: BTreeSet<Place>,
    timers: Timers,
    /// Topics with keyless batches that could go, if a partition were open.
    free: BTreeSet<u32>,
    /// A batch did not suit the leader that it was for: others may go now.
    goes_on: bool,
    /// Something waits for metadata: when to ask for it again.
    ask_again: Option<Instant>,
    /// The same, in a hurry: something waits for a leader.
    hurries_at: Option<Instant>,
    /// When metadata was asked for because a broker is silent.
    doubted: Option<Instant>,
    waits: Waits,
    producer_ids: ProducerIds,
    next_token: u64,
    next_job: u64,
    wakers: Wakers,
    counts: PublishMetrics,
    rng: Rng,
}

/// What the configuration says, in the sender's terms.
#[derive(Debug)]
struct Settings {
    acks: Acks,
    idempotence: bool,
    retries: Retries,
    first_sequence: i32,
    first_epoch: i16,
    codec: Codec,
    linger: Duration,
    delivery_timeout: Duration,
    request_timeout: Duration,
    backoff: Backoff,
}

impl Sender {
    pub(crate) fn new(config: &Config, store: Arc<Store>, rng: Rng) -> Self {
        let settings = Settings {
            acks: config.publish.acks,
            idempotence: config.publish.idempotence && config.publish.acks == Acks::All,
            retries: config.publish.retries,
            first_sequence: config.publish.first_sequence.max(0),
            first_epoch: config.publish.first_epoch,
            codec: config.publish.compression.codec(),
            linger: config.publish.linger,
            delivery_timeout: config.publish.delivery_timeout,
            request_timeout: config.request_timeout,
            backoff: config.retry_backoff,
        };
        Self {
            settings,
            store,
            topics: Vec::new(),
            brokers: BTreeMap::new(),
            requests: BTreeMap::new(),
            jobs: BTreeMap::new(),
            active: BTreeSet::new(),
            timers: Timers::default(),
            free: BTreeSet::new(),
            goes_on: false,
            ask_again: None,
            hurries_at: None,
            doubted: None,
            waits: Waits::default(),
            producer_ids: ProducerIds::default(),
            next_token: 0,
            next_job: 0,
            wakers: Wakers::default(),
            counts: PublishMetrics::default(),
            rng,
        }
    }

    pub(crate) fn handle(&mut self, world: &mut dyn World, input: ProducerInput) {
        match input {
            ProducerInput::BatchesReady => self.batches_ready(world),
            ProducerInput::MetadataChanged => self.metadata_changed(world),
            ProducerInput::ContactChanged => self.contact_changed(world),
            ProducerInput::Ready { peer } => self.broker_ready(world, peer),
            ProducerInput::Unreachable { peer, reason } => self.broker_unreachable(world, peer, reason),
            ProducerInput::Response { token, version, frame } => self.response(world, token, version, &frame),
            ProducerInput::Failed { token, failure } => self.request_failed(world, token, &failure),
            ProducerInput::Computed { id, output } => self.computed(world, id, output),
            ProducerInput::Tick => self.tick(world),
            ProducerInput::Flush { op, until } => self.flush(world, op, until),
            ProducerInput::Close { op, until } => self.close(world, op, until),
            ProducerInput::Forget { op } => self.waits.forget(op),
        }
        self.look_at_ready(world);
        self.pump(world);
        self.end_waits(world);
        world.wake(&mut self.wakers);
    }

    /// Holds partitions and brokers to [`limits`].
    pub(crate) fn assert_bounds(&self) {
        self.topics.iter().flat_map(|topic| &topic.partitions).for_each(Partition::assert_bounds);
        for (id, broker) in &self.brokers {
            let count = broker.in_flight.max(broker.left);
            assert!(
                count <= limits::PRODUCE_REQUESTS_IN_FLIGHT,
                "{count} produce requests in flight to {id}"
            );
        }
    }

    /// The close was answered, and nothing is under way for an outcome any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.waits.is_closed()
    }

    /// `late_from` says from when on the oldest answer that a broker owes is late, `held_from` from when on it is held back.
    pub(crate) fn deadline(
        &self,
        late_from: &dyn Fn(BrokerId) -> Option<Instant>,
        held_from: &dyn Fn(BrokerId) -> Option<Instant>,
    ) -> Option<Deadline> {
        let deadlines = [
            self.timers.next().map(|at| Deadline::new(at, "linger, retry or delivery timeout of a batch")),
            self.ask_again.map(|at| Deadline::new(at, "metadata for waiting batches")),
            self.hurries_at.map(|at| Deadline::new(at, "a leader of waiting batches")),
            self.waits.next().map(|at| Deadline::new(at, "flush or close")),
            self.producer_ids.next().map(|at| Deadline::new(at, "producer id, again")),
            self.next_doubt(late_from).map(|at| Deadline::new(at, "a produce request that is not answered")),
            self.next_to_pass_by(held_from)
                .map(|at| Deadline::new(at, "a produce request that is held back")),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// The driver goes: everything that was accepted gets its outcome.
    pub(crate) fn abort(&mut self, out: &mut Out) {
        self.store.close(&mut self.wakers);
        let replies = self.waits.abort();
        self.fail_everything();
        for (op, reply) in replies {
            out.complete(op, reply);
        }
        out.wake(&mut self.wakers);
    }

    fn batches_ready(&mut self, world: &mut dyn World) {
        self.look_at_all_ready(world);
        if self.store.take_pressed() && !is_planted(PlantedBug::LingersWithoutRoom) {
            self.hurry(world);
        }
    }

    /// Looks at all that is ready. Looking settles topics, which puts lanes on the list; only when those were looked at
    /// too is everything active.
    fn look_at_all_ready(&mut self, world: &mut dyn World) {
        self.look_at_ready(world);
        self.look_at_ready(world);
    }

    /// Looks at all that was put on the ready list.
    fn look_at_ready(&mut self, world: &mut dyn World) {
        self.meet_topics();
        for lane in self.store.take_ready() {
            self.look(world, lane.into());
        }
    }

    fn meet_topics(&mut self) {
        let new = self.store.topics_from(self.topics.len());
        self.topics.extend(new.into_iter().map(Topic::new));
    }

    /// Nothing lingers any more: somebody flushes, or waits for memory.
    fn hurry(&mut self, world: &mut dyn World) {
        for place in self.active.clone() {
            self.topic(place.topic).lanes(place.spot).iter().for_each(Lane::hurry);
            self.look(world, place);
        }
    }

    fn tick(&mut self, world: &mut dyn World) {
        let now = world.now();
        self.producer_ids_tick(world);
        while let Some(place) = self.timers.pop(now) {
            self.look(world, place);
        }
        if self.ask_again.is_some_and(|at| at <= now) {
            self.ask_again = None;
            for place in self.active.clone() {
                self.look(world, place);
            }
            if self.ask_again.is_some() {
                world.refresh("batches wait for their topic");
            }
        }
        if self.hurries_at.is_some_and(|at| at <= now) {
            self.hurry_metadata(world);
        }
        self.doubt_the_silent(world);
    }

    fn broker_ready(&mut self, world: &mut dyn World, peer: Peer) {
        let Peer::Broker(broker) = peer else { return };
        let state = self.brokers.entry(broker).or_default();
        state.link = Link::Ready;
        state.trouble = None;
        self.learn_formats(world);
        self.contact_changed(world);
    }

    fn broker_unreachable(&mut self, world: &mut dyn World, peer: Peer, reason: String) {
        let Peer::Broker(broker) = peer else { return };
        let state = self.brokers.entry(broker).or_default();
        state.link = Link::None;
        state.trouble = Some(reason);
        let waiting = state.ready.clone();
        let partitions = self.topics.iter_mut().flat_map(|topic| &mut topic.partitions);
        for partition in
            partitions.filter(|partition| partition.hint.is_some_and(|hint| hint.leader == broker))
        {
            partition.drop_hint();
        }
        for place in waiting {
            self.give_up_broker(world, place, broker);
        }
        self.learn_formats(world);
        self.contact_changed(world);
        world.refresh("a leader cannot be reached");
        self.hurry_metadata(world);
    }

    fn topic(&mut self, index: u32) -> &mut Topic {
        &mut self.topics[index as usize]
    }

    /// The partition of a place that is one.
    fn partition(&mut self, place: Place) -> Option<&mut Partition> {
        match place.spot {
            Spot::Partition(partition) => Some(self.topic(place.topic).partition(partition)),
            Spot::Free | Spot::Unsettled => None,
        }
    }

    /// Gives every record that has no outcome one: the client is closed.
    fn fail_everything(&mut self) {
        self.store.take_ready();
        self.meet_topics();
        for index in 0..self.topics.len() as u32 {
            self.fail_topic(index, &PublishFailure::Closed);
        }
        self.active.clear();
        self.free.clear();
        self.goes_on = false;
        self.jobs.clear();
        self.producer_ids.clear();
        self.timers = Timers::default();
        self.ask_again = None;
        self.hurries_at = None;
    }

    pub(crate) fn explain(&self, now: Instant, explanation: &mut Explanation) {
        let lines = &mut explanation.lines;
        lines.extend(self.active.iter().map(|place| self.explain_place(*place)));
        self.waits.explain(lines);
        self.producer_ids.explain(lines);
        explanation.guarantees.extend(self.guarantees(now));
    }

    pub(crate) fn metrics(&self) -> (PublishMetrics, Vec<PublishedPartition>) {
        let publishing = PublishMetrics {
            buffer_used_bytes: self.store.used(),
            buffer_limit_bytes: self.store.limit(),
            ..self.counts
        };
        let partitions = self.topics.iter().flat_map(|topic| {
            let numbered = (0..).zip(&topic.partitions).map(|(number, partition)| PublishedPartition {
                topic: Arc::clone(topic.name()),
                partition: number,
                leader: partition.leader,
                written: partition.written,
                waiting_batches: partition.queue.iter().filter(|batch| !batch.is_over()).count(),
            });
            numbered.filter(|partition| {
                partition.written != Volume::default()
                    || partition.waiting_batches > 0
                    || topic
                        .batches
                        .bound(partition.partition as u32)
                        .is_some_and(|lane| lane.oldest().is_some())
            })
        });
        (publishing, partitions.collect())
    }

    fn explain_place(&self, place: Place) -> Waiting {
        let topic = &self.topics[place.topic as usize];
        let who = match place.spot {
            Spot::Unsettled | Spot::Free => format!("messages for topic {:?}", topic.name()),
            Spot::Partition(partition) => {
                format!("messages for topic {:?} partition {partition}", topic.name())
            }
        };
        let (what, until) = self.what_it_waits_for(place);
        Waiting { who, what, since: self.oldest(place), until }
    }
}

/// How a request failed: whether the broker may have got it, and in what words.
impl From<&Failure> for fate::Loss {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::NotSent(why) => Self { is_possibly_sent: false, why: why.clone() },
            Failure::PossiblySent(why) => Self { is_possibly_sent: true, why: why.clone() },
        }
    }
}
