//! A group as the checks see it: what its members hand out and commit, and what has to come of it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use samsa_client::{Consumer, ConsumerBuilder, Message, Offset, OffsetStorage, Topic, TopicPartition};
use samsa_proto::zookeeper::{path, read_offset};

use super::locks::Lock;
use super::ways::Ways;
use super::{BLACK_LIST, GROUP, SECOND, WHITE_LIST, audit, heard};
use crate::check::Read;
use crate::rng::Rng;
use crate::scenario::stage::{CONVERGENCE, Stage, TOPIC};

/// Between two looks at whether all has settled.
const LOOK: Duration = Duration::from_millis(200);

/// What the members of a group have in common for the checks.
#[derive(Clone)]
pub(super) struct Group {
    pub(super) stage: Stage,
    pub(super) name: &'static str,
    pub(super) ways: Rc<Ways>,
    pub(super) delivered: Rc<RefCell<BTreeSet<(TopicPartition, i64)>>>,
    pub(super) deliveries: Rc<Cell<usize>>,
    pub(super) commits: Rc<RefCell<audit::Commits>>,
    pub(super) heard: Rc<RefCell<heard::Heard>>,
    pub(super) clients: Rc<Cell<usize>>,
    /// The locks under which something was handed out.
    pub(super) used: Rc<RefCell<BTreeSet<Lock>>>,
}

impl Group {
    /// One for each of these ways.
    pub(super) fn all(stage: &Stage, ways: Vec<Ways>) -> Vec<Self> {
        let deliveries = Rc::<Cell<usize>>::default();
        let group = |(name, ways)| Self {
            stage: stage.clone(),
            name,
            ways: Rc::new(ways),
            delivered: Rc::default(),
            deliveries: Rc::clone(&deliveries),
            commits: Rc::default(),
            heard: Rc::default(),
            clients: Rc::default(),
            used: Rc::default(),
        };
        [GROUP, SECOND].into_iter().zip(ways).map(group).collect()
    }

    /// To another topic, whatever becomes of it.
    pub(super) async fn publish(&self, other: &Topic) {
        self.stage.begins_to_publish(other);
        if let Err(error) = other.enqueue(Message::new("more")).await {
            self.stage.world.violation("accepts-while-there-is-room", error.to_string());
        }
    }

    /// A member hands a message out: may it?
    pub(super) fn hand_out(
        &self,
        (number, client): (usize, &str),
        consumer: &Consumer,
        place: &TopicPartition,
        read: Read,
    ) {
        let world = &self.stage.world;
        let which = format!("{place}@{}", read.offset);
        world.trace().line(&format!("member {number}"), format_args!("gets {which}"));
        if let Some(wrong) = self.heard.borrow().wrong_to_hand_out(client, place) {
            world.violation("nothing-after-lost", format!("member {number} hands out {which}: {wrong}"));
        }
        let owner = self.owner_of(client, consumer);
        let is_own = |lock: &Lock| lock.owner.starts_with(&owner);
        let (own, others): (Vec<Lock>, Vec<Lock>) = self.locks(place).into_iter().partition(is_own);
        if own.is_empty() {
            let what = format!("member {number} hands out {which}, which {others:?} owns");
            world.violation("owner-hands-out", what);
        }
        let mut used = self.used.borrow_mut();
        if let Some(other) = others.iter().find(|other| used.contains(*other)) {
            let what = format!("member {number} hands out {which}, and so did {other:?}");
            world.violation("one-owner", what);
        }
        let is_first = !own.iter().any(|lock| used.contains(lock));
        used.extend(own);
        let committed = if is_first { self.committed_by_owners(place) } else { None };
        if committed.is_some_and(|committed| read.offset < committed && !self.may_go_back(place, read.offset))
        {
            let what = format!("member {number} begins with {which}, and {committed:?} is committed");
            world.violation("begins-where-committed", what);
        }
        if !consumer.assignment().contains(place) {
            let what = format!("member {number} hands out {which}, which it does not have");
            world.violation("hands-out-what-it-has", what);
        }
        if !self.ways.topics.contains(&&*place.topic) {
            let what = format!("member {number} hands out {which}, which nobody chose");
            world.violation("hands-out-what-it-chose", what);
        }
        self.delivered.borrow_mut().insert((place.clone(), read.offset));
        if *place.topic == *TOPIC {
            // Each is a reader of its own for the checks: what is handed out twice is no fault.
            let reader = self.deliveries.replace(self.deliveries.get() + 1);
            self.stage.history_mut().read(reader, place.partition, read);
        }
    }

    /// The topics, by their names or by what means the same.
    pub(super) fn choose(&self, builder: ConsumerBuilder, rng: &mut Rng) -> ConsumerBuilder {
        match if self.ways.patterns { rng.below(3) } else { 0 } {
            0 => builder.topics(&self.ways.topics),
            1 => builder.matching(WHITE_LIST),
            _ => builder.not_matching(BLACK_LIST),
        }
    }

    /// A member is about to seek: from then on that may be committed.
    pub(super) fn goes_back(&self, place: &TopicPartition, to: i64) {
        if let Ok(path) = path::offset(self.name, &place.topic, place.partition) {
            let sought = &mut self.commits.borrow_mut().sought;
            sought.entry(path).and_modify(|lowest| *lowest = to.min(*lowest)).or_insert(to);
        }
    }

    /// Whether a member has sought so far back: that may be committed, and handed out.
    pub(super) fn may_go_back(&self, place: &TopicPartition, to: i64) -> bool {
        let path = path::offset(self.name, &place.topic, place.partition).unwrap_or_default();
        self.commits.borrow().sought.get(&path).is_some_and(|sought| *sought <= to)
    }

    /// With how many streams a member takes part.
    pub(super) fn streams(&self, number: usize) -> u16 {
        if self.ways.streams { 1 + (number % 3) as u16 } else { 1 }
    }

    /// What a client says that it is: each life of a member has another name, which begins with that of its group.
    pub(super) fn next_name(&self) -> String {
        format!("{}{}", self.name, self.clients.replace(self.clients.get() + 1))
    }

    /// What of a partition is committed; where that is so in both places, the smaller.
    pub(super) fn committed(&self, place: &TopicPartition) -> Option<i64> {
        match self.ways.offsets.unwrap_or_default() {
            OffsetStorage::Brokers => self.on_brokers(place),
            OffsetStorage::Both => self.in_zookeeper(place)?.min(self.on_brokers(place)?).into(),
            _ => self.in_zookeeper(place),
        }
    }

    /// What was committed before whoever has the partition got it: where only owners can commit.
    fn committed_by_owners(&self, place: &TopicPartition) -> Option<i64> {
        if self.ways.dialect().is_some() { self.in_zookeeper(place) } else { self.on_brokers(place) }
    }

    pub(super) fn in_zookeeper(&self, place: &TopicPartition) -> Option<i64> {
        let path = path::offset(self.name, &place.topic, place.partition).ok()?;
        self.stage
            .world
            .zookeeper_service()
            .look(|ensemble| read_offset(ensemble.look(&path)?.0).ok().flatten())
    }

    pub(super) fn on_brokers(&self, place: &TopicPartition) -> Option<i64> {
        self.stage.world.host().look(|cluster| cluster.committed(self.name, &place.topic, place.partition))
    }

    /// Where whoever gets the partition next begins.
    pub(super) fn begins(&self, place: &TopicPartition) -> Option<i64> {
        match self.ways.offsets.unwrap_or_default() {
            OffsetStorage::Both => self.in_zookeeper(place).max(self.on_brokers(place)),
            _ => self.committed(place),
        }
    }

    /// Waits until every partition has an owner and everything is committed.
    pub(super) async fn settle(&self) {
        let is_settled = || {
            self.ends().into_iter().all(|(place, end)| {
                let is_committed = end == 0 || self.begins(&place) == Some(end);
                self.is_locked(&place) && is_committed
            })
        };
        let settling = async {
            while !is_settled() {
                self.stage.world.sleep(LOOK).await;
            }
        };
        if self.stage.world.timeout(CONVERGENCE, settling).await.is_none() {
            let how = |(place, end)| {
                let (locks, committed) = (self.locks(&place), self.begins(&place));
                format!("{place}: locked by {locks:?}, committed {committed:?} of {end}")
            };
            let all: Vec<String> = self.ends().into_iter().map(how).collect();
            self.stage.world.violation("settles", all.join("; "));
        }
    }

    /// Where each partition of the group's topics ends.
    pub(super) fn ends(&self) -> BTreeMap<TopicPartition, i64> {
        self.stage.world.host().look(|cluster| {
            let partitions = |topic: &&'static str| {
                let topic = *topic;
                (0..cluster.partition_count(topic)).map(move |number| {
                    (TopicPartition::new(topic, number), cluster.stable_end(topic, number))
                })
            };
            self.ways.topics.iter().flat_map(partitions).collect()
        })
    }

    pub(super) fn judge(&self) {
        for place in self.ends().into_keys() {
            let missing = self.missing(&place);
            if !missing.is_empty() {
                let what = format!("of {place} nobody was given {missing:?}");
                self.stage.world.violation("delivers-all", what);
            }
        }
    }

    /// What of a partition was handed out to nobody, though it stands behind where the group began.
    pub(super) fn missing(&self, place: &TopicPartition) -> Vec<i64> {
        let delivered = self.delivered.borrow();
        let of_it = delivered.range((place.clone(), 0)..=(place.clone(), i64::MAX));
        let first = of_it.map(|(_, offset)| *offset).next();
        let path = path::offset(self.name, &place.topic, place.partition).unwrap_or_default();
        let committed = self.commits.borrow().first.get(&path).copied();
        let begun = match self.ways.start {
            Offset::Earliest => Some(0),
            _ => [first, committed].into_iter().flatten().min(),
        };
        let log = self.stage.world.host().look(|cluster| cluster.log(&place.topic, place.partition));
        let offsets = log.iter().map(|record| record.offset);
        offsets
            .filter(|offset| begun.is_some_and(|begun| begun <= *offset))
            .filter(|offset| !delivered.contains(&(place.clone(), *offset)))
            .collect()
    }
}
