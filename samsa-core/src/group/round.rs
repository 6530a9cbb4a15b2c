//! A round of reading: who is in the group, what they want, which partitions there are; and what follows from it.
//!
//! Everything is read anew each time, with watches on what may change. If something changes meanwhile, its watch fires,
//! and another round follows. The answers of an earlier round change nothing.
//!
//! What is asked depends on what is known by then: the members, and the topics that this member names, or the list of all
//! topics if it chooses by a pattern; then that list, if others choose and all their topics count; then the topics that are
//! chosen, and the folders of those that are to be claimed for the first time.

use std::collections::{BTreeMap, BTreeSet};

use samsa_proto::zookeeper::{PathError, path};

use super::member::{Member, Phase};
use super::session::Question;
use super::view::View;
use super::world::World;
use crate::consumer::ConsumerEvent;
use crate::group::GroupError;
use crate::planted::{PlantedBug, is_planted};
use crate::time::{Instant, Now};
use crate::topology::TopicPartition;
use crate::zookeeper::{ZkAnswer, ZkError, ZkOp};

#[derive(Clone, Debug, Hash)]
pub(super) struct Round {
    /// Answers that are still to come.
    missing: usize,
    pub(super) failed: Option<String>,
    pub(super) view: View,
    /// The topics whose folders are being made.
    folders: BTreeSet<String>,
}

impl Round {
    /// The partitions of a topic, as far as they are known.
    pub(super) fn partitions(&self, topic: &str) -> BTreeSet<i32> {
        self.view.topics.get(topic).cloned().unwrap_or_default()
    }
}

impl Member {
    /// A round begins at this time at the latest.
    pub(super) fn read_soon(&mut self, at: Instant) {
        if matches!(self.phase, Phase::Looking | Phase::Joined) {
            self.round_due = Some(self.round_due.map_or(at, |due| due.min(at)));
        }
    }

    pub(super) fn begin_round(&mut self, now: Now, world: &mut impl World) {
        self.rounds += 1;
        let view = View::knowing(self.patterns.clone());
        self.round = Some(Round { missing: 0, failed: None, view, folders: BTreeSet::new() });
        let ids = ZkOp::Children { path: self.paths.ids.clone(), watch: true };
        self.ask_round(now, world, Question::Members(self.rounds), ids);
        self.ask_for_locks_elsewhere(now, world);
        self.ask_for_brokers(now, world);
        if self.settings.pattern.is_some() {
            self.ask_for_the_list(now, world);
        }
        let topics: Vec<_> = self.paths.topics.clone().into_iter().collect();
        for (topic, path) in topics {
            self.ask_for_topic(now, topic, path, world);
        }
    }

    fn ask_for_topic(&mut self, now: Now, topic: String, path: String, world: &mut impl World) {
        let op = self.settings.reads_topic(path);
        self.ask_round(now, world, Question::Topic(self.rounds, topic), op);
    }

    fn ask_for_the_list(&mut self, now: Now, world: &mut impl World) {
        let watch = !is_planted(PlantedBug::MissesNewTopics);
        let list = ZkOp::Children { path: path::TOPICS.to_owned(), watch };
        self.ask_round(now, world, Question::Topics(self.rounds), list);
    }

    pub(super) fn ask_round(&mut self, now: Now, world: &mut impl World, question: Question, op: ZkOp) {
        if let (Some(session), Some(round)) = (&mut self.session, &mut self.round) {
            round.missing += 1;
            session.ask(world, now, question, op);
        }
    }

    pub(super) fn round_answered(
        &mut self,
        now: Now,
        question: Question,
        result: &Result<ZkAnswer, ZkError>,
        world: &mut impl World,
    ) {
        let number = match &question {
            Question::Members(number)
            | Question::OtherFolder(number)
            | Question::Member(number, _)
            | Question::Topics(number)
            | Question::Topic(number, _)
            | Question::Folder(number)
            | Question::Kafka07(number, _)
            | Question::Leader(number, _) => *number,
            // It was not there when it was read.
            _ if matches!(result, Ok(ZkAnswer::Stat(Some(_)))) => return self.read_soon(now.mono),
            _ => return,
        };
        if number != self.rounds || self.round.is_none() {
            return;
        }
        self.take(now, question, result, world);
        let is_complete = self.round.as_mut().is_some_and(|round| {
            round.missing -= 1;
            round.missing == 0
        });
        if is_complete && !self.asks_for_more(now, world) {
            self.finish_round(now, world);
        }
    }

    fn take(
        &mut self,
        now: Now,
        question: Question,
        result: &Result<ZkAnswer, ZkError>,
        world: &mut impl World,
    ) {
        let Some(round) = &mut self.round else { return };
        match (question, result) {
            (Question::Members(number), Ok(ZkAnswer::Children(ids))) => {
                for id in ids {
                    let path = format!("{}/{id}", self.paths.ids);
                    let question = Question::Member(number, id.clone());
                    self.ask_round(now, world, question, ZkOp::Get { path, watch: false });
                }
            }
            (Question::Member(_, id), Ok(ZkAnswer::Data(data, stat))) => {
                if id == self.id {
                    round.view.own_czxid = Some(stat.czxid);
                }
                round.view.member(self.settings.dialect, &id, data, *stat);
            }
            (Question::Topic(_, topic), Ok(ZkAnswer::Data(data, _))) => {
                round.view.topic(&topic, data);
                self.ask_for_leaders(now, &topic, world);
            }
            (Question::Topic(_, topic), Ok(ZkAnswer::Children(brokers))) => {
                self.ask_for_counts(now, &topic, brokers, world);
            }
            (Question::Kafka07(_, asked), result) => self.kafka07_answered(now, asked, result, world),
            (Question::Topic(_, topic), Err(ZkError::NoNode)) => {
                round.view.topics.insert(topic.clone(), BTreeSet::new());
                if !round.view.is_listed(&topic) {
                    self.waits_for_node(now, path::topic(&topic), world);
                }
            }
            (Question::Leader(_, partition), Ok(ZkAnswer::Data(data, _))) => {
                round.view.leader(&partition, data);
            }
            (Question::Leader(_, partition), Err(ZkError::NoNode)) => {
                let path = path::partition_state(&partition.topic, partition.partition);
                self.waits_for_node(now, path, world);
            }
            (Question::OtherFolder(_), Ok(ZkAnswer::Children(names))) => {
                round.view.is_locked_elsewhere = !names.is_empty();
            }
            (Question::Topics(_), Ok(ZkAnswer::Children(topics))) => {
                round.view.listed = Some(topics.iter().cloned().collect());
            }
            (Question::Topics(_), Err(ZkError::NoNode)) => {
                round.view.listed = Some(BTreeSet::new());
                self.waits_for_node(now, Ok(path::TOPICS.to_owned()), world);
            }
            // It went between the list and the reading of it; the watch on the list tells. Or it was made by somebody else.
            (Question::Member(..) | Question::OtherFolder(_), Err(ZkError::NoNode))
            | (Question::Folder(_), Err(ZkError::NodeExists))
            | (_, Ok(_)) => {}
            (_, Err(error)) => round.failed = Some(error.to_string()),
        }
    }

    /// It is not there, and is to be read once it is.
    pub(super) fn waits_for_node(
        &mut self,
        now: Now,
        path: Result<String, PathError>,
        world: &mut impl World,
    ) {
        if let (Ok(path), Some(session)) = (path, &mut self.session) {
            session.ask(world, now, Question::Coming, ZkOp::Exists { path, watch: true });
        }
    }

    /// Whether there is something that could not be asked for before.
    fn asks_for_more(&mut self, now: Now, world: &mut impl World) -> bool {
        let Some(round) = self.round.as_mut().filter(|round| round.failed.is_none()) else { return false };
        let counts_all = self.settings.looks_at_all_topics();
        if counts_all && round.view.has_patterns() && round.view.listed.is_none() {
            self.ask_for_the_list(now, world);
            return true;
        }
        let own = self.settings.pattern.as_ref();
        round.view.work_out(own);
        let own = own.into_iter().flat_map(|pattern| round.view.chosen_by(pattern).into_owned());
        let mut wanted: BTreeSet<String> = own.collect();
        if counts_all {
            wanted.extend(round.view.members().into_values().flat_map(BTreeMap::into_keys));
        }
        wanted.retain(|topic| !round.view.topics.contains_key(topic));
        let mut is_asked = false;
        for topic in wanted {
            if let Ok(path) = path::topic(&topic) {
                is_asked = true;
                self.ask_for_topic(now, topic, path, world);
            }
        }
        is_asked || self.asks_for_folders(now, world)
    }

    /// Topics that were chosen have no folders in the group before somebody claims one of their partitions. Those of named
    /// topics were made before; but folders can be removed.
    fn asks_for_folders(&mut self, now: Now, world: &mut impl World) -> bool {
        let Some(round) = &mut self.round else { return false };
        if round.view.topics.keys().all(|topic| self.folders.contains(topic) || round.folders.contains(topic))
        {
            return false;
        }
        let share = self.settings.share_of(&self.id, &round.view.members(), &round.view);
        let mut topics: BTreeSet<String> = share.into_keys().map(|(topic, _)| topic).collect();
        topics.retain(|topic| !self.folders.contains(topic) && round.folders.insert(topic.clone()));
        let group = &self.settings.group;
        let owners = |topic: &String| path::topic_owners(group, &self.settings.owners_folder(topic));
        let of = |topic: &String| [owners(topic), path::topic_offsets(group, topic)];
        let paths: Vec<String> = topics.iter().flat_map(of).flatten().collect();
        for path in &paths {
            let op = ZkOp::Create { path: path.clone(), data: Vec::new(), ephemeral: false };
            self.ask_round(now, world, Question::Folder(self.rounds), op);
        }
        !paths.is_empty()
    }

    /// Somebody has removed the folders of these.
    pub(super) fn make_folders_again(&mut self, now: Now, gone: &[TopicPartition]) {
        let are_known = gone.iter().filter(|partition| self.folders.remove(&*partition.topic));
        if are_known.count() > 0 {
            self.read_soon(now.mono + super::BURST);
        }
    }

    fn finish_round(&mut self, now: Now, world: &mut impl World) {
        let Some(Round { failed, view, folders, .. }) = self.round.take() else { return };
        if let Some(trouble) = failed {
            tracing::debug!(group = %self.settings.group, %trouble, "a round of reading failed");
            self.round_failures = self.round_failures.saturating_add(1);
            let wait = self.settings.backoff.wait(self.round_failures, &mut self.rng);
            return self.read_soon(now.mono + wait);
        }
        self.round_failures = 0;
        self.folders.extend(folders);
        self.patterns = view.known_patterns();
        if let Some(refusal) = view.refusal {
            return self.withdraw(now, refusal.into(), world);
        }
        if let Some(foreign) = view.older_foreigner() {
            let (group, member) = (self.settings.group.to_string(), foreign.member.clone());
            let error = GroupError::ForeignMember { group, member, reason: foreign.reason.clone() };
            return self.withdraw(now, error, world);
        }
        if self.phase == Phase::Looking {
            if view.is_locked_elsewhere {
                return self.end(Some(self.settings.locks_elsewhere()), world);
            }
            return self.compare(now, &view, world);
        }
        if self.phase == Phase::Joined {
            self.follow(now, &view, world);
        }
    }

    /// The group is none that we can share, or the client has no room for what is ours.
    pub(super) fn withdraw(&mut self, now: Now, error: GroupError, world: &mut impl World) {
        world.end_lease();
        let claimed = self.claims.values().filter(|claim| claim.is_assigned());
        let partitions: Vec<_> = claimed.map(|claim| claim.partition().clone()).collect();
        if !partitions.is_empty() {
            self.each_claim(now, world, |claim, desk| {
                desk.world.withdraw(claim.partition());
                desk.world.forget(claim.partition());
            });
            world.tell(ConsumerEvent::Lost { partitions });
        }
        self.end(Some(error), world);
    }

    /// Claims and gives up what the view says.
    fn follow(&mut self, now: Now, view: &View, world: &mut impl World) {
        self.tell_foreigners(view, world);
        if view.is_locked_elsewhere {
            let error = self.settings.locks_elsewhere();
            tracing::warn!(group = %self.settings.group, %error, "two members may read one partition");
        }
        if view.own_czxid.is_none() {
            // What is said of the session when its node is looked at again decides.
            return self.read_soon(now.mono + super::BURST);
        }
        self.remember_first(view);
        self.remember_leaders(view);
        let members = view.members();
        let share = self.settings.share_of(&self.id, &members, view);
        let is_read = |topic: &String| members.get(&self.id).is_some_and(|own| own.contains_key(topic));
        let mut to_read = view.topics.iter().filter(|(topic, _)| is_read(topic));
        let is_idle = share.is_empty() && to_read.any(|(_, partitions)| !partitions.is_empty());
        if is_idle && !self.is_idle {
            world.tell(ConsumerEvent::Idle);
        }
        self.is_idle = is_idle;
        self.want_only(now, &share, None, world);
        self.name_locks(now, world);
        if !std::mem::replace(&mut self.has_share, true) {
            world.joined();
        }
    }

    /// What went meanwhile comes later, if it comes back.
    fn remember_first(&mut self, view: &View) {
        let of_topic = |(topic, partitions): (&String, &BTreeSet<i32>)| {
            let all = partitions.iter().map(|partition| TopicPartition::new(&**topic, *partition));
            all.collect::<Vec<_>>()
        };
        let shown: BTreeSet<TopicPartition> = view.topics.iter().flat_map(of_topic).collect();
        match &mut self.shown_first {
            Some(first) => first.retain(|partition| shown.contains(partition)),
            None => self.shown_first = Some(shown),
        }
    }

    fn tell_foreigners(&mut self, view: &View, world: &mut impl World) {
        let present: BTreeSet<String> = view.foreign.iter().map(|foreign| foreign.member.clone()).collect();
        for foreign in view.foreign.iter().filter(|foreign| !self.foreign.contains(&foreign.member)) {
            let (member, reason) = (foreign.member.clone(), foreign.reason.clone());
            world.tell(ConsumerEvent::ForeignMember { member, reason });
        }
        self.foreign = present;
    }
}
