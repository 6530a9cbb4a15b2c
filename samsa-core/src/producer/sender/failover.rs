//! While messages wait for a leader: metadata is asked for every 50 ms, so that a new one is found as soon as there is one.
//!
//! | what waits                                                       | asked                                     |
//! |------------------------------------------------------------------|-------------------------------------------|
//! | a partition without leader                                       | every 50 ms                               |
//! | one whose leader cannot be reached, was lost, or does not lead   | every 50 ms, until another one is told    |
//! | keyless batches, and all leaders of their topic are such         | every 50 ms                               |
//! | an answer that is owed for a second, and twice as long as lately | every 250 ms, since it may be slow        |
//!
//! In the last case the connection is given up as soon as others lead all partitions of that request, and what was in it goes
//! there. Only the oldest request on a connection is owed an answer, and only since it was sent: what a throttled connection holds
//! back is not. There is one question at a time for all of them, and the next one begins after the answer. A batch whose outcome was
//! told waits for nothing: where only such are left, metadata is asked for no more often than elsewhere.

use super::Sender;
use super::gather::Request;
use super::place::{Broker, Link, Partition, Place, Spot};
use super::world::World;
use crate::id::BrokerId;
use crate::limits;
use crate::time::Instant;

impl Sender {
    /// Asks for metadata if anything waits for a leader, and again as long as it does.
    pub(super) fn hurry_metadata(&mut self, world: &mut dyn World) {
        self.hurries_at = None;
        if self.active.iter().any(|place| self.waits_for_a_leader(world, *place)) {
            world.hurry("batches wait for a leader");
            self.hurry_again(world);
        }
    }

    /// Asks for metadata because a request went wrong: at once, if anybody waits for what was in it.
    pub(super) fn hurry_for(&mut self, world: &mut dyn World, places: &[Place], why: &'static str) {
        if places.iter().any(|place| self.is_waited_for(*place)) {
            world.hurry(why);
            self.hurry_again(world);
        } else {
            world.refresh(why);
        }
    }

    /// Asks for metadata soon, and looks at all that waits again when the topic is not there.
    pub(super) fn wait_for_leader(&mut self, world: &dyn World, topic: u32) {
        if world.topic(self.topics[topic as usize].name()).is_some() {
            self.hurry_again(world);
        } else {
            self.wait_for_metadata(world, self.settings.backoff.most);
        }
    }

    fn hurry_again(&mut self, world: &dyn World) {
        let at = world.now() + limits::LEADERLESS;
        self.hurries_at = Some(self.hurries_at.map_or(at, |sooner| sooner.min(at)));
    }

    /// Whether there is anything at a place whose outcome was not told.
    pub(super) fn is_waited_for(&self, place: Place) -> bool {
        let topic = &self.topics[place.topic as usize];
        if place.spot == Spot::Unsettled {
            return topic.batches.oldest_unsettled().is_some();
        }
        topic.taken(place.spot).into_iter().flatten().any(|batch| !batch.is_over())
            || topic.lanes(place.spot).iter().any(|lane| lane.oldest().is_some())
    }

    fn waits_for_a_leader(&self, world: &dyn World, place: Place) -> bool {
        let topic = &self.topics[place.topic as usize];
        let partitions = &topic.partitions;
        if world.topic(topic.name()).is_none() {
            return false;
        }
        match place.spot {
            Spot::Unsettled => false,
            Spot::Free => {
                !partitions.is_empty() && partitions.iter().all(|partition| self.lacks_leader(partition))
            }
            Spot::Partition(number) => {
                partitions.get(number as usize).is_some_and(|partition| self.lacks_leader(partition))
                    && self.is_waited_for(place)
            }
        }
    }

    fn lacks_leader(&self, partition: &Partition) -> bool {
        let is_lost = |leader| {
            let broker = self.brokers.get(&leader);
            broker.is_some_and(|broker| broker.link != Link::Ready && broker.trouble.is_some())
        };
        partition.is_doubted || partition.leader.is_none_or(is_lost)
    }

    /// A broker that stands still says nothing, and another one may lead its partitions already.
    pub(super) fn doubt_the_silent(&mut self, world: &mut dyn World) {
        let now = world.now();
        if self.next_doubt(&|broker| world.late_from(broker)).is_some_and(|at| at <= now) {
            self.doubted = Some(now);
            world.hurry("a produce request is not answered");
        }
    }

    /// Where others lead all partitions of the request that a broker owes an answer to, nobody waits for it. Those behind it have
    /// not had their turn.
    pub(super) fn give_up_the_silent(&self, world: &mut dyn World) {
        let now = world.now();
        let silent: Vec<BrokerId> = self
            .owing()
            .filter(|broker| world.late_from(*broker).is_some_and(|late| late <= now))
            .filter(|broker| self.oldest_request(*broker).is_some_and(|request| self.is_in_vain(request)))
            .collect();
        for broker in silent {
            world.give_up(broker, "no response in time, and others lead the partitions now");
        }
    }

    /// Brokers that owe answers.
    fn owing(&self) -> impl Iterator<Item = BrokerId> {
        let owes = |broker: &Broker| broker.in_flight + broker.left > 0;
        self.brokers.iter().filter(move |(_, broker)| owes(broker)).map(|(id, _)| *id)
    }

    pub(super) fn oldest_request(&self, broker: BrokerId) -> Option<&Request> {
        self.requests.values().find(|request| request.broker == broker)
    }

    fn is_in_vain(&self, request: &Request) -> bool {
        request.places.iter().all(|place| self.is_led_by_other_than(request.broker, *place))
    }

    fn is_led_by_other_than(&self, broker: BrokerId, place: Place) -> bool {
        let Spot::Partition(number) = place.spot else { return false };
        let partition = self.topics[place.topic as usize].partitions.get(number as usize);
        partition.is_some_and(|partition| partition.is_led_by_other_than(broker))
    }

    pub(super) fn next_doubt(&self, late_from: &dyn Fn(BrokerId) -> Option<Instant>) -> Option<Instant> {
        if self.is_closed() {
            return None;
        }
        let late = self.owing().filter_map(late_from).min()?;
        let again = self.doubted.map(|doubted| doubted + limits::PRODUCE_DOUBT);
        Some(late.max(again.unwrap_or(Instant::START)))
    }
}
