//! What metadata says of the topics that are published to.

use std::collections::BTreeSet;

use samsa_proto::records::Format;

use super::Sender;
use super::batch::fail_unsettled;
use super::place::{Link, Partition, Place, Spot, Stage};
use super::request::format_of;
use super::world::World;
use crate::error::PublishFailure;
use crate::id::BrokerId;
use crate::planted::{PlantedBug, is_planted};
use crate::producer::buffer::{Form, Lane};
use crate::time::Instant;

impl Sender {
    pub(super) fn metadata_changed(&mut self, world: &mut dyn World) {
        for index in 0..self.topics.len() as u32 {
            self.update(world, index);
        }
        for place in self.active.clone() {
            self.look(world, place);
        }
        self.tidy_ready_lists();
        self.hurry_metadata(world);
        self.give_up_the_silent(world);
    }

    /// What is ready for a broker is there once, and nothing else is there: leaders come and go.
    fn tidy_ready_lists(&mut self) {
        let topics = &self.topics;
        for (id, broker) in &mut self.brokers {
            let mut seen = BTreeSet::new();
            broker.ready.retain(|place| {
                let Spot::Partition(number) = place.spot else { return false };
                let partition = topics[place.topic as usize].partitions.get(number as usize);
                partition.is_some_and(|partition| partition.stage == Stage::Ready(*id)) && seen.insert(*place)
            });
        }
    }

    /// Takes over the partitions and leaders of a topic. What a topic was stays known while the metadata lacks it; it
    /// has no leaders then.
    fn update(&mut self, world: &mut dyn World, index: u32) {
        let now = world.now();
        let topic = &mut self.topics[index as usize];
        let Some(view) = world.topic(topic.batches.name()) else {
            topic.partitions.iter_mut().for_each(Partition::lose_leader);
            self.learn_format(world, index);
            return;
        };
        let keeps = topic.id.is_some() && is_planted(PlantedBug::KeepsOldTopic);
        let id = if keeps { topic.id } else { view.id };
        let was = std::mem::replace(&mut topic.id, id);
        let is_another = was.is_some() && view.id.is_some() && was != view.id;
        let count = view.partitions.len() as u32;
        topic.partition(count - 1);
        topic.partitions.iter_mut().for_each(|partition| partition.leader = None);
        for (partition, info) in topic.partitions.iter_mut().zip(&view.partitions) {
            if is_another {
                partition.hint = None;
            }
            partition.follow(now, info.leader, info.leader_epoch);
        }
        if topic.batches.is_settled() {
            topic.batches.set_partitions(count);
        }
        if is_another {
            self.spend_identities(index);
        }
        self.learn_format(world, index);
    }

    /// A broker has told its versions: whatever waited for its format goes on.
    pub(super) fn learn_formats(&mut self, world: &mut dyn World) {
        for index in 0..self.topics.len() as u32 {
            self.learn_format(world, index);
            let place = Place { topic: index, spot: Spot::Unsettled };
            if self.active.contains(&place) {
                self.look(world, place);
            }
        }
    }

    /// Each partition writes in its leader's format. Where that is not known, and for keyless records, it is the
    /// oldest that any leader of the topic takes: what turns out wrong is written anew when it is sent. Headers are
    /// refused at once while the leader is there and lacks them, and without a key while all leaders are and do: one that is
    /// not connected may be upgraded, and so may one that is not known.
    ///
    /// Gives the oldest format, if some leader's is known.
    pub(super) fn learn_format(&mut self, world: &dyn World, index: u32) -> Option<Format> {
        let (topic, brokers) = (&mut self.topics[index as usize], &self.brokers);
        let newest = |leader: BrokerId| world.broker_version(leader);
        let is_there =
            |leader: &BrokerId| brokers.get(leader).is_some_and(|broker| broker.link == Link::Ready);
        let versions = topic.partitions.iter().filter_map(|partition| partition.leader.and_then(newest));
        let oldest = versions.map(format_of).min();
        // While no leader is known, what is written stays as it was.
        let usual = oldest.unwrap_or_else(|| topic.batches.form().format);
        let mut some_takes_headers = topic.partitions.is_empty();
        for partition in &mut topic.partitions {
            partition.newest = partition.leader.filter(is_there).and_then(newest);
            let takes_headers = partition.newest.is_none_or(|newest| format_of(newest) == Format::V2);
            some_takes_headers |= takes_headers;
            let before = partition.form.filter(|_| oldest.is_none());
            let format = match before {
                Some(form) => form.format,
                None => partition
                    .leader
                    .and_then(newest)
                    .map_or(usual, |newest| partition.format_at(newest, world.now())),
            };
            partition.form = Some(Form { format, takes_headers });
        }
        topic.batches.set_form(Form { format: usual, takes_headers: some_takes_headers });
        (0..topic.partitions.len() as u32).for_each(|number| topic.tell_form(number));
        oldest
    }

    /// Returns when to look again; never, when no record waits for the topic to be known.
    pub(super) fn look_unsettled(&mut self, world: &mut dyn World, index: u32) -> Option<Instant> {
        let name = self.topic(index).name().clone();
        self.topic(index).batches.look_unsettled()?;
        if !std::mem::replace(&mut self.topic(index).is_wanted, true) {
            world.want(&name);
        }
        if let Some(code) = world.refusal(&name) {
            self.fail_unsettled(index, &PublishFailure::Refused(code));
        } else {
            self.settle(world, index);
        }
        let oldest = self.topic(index).batches.look_unsettled()?;
        self.wait_for_metadata(world, self.settings.backoff.most);
        Some(oldest + self.settings.delivery_timeout)
    }

    /// If the topic is known, its waiting records go into batches. These do not linger: they have waited, and somebody may
    /// have flushed them.
    fn settle(&mut self, world: &mut dyn World, index: u32) {
        let batches = self.topic(index).batches.clone();
        let Some(count) = world.topic(batches.name()).map(|view| view.partitions.len() as u32) else {
            return;
        };
        self.update(world, index);
        if self.learn_format(world, index).is_none() {
            return self.reach_leaders(world, index);
        }
        let mut refused = Vec::new();
        let freed = batches.settle(&self.store, count, |waiting, error| refused.push((waiting, error)));
        self.store.give_back(freed, &mut self.wakers);
        for spot in [Spot::Free].into_iter().chain((0..count).map(Spot::Partition)) {
            self.topic(index).lanes(spot).iter().for_each(Lane::hurry);
        }
        for (waiting, error) in refused {
            let failure = PublishFailure::Unacceptable(error);
            self.counts.failed_records += fail_unsettled(waiting, batches.name(), failure, &mut self.wakers);
        }
    }
}
