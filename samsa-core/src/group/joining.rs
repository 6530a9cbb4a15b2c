//! From the first session to the member's own node: the folders, whoever is in the way, the registration.

use std::collections::BTreeMap;

use samsa_proto::zookeeper::{PathError, path};

use super::member::{Member, Paths, Phase, Registering};
use super::session::{Question, Session};
use super::settings::Settings;
use super::world::World;
use crate::planted::{PlantedBug, is_planted};
use crate::time::Now;
use crate::zookeeper::{ZkAnswer, ZkError, ZkOp};

impl Member {
    pub(super) fn open(&mut self, now: Now, world: &mut impl World) {
        let name = world.next_session();
        self.session = Some(Session::open(world, now, name, self.settings.session_timeout));
        self.phase = Phase::Opening;
    }

    /// The folders of the group; those that are there are left as they are.
    pub(super) fn prepare(&mut self, now: Now, world: &mut impl World) {
        let Some(session) = &mut self.session else { return };
        for path in &self.paths.parents {
            let op = ZkOp::Create { path: path.clone(), data: Vec::new(), ephemeral: false };
            session.ask(world, now, Question::Parent, op);
        }
        self.phase = Phase::Preparing { missing: self.paths.parents.len(), failed: false, due: None };
    }

    pub(super) fn parent_answered(
        &mut self,
        now: Now,
        result: &Result<ZkAnswer, ZkError>,
        world: &mut impl World,
    ) {
        let Phase::Preparing { missing, failed, due } = &mut self.phase else { return };
        *missing = missing.saturating_sub(1);
        match result {
            Ok(_) | Err(ZkError::NodeExists) => {}
            Err(error) => {
                *failed = true;
                self.trouble = format!("ZooKeeper: {error}");
            }
        }
        if *missing > 0 {
            return;
        }
        if *failed {
            self.failures = self.failures.saturating_add(1);
            *due = Some(now.mono + self.settings.backoff.wait(self.failures, &mut self.rng));
        } else {
            self.phase = Phase::Looking;
            self.folders = self.paths.topics.keys().cloned().collect();
            self.begin_round(now, world);
        }
    }

    /// Nobody is in the way.
    pub(super) fn register(&mut self, now: Now, world: &mut impl World) {
        let registration = self.settings.registration(now.wall);
        let Some(session) = &mut self.session else { return };
        let path = self.paths.own.clone();
        if let Ok(data) = registration {
            session.ask(world, now, Question::Registration, ZkOp::Create { path, data, ephemeral: true });
        }
        self.phase = Phase::Registering(Registering::Creating);
    }

    pub(super) fn look_for_registration(&mut self, now: Now, world: &mut impl World, after_doubt: bool) {
        let path = || self.paths.own.clone();
        let Some(session) = &mut self.session else { return };
        if after_doubt {
            session.ask(world, now, Question::Synced, ZkOp::Sync { path: path() });
        }
        session.ask(world, now, Question::Registration, ZkOp::Exists { path: path(), watch: true });
        self.phase = Phase::Registering(Registering::Looking);
    }

    pub(super) fn registration_answered(
        &mut self,
        now: Now,
        result: &Result<ZkAnswer, ZkError>,
        world: &mut impl World,
    ) {
        let Phase::Registering(state) = self.phase else { return };
        let session_id = self.session.as_ref().and_then(|session| session.id);
        match result {
            Ok(ZkAnswer::Created) => self.join(now),
            Ok(ZkAnswer::Stat(Some(stat))) if Some(stat.ephemeral_owner) == session_id => self.join(now),
            Ok(ZkAnswer::Stat(Some(_))) if is_planted(PlantedBug::TrustsOwnersName) => self.join(now),
            Ok(ZkAnswer::Stat(Some(_))) => {
                "an earlier session of this member has not ended yet".clone_into(&mut self.trouble);
                let again = now.mono + self.settings.session_timeout / 3;
                self.phase = Phase::Registering(Registering::Taken(again));
            }
            Err(ZkError::NodeExists) => self.look_for_registration(now, world, false),
            Ok(_) if state == Registering::Looking => self.register(now, world),
            Ok(_) => {}
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                self.trouble = format!("ZooKeeper: {error}");
                let due = now.mono + self.settings.backoff.wait(self.failures, &mut self.rng);
                self.phase = Phase::Registering(Registering::Resting(due));
            }
        }
    }

    fn join(&mut self, now: Now) {
        self.phase = Phase::Joined;
        self.failures = 0;
        self.read_soon(now.mono);
        self.commit_due = self.next_commit(now);
    }
}

impl Paths {
    pub(super) fn of(settings: &Settings, id: &str) -> Result<Self, PathError> {
        let group = &*settings.group;
        let (owners, offsets) = (path::owners(group)?, path::offsets(group)?);
        let folder = owners.trim_end_matches("/owners").to_owned();
        let ids = path::consumer_ids(group)?;
        let mut parents = vec![path::CONSUMERS.to_owned(), folder, ids.clone(), owners, offsets];
        let mut topics = BTreeMap::new();
        for topic in &settings.topics {
            parents.push(path::topic_owners(group, &settings.owners_folder(topic))?);
            parents.push(path::topic_offsets(group, topic)?);
            topics.insert(topic.to_string(), path::topic(topic)?);
        }
        Ok(Self { parents, own: path::consumer_id(group, id)?, ids, topics })
    }
}
