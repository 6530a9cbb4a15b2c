//! Which topics a member reads, and which of their partitions were there from the first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::member::{Member, Phase};
use super::world::{BrokerWorld, Seen};
use crate::group::OffsetsError;
use crate::group::coordinator::MemberAsk;
use crate::offset::Offset;
use crate::time::{Instant, Now};
use crate::topology::TopicPartition;

#[derive(Clone, Debug)]
pub(super) struct Choice {
    topics: BTreeSet<Arc<str>>,
    /// Whether a pattern was ever held against all topics.
    is_known: bool,
    /// When it is to be again.
    due: Option<Instant>,
    /// What the coordinator was told last that it reads.
    told: BTreeSet<Arc<str>>,
    /// How many partitions a topic had when it was seen first; none while that is not known.
    first: BTreeMap<Arc<str>, Option<i32>>,
}

impl Choice {
    pub(super) fn new(topics: &[Arc<str>]) -> Self {
        let first = topics.iter().map(|topic| (Arc::clone(topic), None)).collect();
        Self {
            topics: topics.iter().cloned().collect(),
            is_known: false,
            due: None,
            told: BTreeSet::new(),
            first,
        }
    }

    pub(super) fn topics(&self) -> &BTreeSet<Arc<str>> {
        &self.topics
    }

    pub(super) fn is_known(&self) -> bool {
        self.is_known
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The coordinator is told what it reads now.
    pub(super) fn tell(&mut self) {
        self.told.clone_from(&self.topics);
    }

    /// Whether that has not changed since.
    pub(super) fn is_told(&self) -> bool {
        self.told == self.topics
    }

    /// The list that was asked for will not come: it is to be asked for again then.
    pub(super) fn list_at(&mut self, at: Instant) {
        self.due = Some(at);
    }

    /// Where to start without a committed offset. All that there is of a partition that came while this member was there
    /// was published since. Who joined later cannot tell it from one that was always there.
    pub(super) fn start_of(&self, partition: &TopicPartition, start: Offset) -> Offset {
        let first = self.first.get(&partition.topic).copied().flatten();
        let is_later = first.is_some_and(|count| partition.partition >= count);
        if is_later && start == Offset::Latest { Offset::Earliest } else { start }
    }

    /// What is chosen now. Says whether that is a change. Topics that come later have no partition that was there first.
    fn choose(&mut self, topics: BTreeSet<Arc<str>>) -> bool {
        let first = |topic: &Arc<str>| (Arc::clone(topic), self.is_known.then_some(0));
        let fresh: Vec<_> = topics.difference(&self.topics).map(first).collect();
        self.first.extend(fresh);
        self.is_known = true;
        let is_change = topics != self.topics;
        self.topics = topics;
        is_change
    }
}

impl Member {
    pub(super) fn remember_first(&mut self, world: &impl BrokerWorld) {
        for (topic, first) in &mut self.choice.first {
            match (world.seen(topic), *first) {
                // What nobody tells of may have been there all the time.
                (Seen::Refused, _) => {}
                (Seen::Absent, _) => *first = Some(0),
                (seen, None) => *first = seen.count(),
                (_, Some(_)) => {}
            }
        }
    }

    /// Whether topics that it reads have partitions.
    pub(super) fn has_something_to_read(&self, world: &impl BrokerWorld) -> bool {
        self.choice.topics.iter().any(|topic| world.seen(topic).count().is_some_and(|count| count > 0))
    }

    pub(super) fn list_topics(&mut self, now: Now, world: &mut impl BrokerWorld) {
        self.choice.due = None;
        self.attendance.ask(world, now, MemberAsk::Topics);
    }

    pub(super) fn list_topics_again(&mut self, now: Now, world: &mut impl BrokerWorld) {
        if self.phase == Phase::Joined && self.choice.due.is_some_and(|due| due <= now.mono) {
            self.list_topics(now, world);
        }
    }

    pub(super) fn listed(&mut self, now: Now, names: Vec<Arc<str>>, world: &mut impl BrokerWorld) {
        let Some(pattern) = &self.settings.pattern else { return };
        let chosen: BTreeSet<_> = names.into_iter().filter(|name| pattern.means(name)).collect();
        for topic in chosen.difference(&self.choice.topics) {
            world.follow(topic);
        }
        self.choice.due = Some(now.mono + self.settings.topics_age);
        let is_change = self.choice.choose(chosen);
        match self.phase {
            Phase::Listing => self.begin(now, world),
            Phase::Joined if is_change => self.tell_choice(now, world),
            _ => {}
        }
    }

    pub(super) fn not_listed(&mut self, now: Now, error: &OffsetsError, world: &mut impl BrokerWorld) {
        self.trouble = error.to_string();
        if self.phase != Phase::Listing {
            self.choice.due = Some(now.mono + self.settings.topics_age);
        } else if error.is_retriable() {
            self.rejoin_later(now);
        } else {
            self.cannot_be_coordinated(now, error.clone(), world);
        }
    }
}
