//! Looking at a place: what is there, what it waits for, and until when.

use std::collections::VecDeque;
use std::time::Duration;

use super::Sender;
use super::batch::{Batch, fail_unsettled};
use super::place::{Link, Partition, Place, Spot, Stage, Topic};
use super::window::Next;
use super::world::World;
use crate::error::PublishFailure;
use crate::id::BrokerId;
use crate::planted::{PlantedBug, is_planted};
use crate::producer::buffer::{Lane, Look};
use crate::time::Instant;

impl Sender {
    /// Decides anew what is to be done for a place. May be called at any time and any number of times.
    pub(super) fn look(&mut self, world: &mut dyn World, place: Place) {
        self.expire(world, place);
        let next = match place.spot {
            Spot::Unsettled => self.look_unsettled(world, place.topic),
            Spot::Free => self.look_free(world, place.topic),
            Spot::Partition(partition) => self.look_partition(world, place, partition),
        };
        if next.is_some() || self.partition(place).is_some_and(|partition| !partition.queue.is_empty()) {
            self.active.insert(place);
        } else {
            self.active.remove(&place);
        }
        self.timers.set(place, next);
    }

    /// Returns when to look again; never, when there is nothing, or nothing that time changes.
    fn look_partition(&mut self, world: &mut dyn World, place: Place, number: u32) -> Option<Instant> {
        let now = world.now();
        let (linger, timeout) = (self.settings.linger, self.settings.delivery_timeout);
        self.settle_identity(place);
        let window = self.window(world, place);
        if self.topic(place.topic).partition(number).is_leaderless() {
            self.return_free(world, place);
        }
        let topic = &mut self.topics[place.topic as usize];
        topic.tell_form(number);
        let found = topic.batches.bound(number).map_or(Look::Empty, |lane| lane.look(now, linger));
        let partition = topic.partition(number);
        let waiting =
            partition.queue.iter().filter(|batch| !batch.is_over()).map(|batch| batch.deadline(timeout));
        let expiry = waiting.chain(found.opened().map(|opened| opened + timeout)).min();

        if let Stage::Ready(broker) = partition.stage
            && partition.leader != Some(broker)
        {
            partition.stage = Stage::Resting;
        }
        let next = partition.next(window);
        if partition.stage != Stage::Resting || (partition.queue.is_empty() && found == Look::Empty) {
            return expiry;
        }
        if partition.not_before > now {
            return Some(expiry.map_or(partition.not_before, |expiry| expiry.min(partition.not_before)));
        }
        let leader = partition.leader;
        let is_due = match (next, found) {
            (Next::Queued(_), _) | (Next::Lane, Look::Due { .. }) => true,
            (Next::Lane, Look::Lingers { until, .. }) => return expiry.map(|expiry| expiry.min(until)),
            (Next::FullOfLane, _) => topic.batches.bound(number).is_some_and(Lane::has_full),
            (Next::Lane, Look::Empty) | (Next::Nothing, _) => false,
        };
        match leader {
            Some(broker) if is_due => self.make_ready(place, broker),
            // If somebody deleted the topic, this message makes it anew, where the cluster allows that. What is over makes
            // no topic, and waits for nobody.
            None if expiry.is_some() => {
                let name = self.topics[place.topic as usize].name().clone();
                world.want(&name);
                self.wait_for_leader(world, place.topic);
            }
            Some(_) | None => {}
        }
        expiry
    }

    fn make_ready(&mut self, place: Place, broker: BrokerId) {
        let mut moved_at = None;
        if let Some(partition) = self.partition(place) {
            partition.stage = Stage::Ready(broker);
            moved_at = partition.moved_at;
        }
        let state = self.broker(broker);
        state.moved_at = state.moved_at.max(moved_at);
        state.ready.push_back(place);
    }

    /// Asks for metadata again after so long.
    pub(super) fn wait_for_metadata(&mut self, world: &dyn World, pause: Duration) {
        let at = world.now() + pause.max(Duration::from_millis(1));
        self.ask_again = Some(self.ask_again.map_or(at, |sooner| sooner.min(at)));
    }

    /// A partition was ready for a broker that cannot be reached now.
    pub(super) fn give_up_broker(&mut self, world: &mut dyn World, place: Place, broker: BrokerId) {
        if self.partition(place).is_some_and(|partition| partition.stage == Stage::Ready(broker)) {
            self.return_free(world, place);
            self.look(world, place);
        }
    }

    /// Keyless batches that wait for this partition in vain may go to another one.
    pub(super) fn return_free(&mut self, world: &mut dyn World, place: Place) {
        let Some(partition) = self.partition(place) else { return };
        if matches!(partition.stage, Stage::Compressing(_)) {
            return;
        }
        let movable = partition.take_movable();
        if !movable.is_empty() {
            self.put_back(place.topic, movable.into());
            self.look(world, Place { topic: place.topic, spot: Spot::Free });
        }
    }

    /// Gives what has waited too long its outcome.
    pub(super) fn expire(&mut self, world: &dyn World, place: Place) {
        let now = world.now();
        match place.spot {
            Spot::Unsettled => self.expire_unsettled(world, place.topic, now),
            Spot::Free => self.expire_returned(world, place, now),
            Spot::Partition(_) => self.expire_queue(world, place, now),
        }
        self.expire_lanes(world, place, now);
    }

    fn expire_unsettled(&mut self, world: &dyn World, topic: u32, now: Instant) {
        let timeout = self.settings.delivery_timeout;
        let batches = self.topic(topic).batches.clone();
        while let Some(waiting) = batches.take_expired_unsettled(now, timeout) {
            let last = self.why_unsettled(topic, world.last_trouble());
            self.store.give_back(waiting.charge, &mut self.wakers);
            let failure = PublishFailure::TimedOut { within: timeout, last };
            self.counts.failed_records += fail_unsettled(waiting, batches.name(), failure, &mut self.wakers);
        }
    }

    fn expire_lanes(&mut self, world: &dyn World, place: Place, now: Instant) {
        let timeout = self.settings.delivery_timeout;
        let batches = self.topic(place.topic).batches.clone();
        let lanes = match place.spot {
            Spot::Unsettled => return,
            Spot::Free => batches.free(),
            Spot::Partition(number) => batches.bound(number).map(std::slice::from_ref).unwrap_or_default(),
        };
        for lane in lanes {
            while let Some(batch) = lane.take_expired(now, timeout) {
                let mut batch = Batch::new(batch, place.spot == Spot::Free);
                self.time_out(world, place, &mut batch);
            }
        }
    }

    fn expire_returned(&mut self, world: &dyn World, place: Place, now: Instant) {
        let timeout = self.settings.delivery_timeout;
        let returned = std::mem::take(&mut self.topic(place.topic).returned);
        for mut batch in returned {
            if batch.deadline(timeout) <= now {
                self.time_out(world, place, &mut batch);
            } else {
                self.topic(place.topic).returned.push_back(batch);
            }
        }
    }

    fn expire_queue(&mut self, world: &dyn World, place: Place, now: Instant) {
        let timeout = self.settings.delivery_timeout;
        let Some(partition) = self.partition(place) else { return };
        if !partition.queue.iter().any(|batch| batch.deadline(timeout) <= now) {
            return;
        }
        // From the back, so that what is certainly not stored gives its sequence numbers back.
        for index in (0..partition.queue.len()).rev() {
            self.expire_at(world, place, index, now);
        }
    }

    /// The deadline ends the wait of the application. A batch that may be stored and has a place in the sequence keeps
    /// it: what comes behind it can be stored only when its fate is known.
    fn expire_at(&mut self, world: &dyn World, place: Place, index: usize, now: Instant) {
        let timeout = self.settings.delivery_timeout;
        let Some(partition) = self.partition(place) else { return };
        let Some(batch) = partition.queue.get(index) else { return };
        if batch.is_over() || batch.deadline(timeout) > now {
            return;
        }
        let is_in_doubt = batch.identity.is_some() && batch.is_possibly_sent;
        if batch.flight.is_some() || (is_in_doubt && !is_planted(PlantedBug::DeadlineFreesPlace)) {
            let failure = self.timed_out(world, place, batch_trouble(&self.topics, place, index));
            return self.report(place, index, failure);
        }
        if is_in_doubt {
            self.free_place(place, index);
        }
        if let Some(mut batch) = self.remove(place, index) {
            self.time_out(world, place, &mut batch);
        }
    }

    /// The fault that a test plants.
    fn free_place(&mut self, place: Place, index: usize) {
        let Some(partition) = self.partition(place) else { return };
        let Some(batch) = partition.queue.get_mut(index) else { return };
        if let (Some(identity), Some(sequence)) = (batch.identity.take(), &mut partition.sequence) {
            sequence.go_back_to(identity);
        }
    }

    fn report(&mut self, place: Place, index: usize, failure: PublishFailure) {
        let Spot::Partition(number) = place.spot else { return };
        let topic = &self.topics[place.topic as usize];
        let batch = topic.partitions.get(number as usize).and_then(|partition| partition.queue.get(index));
        if let Some(batch) = batch {
            self.counts.failed_records += batch.report(topic.name(), Some(number), failure, &mut self.wakers);
        }
    }

    pub(super) fn set_stage(&mut self, place: Place, stage: Stage) {
        if let Some(partition) = self.partition(place) {
            partition.stage = stage;
        }
    }

    fn time_out(&mut self, world: &dyn World, place: Place, batch: &mut Batch) {
        let failure = self.timed_out(world, place, batch.trouble.clone());
        self.fail(place, batch, failure);
    }

    fn timed_out(&self, world: &dyn World, place: Place, trouble: Option<String>) -> PublishFailure {
        let last = trouble.unwrap_or_else(|| match self.obstacle(place) {
            Some(obstacle) => obstacle,
            None => format!("no partition has a leader that can be reached: {}", world.last_trouble()),
        });
        PublishFailure::TimedOut { within: self.settings.delivery_timeout, last }
    }

    /// The end of a batch that is in no queue any more.
    pub(super) fn fail(&mut self, place: Place, batch: &mut Batch, failure: PublishFailure) {
        let partition = match place.spot {
            Spot::Partition(partition) => Some(partition),
            Spot::Free | Spot::Unsettled => None,
        };
        let name = self.topic(place.topic).name().clone();
        self.counts.failed_records += batch.report(&name, partition, failure, &mut self.wakers);
        batch.release(&self.store, &mut self.wakers);
    }

    /// What stands in the way of a partition, in words.
    fn obstacle(&self, place: Place) -> Option<String> {
        let Spot::Partition(number) = place.spot else { return None };
        let partition = self.topics[place.topic as usize].partitions.get(number as usize)?;
        let leader = partition.leader?;
        let broker = self.brokers.get(&leader);
        Some(match broker.and_then(|broker| broker.trouble.as_ref()) {
            Some(trouble) => format!("its leader, broker {leader}, cannot be reached: {trouble}"),
            None => format!("it waited for its turn at its leader, broker {leader}"),
        })
    }

    /// What kept messages from being written: nobody knows their topic, or it has no leader, or none that has told what it takes.
    fn why_unsettled(&self, topic: u32, last_trouble: &str) -> String {
        let partitions = &self.topics[topic as usize].partitions;
        if partitions.is_empty() {
            return format!("the topic is not known: {last_trouble}");
        }
        let mut leaders = partitions.iter().filter_map(|partition| partition.leader);
        let Some(first) = leaders.clone().next() else {
            return "none of its partitions has a leader".to_owned();
        };
        let unreached =
            leaders.find_map(|leader| Some((leader, self.brokers.get(&leader)?.trouble.as_ref()?)));
        match unreached {
            Some((leader, trouble)) => format!("its leader, broker {leader}, cannot be reached: {trouble}"),
            None => format!("its leader, broker {first}, has not told what it takes"),
        }
    }

    /// For `explain`: what it waits for, and until when at the latest. Its messages are given up then, if nothing is done before;
    /// a batch whose time is over and that may be stored waits for its answer however long that takes.
    pub(super) fn what_it_waits_for(&self, place: Place) -> (String, Option<Instant>) {
        let topic = &self.topics[place.topic as usize];
        let what = match place.spot {
            Spot::Unsettled if topic.partitions.is_empty() => "the topic to be known",
            Spot::Unsettled if topic.partitions.iter().all(|partition| partition.leader.is_none()) => {
                "a leader"
            }
            Spot::Unsettled => "a connection to one of the leaders, which tells what it takes",
            Spot::Free => "a partition whose leader is reachable and has room, or the linger time",
            Spot::Partition(number) => match topic.partitions.get(number as usize) {
                Some(partition) => return self.what_partition_waits_for(partition, self.oldest(place)),
                None => "metadata",
            },
        };
        (what.to_owned(), self.oldest(place).map(|oldest| oldest + self.settings.delivery_timeout))
    }

    fn what_partition_waits_for(
        &self,
        partition: &Partition,
        oldest: Option<Instant>,
    ) -> (String, Option<Instant>) {
        let is_over = partition.queue.front().is_some_and(Batch::is_over);
        let given_up = oldest.map(|oldest| oldest + self.settings.delivery_timeout).filter(|_| !is_over);
        if let Some(flight) = partition.queue.iter().find_map(|batch| batch.flight) {
            return (format!("the answer of broker {}", flight.broker), given_up);
        }
        let Some(leader) = partition.leader else { return ("a leader".to_owned(), given_up) };
        match partition.stage {
            Stage::Compressing(_) => ("to be compressed".to_owned(), given_up),
            Stage::Ready(_) => {
                let is_ready = self.brokers.get(&leader).is_some_and(|broker| broker.link == Link::Ready);
                let what = if is_ready { "its turn at" } else { "a connection to" };
                (format!("{what} broker {leader}"), given_up)
            }
            Stage::Resting if is_over => {
                ("word whether a batch is stored whose time is over".to_owned(), given_up)
            }
            Stage::Resting if partition.failures > 0 => {
                let what = format!("to be tried again after {} failures", partition.failures);
                (what, given_up.map(|given_up| given_up.min(partition.not_before)))
            }
            Stage::Resting if !partition.queue.is_empty() => ("a producer id".to_owned(), given_up),
            Stage::Resting => {
                let linger = self.settings.linger.min(self.settings.delivery_timeout);
                ("the linger time".to_owned(), oldest.map(|oldest| oldest + linger))
            }
        }
    }

    /// When the oldest batch of a place was opened.
    pub(super) fn oldest(&self, place: Place) -> Option<Instant> {
        let topic = &self.topics[place.topic as usize];
        if place.spot == Spot::Unsettled {
            return topic.batches.oldest_unsettled();
        }
        let taken = topic.taken(place.spot).and_then(VecDeque::front);
        taken.map(Batch::opened).or_else(|| topic.lanes(place.spot).iter().filter_map(Lane::oldest).min())
    }
}

fn batch_trouble(topics: &[Topic], place: Place, index: usize) -> Option<String> {
    let Spot::Partition(number) = place.spot else { return None };
    topics[place.topic as usize].partitions.get(number as usize)?.queue.get(index)?.trouble.clone()
}
