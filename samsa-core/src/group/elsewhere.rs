//! Whether a group that nobody has said the place of is on the brokers instead.
//!
//! On clusters that have both kinds of group a name can stand for two groups. Who subscribes without saying which would begin
//! anew beside those who have long been reading. So before it joins, it is looked: where the group has an offset in ZooKeeper,
//! for any topic, it is here. Where it has none, and the brokers know offsets for the wanted topics, or members, under that
//! name, the member does not join.
//!
//! Brokers that keep no offsets of any group [are not asked](super::on_brokers).
//!
//! Whoever keeps its offsets on the brokers asks them for members alone: while there are any, nobody else may commit.

use std::collections::BTreeSet;
use std::sync::Arc;

use samsa_proto::zookeeper::path;

use super::member::{Member, Phase};
use super::offsets::{CoordinatorAnswer, CoordinatorAsk};
use super::on_brokers;
use super::session::Question;
use super::view::View;
use super::world::World;
use super::{GroupError, OffsetsError};
use crate::time::Now;
use crate::topology::TopicPartition;
use crate::zookeeper::{ZkAnswer, ZkError, ZkOp};

#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Elsewhere {
    /// What is answered of an earlier look changes nothing.
    look: u64,
    step: Step,
    missing: usize,
    failed: bool,
    partitions: BTreeSet<TopicPartition>,
    offsets: usize,
    members: usize,
    failures: u32,
    is_known: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Step {
    /// The topics for which there may be offsets in ZooKeeper.
    #[default]
    Topics,
    /// Whether there are any, of each topic.
    Offsets,
    /// Whether the brokers ever kept an offset.
    OffsetsTopic,
    Brokers,
}

impl Member {
    /// Nobody is in the way.
    pub(super) fn compare(&mut self, now: Now, view: &View, world: &mut impl World) {
        let is_on_brokers = self.settings.offsets.on_brokers();
        if self.elsewhere.is_known || !(self.settings.compares || is_on_brokers) {
            return self.register(now, world);
        }
        if is_on_brokers {
            return self.look_elsewhere(now, world);
        }
        let is_chosen = |topic: &str| self.settings.pattern.as_ref().is_some_and(|own| own.means(topic));
        let is_wanted = |topic: &String| self.paths.topics.contains_key(topic) || is_chosen(topic);
        let wanted = view.topics.iter().filter(|(topic, _)| is_wanted(topic));
        let partitions = wanted.flat_map(|(topic, partitions)| {
            partitions.iter().map(|partition| TopicPartition::new(topic.as_str(), *partition))
        });
        self.elsewhere.partitions = partitions.collect();
        self.look_elsewhere(now, world);
    }

    pub(super) fn look_elsewhere(&mut self, now: Now, world: &mut impl World) {
        self.phase = Phase::Comparing { due: None };
        self.elsewhere.look += 1;
        (self.elsewhere.offsets, self.elsewhere.members, self.elsewhere.failed) = (0, 0, false);
        if self.settings.offsets.on_brokers() {
            return self.ask_brokers(now, world);
        }
        self.ask_nodes(
            now,
            Step::Topics,
            vec![ZkOp::Children { path: self.offsets_folder(), watch: false }],
            world,
        );
    }

    fn offsets_folder(&self) -> String {
        path::offsets(&self.settings.group).unwrap_or_default()
    }

    fn ask_nodes(&mut self, now: Now, step: Step, ops: Vec<ZkOp>, world: &mut impl World) {
        (self.elsewhere.step, self.elsewhere.missing) = (step, ops.len());
        let Some(session) = &mut self.session else { return };
        for op in ops {
            session.ask(world, now, Question::Elsewhere(self.elsewhere.look), op);
        }
    }

    /// ZooKeeper has answered.
    pub(super) fn looked_elsewhere(
        &mut self,
        now: Now,
        look: u64,
        result: &Result<ZkAnswer, ZkError>,
        world: &mut impl World,
    ) {
        if !matches!(self.phase, Phase::Comparing { due: None }) || look != self.elsewhere.look {
            return;
        }
        self.elsewhere.missing -= 1;
        let is_last = self.elsewhere.missing == 0;
        match (self.elsewhere.step, result) {
            (Step::Topics, Ok(ZkAnswer::Children(topics))) if !topics.is_empty() => {
                let folder = self.offsets_folder();
                let list =
                    |topic: &String| ZkOp::Children { path: format!("{folder}/{topic}"), watch: false };
                self.ask_nodes(now, Step::Offsets, topics.iter().map(list).collect(), world);
            }
            (Step::Offsets, Ok(ZkAnswer::Children(offsets))) if !offsets.is_empty() => {
                self.is_here(now, world);
            }
            (Step::OffsetsTopic, Ok(ZkAnswer::Stat(None)) | Err(ZkError::NoNode)) => self.is_here(now, world),
            (Step::OffsetsTopic, Ok(_)) => self.ask_brokers(now, world),
            (_, Ok(_) | Err(ZkError::NoNode)) if !is_last => {}
            (_, Ok(_) | Err(ZkError::NoNode)) => {
                self.ask_nodes(now, Step::OffsetsTopic, vec![on_brokers::look()], world);
            }
            (_, Err(error)) => self.look_later(now, format!("ZooKeeper: {error}")),
        }
    }

    fn ask_brokers(&mut self, now: Now, world: &mut impl World) {
        let asks = CoordinatorAsk::all(self.elsewhere.partitions.iter().cloned());
        (self.elsewhere.step, self.elsewhere.missing) = (Step::Brokers, asks.len());
        let Some(session) = &mut self.session else { return };
        for ask in asks {
            session.ask_brokers(world, now, Question::Elsewhere(self.elsewhere.look), ask);
        }
    }

    /// The brokers have answered. What they refuse to tell for good stays out of the way.
    pub(super) fn brokers_told(
        &mut self,
        now: Now,
        look: u64,
        answer: &Result<CoordinatorAnswer, OffsetsError>,
        world: &mut impl World,
    ) {
        if !matches!(self.phase, Phase::Comparing { due: None }) || look != self.elsewhere.look {
            return;
        }
        self.elsewhere.missing -= 1;
        match answer {
            Ok(CoordinatorAnswer::Read(Some(_))) => self.elsewhere.offsets += 1,
            Ok(CoordinatorAnswer::Members(members)) => self.elsewhere.members += members,
            Err(error) if error.is_retriable() => {
                self.trouble = error.to_string();
                self.elsewhere.failed = true;
            }
            Ok(_) | Err(_) => {}
        }
        let Elsewhere { missing, failed, offsets, members, .. } = self.elsewhere;
        if missing > 0 {
            return;
        }
        if self.settings.offsets.on_brokers() && members > 0 {
            let group = Arc::clone(&self.settings.group);
            return self.end(Some(GroupError::Offsets { group, error: OffsetsError::HasMembers }), world);
        }
        if offsets > 0 || members > 0 {
            let group = Arc::clone(&self.settings.group);
            return self.end(Some(GroupError::OnBrokersToo { group, offsets, members }), world);
        }
        if failed {
            return self.look_later(now, self.trouble.clone());
        }
        self.is_here(now, world);
    }

    fn is_here(&mut self, now: Now, world: &mut impl World) {
        self.elsewhere = Elsewhere { look: self.elsewhere.look, is_known: true, ..Elsewhere::default() };
        self.register(now, world);
    }

    fn look_later(&mut self, now: Now, trouble: String) {
        self.trouble = trouble;
        self.elsewhere.failures = self.elsewhere.failures.saturating_add(1);
        let wait = self.settings.backoff.wait(self.elsewhere.failures, &mut self.rng);
        self.phase = Phase::Comparing { due: Some(now.mono + wait) };
    }
}
