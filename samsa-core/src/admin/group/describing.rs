//! What there is of one group: its members, who owns each partition, and what is committed of it in ZooKeeper and on the
//! brokers.
//!
//! | stage   | all answered                           | then    | asks                                              |
//! |---------|----------------------------------------|---------|---------------------------------------------------|
//! | Nodes   | no such group; brokers keep no offsets | -       | (that)                                            |
//! | Nodes   | no such group; they do                 | Elsewhere | what [`OnBrokers`] asks of the coordinator      |
//! | Nodes   | it is one of Kafka 0.7                 | -       | (what was found)                                  |
//! | Nodes   | anything else                          | Topics  | each topic                                        |
//! | Topics  | brokers keep no offsets                | -       | (what was found)                                  |
//! | Topics  | they do                                | Brokers | members and offsets, of the group's coordinator   |
//! | Brokers | whatever they say                      | -       | (what was found)                                  |
//! | Elsewhere | whatever they say                    | -       | (the group that they coordinate, or that there is none) |
//! | Brokers | nine tenths of the time are over       | -       | (what was found, and what is not known)           |
//!
//! Brokers that keep no offsets [are not asked](crate::group::on_brokers).

use std::collections::BTreeSet;
use std::sync::Arc;

use samsa_proto::zookeeper::{
    ConsumerRegistration, Dialect, PartitionNode, PathError, Subscription, TopicRegistration, path,
    read_offset,
};

use super::described::GroupMember;
use super::error::GroupLookError;
use super::gathered::Gathered;
use super::next::Next;
use super::obstacles::is_foreign;
use super::on_brokers::{Look, OnBrokers};
use crate::command::Reply;
use crate::group::{CoordinatorAnswer, CoordinatorAsk, OffsetsError, on_brokers};
use crate::topology::TopicPartition;
use crate::zookeeper::{ZkAnswer, ZkError, ZkOp};

#[derive(Debug)]
pub(super) struct Describing {
    group: Arc<str>,
    root: String,
    ids: String,
    owners: String,
    offsets: String,
    /// A topic to look at in any case.
    also: Option<Arc<str>>,
    stage: Stage,
    is_there: bool,
    keeps_on_brokers: bool,
    topics: BTreeSet<String>,
    partitions: BTreeSet<TopicPartition>,
    found: Gathered,
    members_on_brokers: Result<usize, OffsetsError>,
    elsewhere: OnBrokers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Nodes,
    Topics,
    Brokers,
    Elsewhere,
}

/// Where a node is.
enum Kind<'a> {
    Member(&'a str),
    Owner(&'a str, &'a str),
    Offset(&'a str, &'a str),
    Topic(&'a str),
}

impl Describing {
    pub(super) fn new(group: &Arc<str>, also: Option<&Arc<str>>) -> Result<Self, PathError> {
        Ok(Self {
            group: Arc::clone(group),
            root: path::group(group)?,
            ids: path::consumer_ids(group)?,
            owners: path::owners(group)?,
            offsets: path::offsets(group)?,
            also: also.map(Arc::clone),
            stage: Stage::Nodes,
            is_there: false,
            keeps_on_brokers: false,
            topics: BTreeSet::new(),
            partitions: BTreeSet::new(),
            found: Gathered::default(),
            members_on_brokers: Ok(0),
            elsewhere: OnBrokers::new(group),
        })
    }

    pub(super) fn begin(&mut self) -> Vec<ZkOp> {
        (self.stage, self.is_there, self.keeps_on_brokers) = (Stage::Nodes, false, false);
        (self.found, self.members_on_brokers) = (Gathered::default(), Ok(0));
        self.elsewhere = OnBrokers::new(&self.group);
        self.topics = self.also.iter().map(ToString::to_string).collect();
        self.partitions.clear();
        let folders = [&self.ids, &self.owners, &self.offsets];
        let folders = folders.map(|path| ZkOp::Children { path: path.clone(), watch: false });
        let there = ZkOp::Exists { path: self.root.clone(), watch: false };
        [ZkOp::Sync { path: self.root.clone() }, there, on_brokers::look()]
            .into_iter()
            .chain(folders)
            .collect()
    }

    pub(super) fn answered(&mut self, op: &ZkOp, result: Result<ZkAnswer, ZkError>) -> Vec<ZkOp> {
        if let Some(keeps) = on_brokers::seen(op, &result) {
            self.keeps_on_brokers = keeps;
            return Vec::new();
        }
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
    fn below(&mut self, folder: &str, children: &[String]) -> Vec<ZkOp> {
        let is_of_topics = folder == self.owners || folder == self.offsets;
        if is_of_topics {
            self.topics.extend(children.iter().map(|child| topic_of(child).to_owned()));
        }
        if folder == self.owners {
            let is_of_python3 = |child: &String| topic_of(child) != child;
            self.found.is_of_python3 = !children.is_empty() && children.iter().all(is_of_python3);
        }
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
                self.found.members.insert(id.to_owned(), member);
            }
            Some(Kind::Owner(folder, node)) => {
                if let Some(place) = self.place(folder, node) {
                    self.found.owners.insert(place, String::from_utf8_lossy(data).into_owned());
                }
            }
            Some(Kind::Offset(folder, node)) => {
                if is_foreign(node) {
                    self.found.foreign_nodes.entry(Arc::from(folder)).or_insert_with(|| node.to_owned());
                }
                if let Some(place) = self.place(folder, node) {
                    match read_offset(data) {
                        Ok(committed) => _ = self.found.in_zookeeper.insert(place, committed),
                        Err(error) => self.found.faults.push(format!("{path}: {error}")),
                    }
                }
            }
            Some(Kind::Topic(topic)) => match TopicRegistration::from_bytes(data) {
                Ok(registration) => {
                    let partition = |number: &i32| TopicPartition::new(topic, *number);
                    self.partitions.extend(registration.partitions.keys().map(partition));
                }
                Err(error) => self.found.faults.push(format!("{path}: {error}")),
            },
            None => {}
        }
    }

    fn kind<'a>(&self, path: &'a str) -> Option<Kind<'a>> {
        let below = |folder: &str| path.strip_prefix(folder)?.strip_prefix('/');
        if let Some(topic) = below(path::TOPICS) {
            return Some(Kind::Topic(topic));
        }
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
                self.found.faults.push(format!("member {id}: {error}"));
                None
            }
        };
        if let Some(Subscription::Topics(topics)) = &subscription {
            self.topics.extend(topics.keys().cloned());
        }
        GroupMember { id: id.to_owned(), dialect, subscription }
    }

    fn place(&mut self, folder: &str, node: &str) -> Option<(String, PartitionNode)> {
        let topic = topic_of(folder);
        let read = PartitionNode::from_name(node, Dialect::Scala);
        match read.or_else(|_| PartitionNode::from_name(node, Dialect::Samsa)) {
            Ok(node) => Some((topic.to_owned(), node)),
            Err(error) => {
                self.found.faults.push(format!("topic {topic}: {error}"));
                None
            }
        }
    }

    pub(super) fn ended(&mut self) -> Next {
        match self.stage {
            Stage::Nodes if !self.is_there && self.keeps_on_brokers => {
                self.stage = Stage::Elsewhere;
                self.look_elsewhere()
            }
            Stage::Elsewhere => self.look_elsewhere(),
            Stage::Nodes if !self.is_there => Next::Done(Reply::Group(Err(self.unknown()))),
            Stage::Nodes if !self.found.is_of_07() => {
                self.stage = Stage::Topics;
                Next::Ask(self.topics())
            }
            Stage::Topics if self.keeps_on_brokers => {
                self.stage = Stage::Brokers;
                Next::AskBrokers(CoordinatorAsk::all(self.partitions.iter().cloned()))
            }
            Stage::Nodes | Stage::Topics | Stage::Brokers => {
                let members_on_brokers = std::mem::replace(&mut self.members_on_brokers, Ok(0));
                let description = std::mem::take(&mut self.found).describe(members_on_brokers);
                Next::Done(Reply::Group(Ok(Box::new(description))))
            }
        }
    }

    /// What cannot stand in a path is no topic.
    fn topics(&self) -> Vec<ZkOp> {
        let topics = self.topics.iter().filter_map(|topic| path::topic(topic).ok());
        topics.map(|path| ZkOp::Get { path, watch: false }).collect()
    }

    fn look_elsewhere(&mut self) -> Next {
        match self.elsewhere.ended() {
            Look::Ask(asked) => Next::AskBrokers(asked),
            Look::Done(Ok(Some(found))) => Next::Done(Reply::Group(Ok(Box::new(found.describe())))),
            Look::Done(Ok(None) | Err(GroupLookError::NotOffered)) => {
                Next::Done(Reply::Group(Err(self.unknown())))
            }
            Look::Done(Err(error)) => Next::Done(Reply::Group(Err(error))),
        }
    }

    fn unknown(&self) -> GroupLookError {
        GroupLookError::UnknownGroup { group: Arc::clone(&self.group) }
    }

    pub(super) fn told(&mut self, ask: CoordinatorAsk, answer: Result<CoordinatorAnswer, OffsetsError>) {
        if self.stage == Stage::Elsewhere {
            return self.elsewhere.told(&ask, answer);
        }
        match (ask, answer) {
            (CoordinatorAsk::Members, Ok(CoordinatorAnswer::Members(members))) => {
                self.members_on_brokers = Ok(members);
            }
            (CoordinatorAsk::Members, Err(error)) if !error.says_no_group() => {
                self.members_on_brokers = Err(error);
            }
            (CoordinatorAsk::Offset(TopicPartition { topic, partition }, _), answer) => {
                let told = match answer {
                    Ok(CoordinatorAnswer::Read(offset)) => Ok(offset),
                    Err(error) if !error.says_no_group() => Err(error),
                    _ => Ok(None),
                };
                self.found.on_brokers.insert((topic.to_string(), partition), told);
            }
            (CoordinatorAsk::Members | CoordinatorAsk::Member(_) | CoordinatorAsk::Outside(_), _) => {}
        }
    }
}

/// pykafka on Python 3 names its folder after the bytes of the topic.
fn topic_of(folder: &str) -> &str {
    let inner = folder.strip_prefix("b'").and_then(|inner| inner.strip_suffix('\''));
    inner.filter(|topic| path::python3_folder(topic) == folder).unwrap_or(folder)
}
