//! Keyless batches: which partition they go to.
//!
//! A keyless batch is taken when some partition is open for it: its leader's connection is ready and has room for a
//! request, and nothing of the partition is under way. So a slow broker, whose partitions are seldom open, gets less,
//! and a dead one nothing. A batch with headers goes to a partition whose leader takes them, see `headers`. Among the open partitions the one comes next that was given the fewest bytes.

use std::collections::{BTreeSet, VecDeque};

use super::Sender;
use super::batch::Batch;
use super::place::{Link, Partition, Place, Spot};
use super::world::World;
use crate::id::BrokerId;
use crate::limits;
use crate::planted::{PlantedBug, is_planted};
use crate::producer::buffer::Look;
use crate::time::Instant;

impl Sender {
    /// Returns when to look again; never, when there is nothing.
    pub(super) fn look_free(&mut self, world: &mut dyn World, index: u32) -> Option<Instant> {
        let now = world.now();
        let (linger, timeout) = (self.settings.linger, self.settings.delivery_timeout);
        let topic = &self.topics[index as usize];
        let mut is_due = !topic.returned.is_empty();
        let mut next = topic.returned.iter().map(|batch| batch.deadline(timeout)).min();
        for lane in topic.batches.free() {
            let found = lane.look(now, linger);
            let expiry = found.opened().map(|opened| opened + timeout);
            let until = if let Look::Lingers { until, .. } = found { Some(until) } else { None };
            is_due |= matches!(found, Look::Due { .. });
            next = [next, expiry, until].into_iter().flatten().min();
        }
        if is_due {
            // A partition that has nothing of its own rests after a refusal, and may take some of these then.
            let rests = topic.partitions.iter().map(|partition| partition.not_before);
            next = rests.filter(|rested| *rested > now).chain(next).min();
        }
        if is_due {
            self.free.insert(index);
            self.want_any_leader(world, index);
        } else {
            self.free.remove(&index);
        }
        next
    }

    /// Gives the keyless batches of a topic to partitions, as long as there are both.
    pub(super) fn assign_free(&mut self, world: &mut dyn World, index: u32) {
        self.reach_leaders(world, index);
        self.sort_out_headers(world, index);
        while self.free.contains(&index) {
            let Some(partition) = self.pick(index, world.now()) else {
                return;
            };
            self.assign(world, index, partition);
        }
    }

    /// Takes a keyless batch for this partition.
    fn assign(&mut self, world: &mut dyn World, index: u32, number: u32) {
        let place = Place { topic: index, spot: Spot::Partition(number) };
        let takes_headers = !self.topic(index).partition(number).is_led_by_old(world.now());
        if let Some(batch) = self.take_free(world.now(), index, takes_headers) {
            let len = batch.len() as u64;
            let topic = self.topic(index);
            let weight = topic.weight(&topic.partitions[number as usize]) + len;
            topic.most_given = topic.most_given.max(weight);
            let partition = topic.partition(number);
            partition.given = weight;
            partition.free_had_turn = true;
            partition.queue.push_back(batch);
        }
        self.look(world, place);
        self.look(world, Place { topic: index, spot: Spot::Free });
    }

    /// A partition has ended a request. If keyless batches wait as well as its own, they take turns.
    pub(super) fn next_turn(&mut self, world: &mut dyn World, place: Place) {
        if let Spot::Partition(number) = place.spot
            && self.free.contains(&place.topic)
            && !self.topic(place.topic).partition(number).free_had_turn
            && self.takes_more(world, place)
        {
            return self.assign(world, place.topic, number);
        }
        self.look(world, place);
    }

    /// The keyless batch that comes next, of those that a leader takes. Others that are found on the way wait on.
    fn take_free(&mut self, now: Instant, index: u32, takes_headers: bool) -> Option<Batch> {
        let suits = |batch: &Batch| takes_headers || !batch.has_headers;
        let returned = &mut self.topic(index).returned;
        if let Some(first) = returned.iter().position(suits) {
            return returned.remove(first);
        }
        loop {
            let batch = self.take_free_from_lanes(now, index)?;
            if suits(&batch) {
                return Some(batch);
            }
            self.put_back(index, [batch].into());
        }
    }

    fn take_free_from_lanes(&mut self, now: Instant, index: u32) -> Option<Batch> {
        let linger = self.settings.linger;
        let lanes = self.topic(index).batches.free().iter().filter_map(|lane| match lane.look(now, linger) {
            Look::Due { opened } => Some((opened, lane)),
            Look::Empty | Look::Lingers { .. } => None,
        });
        let (_, lane) = lanes.min_by_key(|(opened, _)| *opened)?;
        lane.take().map(|batch| Batch::new(batch, true))
    }

    fn pick(&self, index: u32, now: Instant) -> Option<u32> {
        let (topic, codec) = (&self.topics[index as usize], self.settings.codec);
        let has_old = topic.partitions.iter().any(|partition| partition.is_led_by_old(now));
        let needs_headers = has_old && self.only_headers_wait(now, index);
        // Where no leader takes anything, each says so.
        let is_refused = topic.takes_nothing(codec, now);
        let suits = |number: &u32| {
            let partition = &topic.partitions[*number as usize];
            let lacks_headers = needs_headers && partition.is_led_by_old(now);
            !lacks_headers && (is_refused || !partition.takes_nothing(codec, now))
        };
        let open = (0..topic.partitions.len() as u32).filter(|number| self.is_open(index, *number, now));
        open.filter(suits).min_by_key(|number| topic.weight(&topic.partitions[*number as usize]))
    }

    fn is_open(&self, index: u32, number: u32, now: Instant) -> bool {
        let partition = &self.topics[index as usize].partitions[number as usize];
        let is_ignored = is_planted(PlantedBug::IgnoresDeadLeaders);
        partition.is_open(now) && (is_ignored || self.has_room(partition.leader))
    }

    /// Whether a batch more of this partition could be sent now.
    fn takes_more(&self, world: &dyn World, place: Place) -> bool {
        let Spot::Partition(number) = place.spot else { return false };
        let partition = &self.topics[place.topic as usize].partitions[number as usize];
        let (now, codec) = (world.now(), self.settings.codec);
        partition.takes_more(now, self.window(world, place))
            && !partition.takes_nothing(codec, now)
            && self.has_room(partition.leader)
    }

    fn has_room(&self, leader: Option<BrokerId>) -> bool {
        let broker = leader.and_then(|leader| self.brokers.get(&leader));
        broker.is_some_and(|broker| {
            broker.link == Link::Ready && broker.in_flight < limits::PRODUCE_REQUESTS_IN_FLIGHT
        })
    }

    /// Asks for connections to all leaders of a topic: who is not connected gets no keyless batch.
    pub(super) fn reach_leaders(&mut self, world: &mut dyn World, index: u32) {
        let unasked =
            |leader: &BrokerId| self.brokers.get(leader).is_none_or(|broker| broker.link == Link::None);
        let leaders = self.topics[index as usize].partitions.iter().filter_map(|partition| partition.leader);
        let unasked: BTreeSet<BrokerId> = leaders.filter(unasked).collect();
        for leader in unasked {
            self.reach(world, leader);
        }
    }

    fn reach(&mut self, world: &mut dyn World, broker: BrokerId) {
        let link = if world.connection(broker).is_some() { Link::Ready } else { Link::Asked };
        self.brokers.entry(broker).or_default().link = link;
    }

    /// If no partition has a leader, metadata is asked for until one has. If somebody deleted the topic, the message makes it
    /// anew, where the cluster allows that.
    fn want_any_leader(&mut self, world: &mut dyn World, index: u32) {
        if self.topic(index).partitions.iter().all(Partition::is_leaderless) {
            let name = self.topic(index).name().clone();
            world.want(&name);
            self.wait_for_leader(world, index);
        }
    }

    /// Keyless batches that have no partition any more.
    pub(super) fn put_back(&mut self, index: u32, batches: VecDeque<Batch>) {
        let returned = &mut self.topic(index).returned;
        returned.extend(batches);
        returned.make_contiguous().sort_by_key(Batch::opened);
    }
}
