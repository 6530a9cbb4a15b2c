//! Sets the committed offsets of a group that has no members, where it keeps them.
//!
//! | stage      | all answered                    | then       | asks                                       |
//! |------------|---------------------------------|------------|--------------------------------------------|
//! | Checking   | no such group; its offsets are to be set on the brokers | Elsewhere | what [`ResettingOnBrokers`] asks |
//! | Elsewhere  | done                            | Looking    | as below                                   |
//! | Checking   | no such group, it has members, or its offsets are in nodes of another kind | - | (the refusal) |
//! | Checking   | nobody is there                 | Members    | the coordinator, who is in such a group    |
//! | Checking   | the same, and brokers keep nothing and are to keep nothing | Writing | as below        |
//! | Members    | somebody, or it is not known    | -          | (the refusal)                              |
//! | Members    | nobody                          | Committing | each commit, of the coordinator            |
//! | Members    | nobody; in ZooKeeper alone      | Writing    | as below                                   |
//! | Committing | refused                         | -          | (the refusal)                              |
//! | Committing | some have no answer             | -          | (all begins anew)                          |
//! | Committing | done                            | Writing    | Create of the folders, Get of each offset  |
//! | Committing | done; on the brokers alone      | Looking    | as below                                   |
//! | Writing    | each offset is what it shall be | Looking    | Sync, Children of the members              |
//! | Looking    | nobody came                     | -          | (done)                                     |
//! | Looking    | somebody came                   | -          | (the refusal)                              |
//!
//! Brokers come first: they refuse commits while they coordinate members of the group, and may refuse them otherwise, and
//! then nothing is changed yet. They are not asked who is there while they [keep no offsets](crate::group::on_brokers) of any
//! group, unless offsets are to be set there.
//!
//! In ZooKeeper an offset is written only with the version that was read; whatever comes in between is read again. After
//! an operation of unknown fate everything begins anew, in another session.

use std::collections::BTreeMap;
use std::sync::Arc;

use samsa_proto::zookeeper::{PathError, path, read_offset, write_offset};

use super::error::{GroupLookError, GroupResetError};
use super::next::Next;
use super::obstacles::{Obstacles, is_foreign};
use super::resetting_on_brokers::{ResettingOnBrokers, Step};
use crate::command::{GroupReset, Reply};
use crate::group::{CoordinatorAnswer, CoordinatorAsk, OffsetAsk, OffsetStorage, OffsetsError, on_brokers};
use crate::offset::PartitionOffset;
use crate::planted::{PlantedBug, is_planted};
use crate::topology::TopicPartition;
use crate::zookeeper::{ZkAnswer, ZkError, ZkOp};

#[derive(Debug)]
pub(super) struct Resetting {
    group: Arc<str>,
    topic: Arc<str>,
    root: String,
    ids: String,
    /// Where locks are, also those of pykafka on Python 3.
    owners: [String; 2],
    folders: [String; 2],
    storage: OffsetStorage,
    /// What each offset node shall hold.
    offsets: BTreeMap<String, i64>,
    /// The same on the brokers.
    commits: BTreeMap<TopicPartition, i64>,
    stage: Stage,
    is_there: bool,
    keeps_on_brokers: bool,
    obstacles: Obstacles,
    /// What came from the brokers that ends it.
    refused: Option<GroupResetError>,
    /// A commit that may be done.
    doubt: Option<String>,
    /// Whether anything was written, in whatever session.
    has_begun: bool,
    /// A group that is not in ZooKeeper.
    elsewhere: ResettingOnBrokers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Checking,
    Elsewhere,
    Members,
    Committing,
    Writing,
    Looking,
}

impl Resetting {
    pub(super) fn new(reset: &GroupReset) -> Result<Self, PathError> {
        let GroupReset { group, topic, storage, offsets } = reset;
        let node = |at: &PartitionOffset| Ok((path::offset(group, topic, at.partition)?, at.offset.max(0)));
        let commit = |at: &PartitionOffset| {
            (TopicPartition { topic: Arc::clone(topic), partition: at.partition }, at.offset.max(0))
        };
        Ok(Self {
            group: Arc::clone(group),
            topic: Arc::clone(topic),
            root: path::group(group)?,
            ids: path::consumer_ids(group)?,
            owners: [
                path::topic_owners(group, topic)?,
                path::topic_owners(group, &path::python3_folder(topic))?,
            ],
            folders: [path::offsets(group)?, path::topic_offsets(group, topic)?],
            storage: *storage,
            offsets: offsets.iter().map(node).collect::<Result<_, PathError>>()?,
            commits: offsets.iter().map(commit).collect(),
            stage: Stage::Checking,
            is_there: false,
            keeps_on_brokers: false,
            obstacles: Obstacles::default(),
            refused: None,
            doubt: None,
            has_begun: false,
            elsewhere: ResettingOnBrokers::new(reset),
        })
    }

    pub(super) fn begin(&mut self) -> Vec<ZkOp> {
        (self.stage, self.is_there, self.keeps_on_brokers) = (Stage::Checking, false, false);
        (self.obstacles, self.refused, self.doubt) = (Obstacles::default(), None, None);
        self.elsewhere.begin();
        let mut asked = vec![
            ZkOp::Sync { path: self.root.clone() },
            ZkOp::Exists { path: self.root.clone(), watch: false },
            on_brokers::look(),
            ZkOp::Children { path: self.folders[1].clone(), watch: false },
        ];
        asked.extend(self.who_is_there());
        asked
    }

    fn who_is_there(&mut self) -> [ZkOp; 3] {
        self.obstacles.members.clear();
        let [owners, of_python3] = &self.owners;
        [&self.ids, owners, of_python3].map(|path| ZkOp::Children { path: path.clone(), watch: false })
    }

    pub(super) fn answered(&mut self, op: &ZkOp, result: Result<ZkAnswer, ZkError>) -> Vec<ZkOp> {
        if let Some(keeps) = on_brokers::seen(op, &result) {
            self.keeps_on_brokers = keeps;
            return Vec::new();
        }
        match (op, result) {
            (ZkOp::Exists { .. }, Ok(ZkAnswer::Stat(stat))) => self.is_there = stat.is_some(),
            (ZkOp::Children { path, .. }, Ok(ZkAnswer::Children(children))) if *path == self.folders[1] => {
                self.obstacles.foreign = children.into_iter().find(|node| is_foreign(node));
            }
            (ZkOp::Children { path, .. }, Ok(ZkAnswer::Children(children))) => {
                self.see(path == &self.ids, children);
            }
            (ZkOp::Get { path, .. }, Ok(ZkAnswer::Data(data, stat))) => {
                return self.replace(path, &data, stat.version);
            }
            (ZkOp::Get { path, .. }, Err(ZkError::NoNode)) => return self.create(path),
            // Somebody has deleted the group.
            (ZkOp::Create { path, .. }, Err(ZkError::NoNode)) if self.offsets.contains_key(path) => {
                self.is_there = false;
            }
            (ZkOp::Set { path, .. }, Err(ZkError::BadVersion | ZkError::NoNode))
            | (ZkOp::Create { path, .. }, Err(ZkError::NodeExists))
                if self.offsets.contains_key(path) =>
            {
                return vec![ZkOp::Get { path: path.clone(), watch: false }];
            }
            _ => {}
        }
        Vec::new()
    }

    /// An owner has a registration, or had one until just now.
    fn see(&mut self, are_members: bool, found: Vec<String>) {
        let members = &mut self.obstacles.members;
        if are_members {
            members.extend(found);
        } else if members.is_empty() {
            members.extend(found.into_iter().map(|node| format!("the owner of {node}")));
        }
    }

    fn replace(&mut self, path: &str, data: &[u8], version: i32) -> Vec<ZkOp> {
        let Some(offset) = self.offsets.get(path) else { return Vec::new() };
        if read_offset(data).is_ok_and(|stored| stored == Some(*offset)) {
            return Vec::new();
        }
        self.has_begun = true;
        let data = write_offset(offset.unsigned_abs());
        vec![ZkOp::Set { path: path.to_owned(), data, version }]
    }

    fn create(&mut self, path: &str) -> Vec<ZkOp> {
        let Some(offset) = self.offsets.get(path) else { return Vec::new() };
        self.has_begun = true;
        let data = write_offset(offset.unsigned_abs());
        vec![ZkOp::Create { path: path.to_owned(), data, ephemeral: false }]
    }

    /// The coordinator has answered.
    pub(super) fn told(&mut self, ask: &CoordinatorAsk, answer: Result<CoordinatorAnswer, OffsetsError>) {
        if self.stage == Stage::Elsewhere {
            return self.elsewhere.told(ask, answer);
        }
        let is_about_members = *ask == CoordinatorAsk::Members;
        let group = Arc::clone(&self.group);
        match answer {
            Ok(CoordinatorAnswer::Members(members)) => self.obstacles.members_on_brokers = members,
            Ok(_) => {}
            // It began with brokers that coordinate members.
            Err(OffsetsError::NotOffered) if is_about_members => {}
            Err(error) if is_about_members && !self.sets_on_brokers() && !error.is_retriable() => {}
            Err(OffsetsError::Unanswered { reason }) => self.doubt = Some(reason),
            Err(error) => self.refused = Some(GroupResetError::Offsets { group, error }),
        }
    }

    fn sets_on_brokers(&self) -> bool {
        let sets_in_one = self.storage == OffsetStorage::Both && is_planted(PlantedBug::SetsInOnePlace);
        self.storage.on_brokers() && !sets_in_one
    }

    fn sets_in_zookeeper(&self) -> bool {
        self.storage.in_zookeeper()
    }

    pub(super) fn ended(&mut self) -> Next {
        if self.stage == Stage::Elsewhere || self.may_be_elsewhere() {
            self.stage = Stage::Elsewhere;
            return self.set_elsewhere();
        }
        if let Some(refused) = self.refusal() {
            return Next::Done(Reply::ResetGroup(Err(refused)));
        }
        if let Some(reason) = self.doubt.take() {
            return Next::Again(reason);
        }
        match self.stage {
            Stage::Checking if self.keeps_on_brokers || self.sets_on_brokers() => {
                self.stage = Stage::Members;
                Next::AskBrokers(vec![CoordinatorAsk::Members])
            }
            Stage::Members if self.sets_on_brokers() => {
                // Whatever becomes of the answers.
                (self.stage, self.has_begun) = (Stage::Committing, true);
                let commit = |(partition, offset): (&TopicPartition, &i64)| {
                    CoordinatorAsk::Offset(partition.clone(), OffsetAsk::Commit(*offset))
                };
                Next::AskBrokers(self.commits.iter().map(commit).collect())
            }
            Stage::Checking | Stage::Members | Stage::Committing if self.sets_in_zookeeper() => {
                self.stage = Stage::Writing;
                Next::Ask(self.writes())
            }
            Stage::Checking | Stage::Elsewhere | Stage::Members | Stage::Committing | Stage::Writing => {
                self.look_who_came()
            }
            Stage::Looking => Next::Done(Reply::ResetGroup(Ok(()))),
        }
    }

    fn may_be_elsewhere(&self) -> bool {
        let is_for_brokers = self.keeps_on_brokers && self.storage == OffsetStorage::Brokers;
        self.stage == Stage::Checking && !self.is_there && is_for_brokers
    }

    fn set_elsewhere(&mut self) -> Next {
        match self.elsewhere.ended() {
            Step::Ask(asked) => Next::AskBrokers(asked),
            Step::Again(reason) => Next::Again(reason),
            Step::Unknown => Next::Done(Reply::ResetGroup(Err(self.unknown()))),
            Step::Done(Err(error)) => Next::Done(Reply::ResetGroup(Err(error))),
            Step::Done(Ok(())) => {
                self.has_begun = true;
                self.look_who_came()
            }
        }
    }

    fn look_who_came(&mut self) -> Next {
        self.stage = Stage::Looking;
        let mut asked = vec![ZkOp::Sync { path: self.root.clone() }];
        asked.extend(self.who_is_there());
        Next::Ask(asked)
    }

    fn unknown(&self) -> GroupResetError {
        GroupLookError::UnknownGroup { group: Arc::clone(&self.group) }.into()
    }

    fn writes(&self) -> Vec<ZkOp> {
        let folder = |path: &String| ZkOp::Create { path: path.clone(), data: Vec::new(), ephemeral: false };
        let get = |path: &String| ZkOp::Get { path: path.clone(), watch: false };
        self.folders.iter().map(folder).chain(self.offsets.keys().map(get)).collect()
    }

    /// What ends it now.
    fn refusal(&mut self) -> Option<GroupResetError> {
        if !self.is_there && !self.elsewhere.is_done() {
            return Some(self.unknown());
        }
        let in_the_way = self.obstacles.refusal(&self.group, &self.topic, self.has_begun);
        in_the_way.or_else(|| self.refused.take())
    }
}
