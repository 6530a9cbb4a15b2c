//! What there is of one group: its members, and who owns and what is committed of each partition.

use std::collections::BTreeMap;
use std::sync::Arc;

use samsa_proto::zookeeper::{ConsumerRegistration, Dialect, PartitionNode, PathError, path, read_offset};

use super::described::{GroupDescription, GroupMember, GroupPartition};
use super::error::GroupLookError;
use super::task::Next;
use crate::command::Reply;
use crate::zookeeper::{ZkAnswer, ZkError, ZkOp};

#[derive(Debug)]
pub(super) struct Describing {
    group: Arc<str>,
    root: String,
    ids: String,
    owners: String,
    offsets: String,
    is_there: bool,
    members: BTreeMap<String, GroupMember>,
    partitions: BTreeMap<(String, PartitionNode), GroupPartition>,
    faults: Vec<String>,
}

/// Where a node is.
enum Kind<'a> {
    Member(&'a str),
    Owner(&'a str, &'a str),
    Offset(&'a str, &'a str),
}

impl Describing {
    pub(super) fn new(group: &Arc<str>) -> Result<Self, PathError> {
        Ok(Self {
            group: Arc::clone(group),
            root: path::group(group)?,
            ids: path::consumer_ids(group)?,
            owners: path::owners(group)?,
            offsets: path::offsets(group)?,
            is_there: false,
            members: BTreeMap::new(),
            partitions: BTreeMap::new(),
            faults: Vec::new(),
        })
    }

    pub(super) fn begin(&mut self) -> Vec<ZkOp> {
        self.is_there = false;
        self.members.clear();
        self.partitions.clear();
        self.faults.clear();
        let folders = [&self.ids, &self.owners, &self.offsets];
        let folders = folders.map(|path| ZkOp::Children { path: path.clone(), watch: false });
        let there = ZkOp::Exists { path: self.root.clone(), watch: false };
        [ZkOp::Sync { path: self.root.clone() }, there].into_iter().chain(folders).collect()
    }

    pub(super) fn answered(&mut self, op: &ZkOp, result: Result<ZkAnswer, ZkError>) -> Vec<ZkOp> {
        match (op, result) {
            (ZkOp::Exists { .. }, Ok(ZkAnswer::Stat(stat))) => self.is_there = stat.is_some(),
            (ZkOp::Children { path, .. }, Ok(ZkAnswer::Children(children))) => {
                return self.below(path, &children);
            }
            (ZkOp::Get { path, .. }, Ok(ZkAnswer::Data(data, _))) => self.learn(path, &data),
            // What went between the list and the reading of it is not there.
            _ => {}
        }
        Vec::new()
    }

    /// The topics below owners and offsets are folders, too.
    fn below(&self, folder: &str, children: &[String]) -> Vec<ZkOp> {
        let is_of_topics = folder == self.owners || folder == self.offsets;
        let asked = children.iter().map(|child| {
            let path = format!("{folder}/{child}");
            if is_of_topics {
                ZkOp::Children { path, watch: false }
            } else {
                ZkOp::Get { path, watch: false }
            }
        });
        asked.collect()
    }

    fn learn(&mut self, path: &str, data: &[u8]) {
        match self.kind(path) {
            Some(Kind::Member(id)) => {
                let member = self.member(id, data);
                self.members.insert(id.to_owned(), member);
            }
            Some(Kind::Owner(topic, node)) => {
                let owner = String::from_utf8_lossy(data).into_owned();
                self.partition(topic, node, |partition| partition.owner = Some(owner));
            }
            Some(Kind::Offset(topic, node)) => match read_offset(data) {
                Ok(committed) => self.partition(topic, node, |partition| partition.committed = committed),
                Err(error) => self.faults.push(format!("{path}: {error}")),
            },
            None => {}
        }
    }

    fn kind<'a>(&self, path: &'a str) -> Option<Kind<'a>> {
        let below = |folder: &str| path.strip_prefix(folder)?.strip_prefix('/');
        if let Some(id) = below(&self.ids) {
            return Some(Kind::Member(id));
        }
        if let Some((topic, node)) = below(&self.owners).and_then(|path| path.split_once('/')) {
            return Some(Kind::Owner(topic, node));
        }
        below(&self.offsets)?.split_once('/').map(|(topic, node)| Kind::Offset(topic, node))
    }

    fn member(&mut self, id: &str, data: &[u8]) -> GroupMember {
        let dialect = Dialect::of_registration(data);
        let read = ConsumerRegistration::from_bytes(data, dialect.unwrap_or(Dialect::Scala));
        let subscription = match read {
            Ok(registration) => Some(registration.subscription),
            Err(error) => {
                self.faults.push(format!("member {id}: {error}"));
                None
            }
        };
        GroupMember { id: id.to_owned(), dialect, subscription }
    }

    fn partition(&mut self, folder: &str, node: &str, set: impl FnOnce(&mut GroupPartition)) {
        let topic = topic_of(folder);
        let read = PartitionNode::from_name(node, Dialect::Scala);
        match read.or_else(|_| PartitionNode::from_name(node, Dialect::Samsa)) {
            Ok(node) => {
                let fresh = || GroupPartition {
                    topic: topic.into(),
                    broker: node.broker,
                    partition: node.partition,
                    owner: None,
                    committed: None,
                };
                set(self.partitions.entry((topic.to_owned(), node)).or_insert_with(fresh));
            }
            Err(error) => self.faults.push(format!("topic {topic}: {error}")),
        }
    }

    pub(super) fn ended(&mut self) -> Next {
        if !self.is_there {
            let group = Arc::clone(&self.group);
            return Next::Done(Reply::Group(Err(GroupLookError::UnknownGroup { group })));
        }
        let description = GroupDescription {
            members: std::mem::take(&mut self.members).into_values().collect(),
            partitions: std::mem::take(&mut self.partitions).into_values().collect(),
            faults: std::mem::take(&mut self.faults),
        };
        Next::Done(Reply::Group(Ok(Box::new(description))))
    }
}

/// pykafka on Python 3 names its folder after the bytes of the topic.
fn topic_of(folder: &str) -> &str {
    let inner = folder.strip_prefix("b'").and_then(|inner| inner.strip_suffix('\''));
    inner.filter(|topic| path::python3_folder(topic) == folder).unwrap_or(folder)
}
