//! Sets the committed offsets of a group that has no members.
//!
//! | stage    | all answered                    | then     | asks                                          |
//! |----------|---------------------------------|----------|-----------------------------------------------|
//! | Checking | no such group, it has members, or its offsets are in nodes of another kind | - | (the refusal) |
//! | Checking | nobody is there                 | Writing  | Create of the folders, Get of each offset     |
//! | Writing  | each offset is what it shall be | Looking  | Sync, Children of the members                 |
//! | Looking  | nobody came                     | -        | (done)                                        |
//! | Looking  | somebody came                   | -        | (the refusal)                                 |
//!
//! An offset is written only with the version that was read; whatever comes in between is read again. After an
//! operation of unknown fate everything begins anew, in another session.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use samsa_proto::zookeeper::{PathError, path, read_offset, write_offset};

use super::error::{GroupLookError, GroupResetError};
use super::task::Next;
use crate::command::{GroupReset, Reply};
use crate::zookeeper::{ZkAnswer, ZkError, ZkOp};

#[derive(Debug)]
pub(super) struct Resetting {
    group: Arc<str>,
    topic: Arc<str>,
    root: String,
    ids: String,
    owners: String,
    folders: [String; 2],
    /// What each offset node shall hold.
    offsets: BTreeMap<String, i64>,
    stage: Stage,
    is_there: bool,
    /// An offset node that is not named by its partition alone.
    foreign: Option<String>,
    members: BTreeSet<String>,
    /// Whether anything was written, in whatever session.
    has_begun: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Checking,
    Writing,
    Looking,
}

impl Resetting {
    pub(super) fn new(reset: &GroupReset) -> Result<Self, PathError> {
        let GroupReset { group, topic, offsets } = reset;
        let node = |at: &crate::offset::PartitionOffset| {
            Ok((path::offset(group, topic, at.partition)?, at.offset.max(0)))
        };
        Ok(Self {
            group: Arc::clone(group),
            topic: Arc::clone(topic),
            root: path::group(group)?,
            ids: path::consumer_ids(group)?,
            owners: path::topic_owners(group, topic)?,
            folders: [path::offsets(group)?, path::topic_offsets(group, topic)?],
            offsets: offsets.iter().map(node).collect::<Result<_, PathError>>()?,
            stage: Stage::Checking,
            is_there: false,
            foreign: None,
            members: BTreeSet::new(),
            has_begun: false,
        })
    }

    pub(super) fn begin(&mut self) -> Vec<ZkOp> {
        (self.stage, self.is_there, self.foreign) = (Stage::Checking, false, None);
        let mut asked = vec![
            ZkOp::Sync { path: self.root.clone() },
            ZkOp::Exists { path: self.root.clone(), watch: false },
            ZkOp::Children { path: self.folders[1].clone(), watch: false },
        ];
        asked.extend(self.who_is_there());
        asked
    }

    fn who_is_there(&mut self) -> [ZkOp; 2] {
        self.members.clear();
        [&self.ids, &self.owners].map(|path| ZkOp::Children { path: path.clone(), watch: false })
    }

    pub(super) fn answered(&mut self, op: &ZkOp, result: Result<ZkAnswer, ZkError>) -> Vec<ZkOp> {
        match (op, result) {
            (ZkOp::Exists { .. }, Ok(ZkAnswer::Stat(stat))) => self.is_there = stat.is_some(),
            (ZkOp::Children { path, .. }, Ok(ZkAnswer::Children(children))) if *path == self.folders[1] => {
                self.foreign = children.into_iter().find(|node| node.parse::<u32>().is_err());
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
        if are_members {
            self.members.extend(found);
        } else if self.members.is_empty() {
            self.members.extend(found.into_iter().map(|node| format!("the owner of {node}")));
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

    pub(super) fn ended(&mut self) -> Next {
        if !self.is_there {
            let unknown = GroupLookError::UnknownGroup { group: Arc::clone(&self.group) };
            return Next::Done(Reply::ResetGroup(Err(unknown.into())));
        }
        if self.stage != Stage::Writing && !self.members.is_empty() {
            return Next::Done(Reply::ResetGroup(Err(self.refusal())));
        }
        if let Some(node) = self.foreign.take() {
            let (group, topic) = (Arc::clone(&self.group), Arc::clone(&self.topic));
            return Next::Done(Reply::ResetGroup(Err(GroupResetError::OtherNodes { group, topic, node })));
        }
        match self.stage {
            Stage::Checking => {
                self.stage = Stage::Writing;
                let folder =
                    |path: &String| ZkOp::Create { path: path.clone(), data: Vec::new(), ephemeral: false };
                let get = |path: &String| ZkOp::Get { path: path.clone(), watch: false };
                Next::Ask(self.folders.iter().map(folder).chain(self.offsets.keys().map(get)).collect())
            }
            Stage::Writing => {
                self.stage = Stage::Looking;
                let mut asked = vec![ZkOp::Sync { path: self.root.clone() }];
                asked.extend(self.who_is_there());
                Next::Ask(asked)
            }
            Stage::Looking => Next::Done(Reply::ResetGroup(Ok(()))),
        }
    }

    fn refusal(&self) -> GroupResetError {
        let (group, members) = (Arc::clone(&self.group), self.members.iter().cloned().collect());
        if self.has_begun {
            GroupResetError::Joined { group, members }
        } else {
            GroupResetError::HasMembers { group, members }
        }
    }
}
