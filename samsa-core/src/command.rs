//! What the application asks for, and the answers. Publishing and reading go their own ways, through the buffers.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::admin::{GroupDescription, GroupList, GroupLookError, GroupResetError};
use crate::config::{FetchConfig, GroupTimes, Isolation};
use crate::consumer::{Membership, Reader};
use crate::error::{ConnectError, CreateTopicError, LookError, ReadError};
use crate::explanation::Explanation;
use crate::group::{Assignor, Commit, CommitError, GroupError, GroupProtocol, OffsetStorage, TopicPattern};
use crate::id::{MemberId, ReaderId};
use crate::metrics::Metrics;
use crate::offset::{Offset, PartitionOffset};
use crate::topology::{PartitionInfo, TopicName};

/// A question or an order. Each is answered once by [`Intent::Complete`](crate::Intent::Complete), at the latest when
/// its time is over.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Command {
    /// Answered when the cluster was seen for the first time.
    Connect,
    /// The names of all topics.
    Topics,
    /// The partitions of one topic; looking never creates it.
    Partitions {
        /// Which topic.
        topic: Arc<str>,
    },
    /// An offset of partitions of a topic.
    Offsets {
        /// Which topic.
        topic: Arc<str>,
        /// Of these partitions alone, as far as the topic has them; `None` for all.
        partitions: Option<BTreeSet<i32>>,
        /// Which offset.
        at: Offset,
        /// Whether the end is where committed records end, or where all do.
        isolation: Isolation,
    },
    /// Creates a topic with so many partitions and replicas.
    CreateTopic(NewTopic),
    /// Answered when every record accepted before has its outcome.
    Flush,
    /// Starts to fetch.
    OpenReader(ReaderSpec),
    /// Reads on elsewhere. From the answer on nothing comes that was fetched before. A partition that had stopped is read
    /// again. A later seek takes the place of an earlier one that has no answer yet.
    Seek {
        /// Which reader.
        reader: ReaderId,
        /// In which partition.
        partition: i32,
        /// Where to.
        to: Offset,
    },
    /// Joins a group.
    JoinGroup(Box<GroupSpec>),
    /// Commits what the application is done with, or has marked, in all partitions of a member.
    CommitOffsets {
        /// Which member.
        member: MemberId,
    },
    /// Gives up everything, commits what is to be committed, and leaves the group.
    LeaveGroup {
        /// Which member.
        member: MemberId,
    },
    /// The groups of consumers that are in ZooKeeper, and those that the brokers coordinate.
    Groups,
    /// The members of a group, and who owns and what is committed of each partition. One that is in ZooKeeper is told as it is
    /// there, with what the brokers keep of it; else as its coordinator tells it.
    Group {
        /// Which group.
        group: Arc<str>,
        /// A topic to look at, also if no node of the group speaks of it.
        topic: Option<Arc<str>>,
    },
    /// Sets committed offsets of a group that has no members.
    ResetGroup(GroupReset),
    /// Nothing more is accepted; answered when every accepted record has its outcome.
    Close,
    /// What each part of the client waits for.
    Explain,
    /// What the client has done and holds.
    Metrics,
}

impl Command {
    /// Whether its answer is all that it is for, so that it need not be given to the engine once nobody waits for that any
    /// more. An order is carried out all the same.
    pub fn is_question(&self) -> bool {
        match self {
            Self::Connect
            | Self::Topics
            | Self::Partitions { .. }
            | Self::Offsets { .. }
            | Self::OpenReader(_)
            | Self::JoinGroup(_)
            | Self::Groups
            | Self::Group { .. }
            | Self::Explain
            | Self::Metrics => true,
            Self::CreateTopic(_)
            | Self::Flush
            | Self::Seek { .. }
            | Self::CommitOffsets { .. }
            | Self::LeaveGroup { .. }
            | Self::ResetGroup(_)
            | Self::Close => false,
        }
    }

    /// Its answer once the client is being closed; `None` where it is answered as ever.
    pub(crate) fn refused_by_close(&self) -> Option<Reply> {
        Some(match self {
            Self::Connect => Reply::Connect(Err(ConnectError::Closed)),
            Self::Topics => Reply::Topics(Err(LookError::Closed)),
            Self::Partitions { .. } => Reply::Partitions(Err(LookError::Closed)),
            Self::Offsets { .. } => Reply::Offsets(Err(LookError::Closed)),
            Self::CreateTopic(_) => Reply::CreateTopic(Err(CreateTopicError::Closed)),
            Self::OpenReader(_) => Reply::OpenReader(Err(ReadError::Closed)),
            Self::Seek { .. } => Reply::Seek(Err(ReadError::Closed)),
            Self::JoinGroup(_) => Reply::JoinGroup(Err(GroupError::Closed)),
            Self::CommitOffsets { .. } => Reply::CommitOffsets(Err(CommitError::Closed)),
            Self::LeaveGroup { .. } => Reply::LeaveGroup(Ok(())),
            Self::Groups => Reply::Groups(Err(LookError::Closed.into())),
            Self::Group { .. } => Reply::Group(Err(LookError::Closed.into())),
            Self::ResetGroup(_) => Reply::ResetGroup(Err(LookError::Closed.into())),
            Self::Flush => Reply::Flush(0),
            Self::Close => Reply::Close(0),
            Self::Explain | Self::Metrics => return None,
        })
    }
}

/// The answer to a command, of the variant that bears its name.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reply {
    /// To [`Command::Connect`].
    Connect(Result<(), ConnectError>),
    /// To [`Command::Topics`].
    Topics(Result<Vec<TopicName>, LookError>),
    /// To [`Command::Partitions`]; empty for a topic that does not exist.
    Partitions(Result<Vec<PartitionInfo>, LookError>),
    /// To [`Command::Offsets`].
    Offsets(Result<Vec<PartitionOffset>, LookError>),
    /// To [`Command::CreateTopic`].
    CreateTopic(Result<(), CreateTopicError>),
    /// To [`Command::Flush`]: how many records still had no outcome when the time was over.
    Flush(usize),
    /// To [`Command::Flush`] and [`Command::Close`]: so many of them wait already.
    Busy {
        /// How many.
        waiting: usize,
    },
    /// To [`Command::OpenReader`].
    OpenReader(Result<Reader, ReadError>),
    /// To [`Command::Seek`].
    Seek(Result<(), ReadError>),
    /// To [`Command::JoinGroup`].
    JoinGroup(Result<Membership, GroupError>),
    /// To [`Command::CommitOffsets`].
    CommitOffsets(Result<(), CommitError>),
    /// To [`Command::LeaveGroup`].
    LeaveGroup(Result<(), GroupError>),
    /// To [`Command::Groups`].
    Groups(Result<GroupList, GroupLookError>),
    /// To [`Command::Group`].
    Group(Result<Box<GroupDescription>, GroupLookError>),
    /// To [`Command::ResetGroup`].
    ResetGroup(Result<(), GroupResetError>),
    /// To [`Command::Close`]: how many records were given up.
    Close(usize),
    /// To [`Command::Explain`].
    Explain(Explanation),
    /// To [`Command::Metrics`].
    Metrics(Box<Metrics>),
}

/// What to fetch.
#[derive(Clone, Debug, PartialEq)]
pub struct ReaderSpec {
    /// The topic.
    pub topic: Arc<str>,
    /// One partition, or all of them.
    pub partition: Option<i32>,
    /// Where to start.
    pub start: Offset,
    /// Sizes and times.
    pub fetch: FetchConfig,
}

/// Which group to join, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupSpec {
    /// Its name.
    pub group: Arc<str>,
    /// The topics by name, each once; none where they are chosen by a pattern.
    pub topics: Vec<Arc<str>>,
    /// By which pattern they are chosen, also those that come later.
    pub pattern: Option<TopicPattern>,
    /// Where to start in a partition without a committed offset.
    pub start: Offset,
    /// What is committed, and when.
    pub commit: Commit,
    /// How often, where it is committed by itself.
    pub commit_interval: Duration,
    /// How the partitions are shared out, if that was said. Default: [`Assignor::Range`]; as the coordinator likes where it does
    /// that (KIP-848).
    pub assignor: Option<Assignor>,
    /// With how many streams the member takes part, one at least; 1 in the Samsa dialect and on the brokers.
    pub streams: u16,
    /// Where it keeps its offsets, if that was said. Default: in ZooKeeper; in the Samsa dialect, and where the group itself is on
    /// the brokers, there, and nowhere else.
    pub offsets: Option<OffsetStorage>,
    /// Where the group lives, and how its members speak, if that was said. Default: as that of [`GroupProtocol`].
    pub protocol: Option<GroupProtocol>,
    /// In the Samsa dialect: whether partitions are locked where pykafka does it on Python 3.
    pub python3_owners: bool,
    /// What the member and its coordinator expect of each other, where the group is on the brokers.
    pub times: GroupTimes,
    /// Sizes and times; the memory is that of all topics together.
    pub fetch: FetchConfig,
}

/// Which committed offsets to set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupReset {
    /// The group.
    pub group: Arc<str>,
    /// The topic.
    pub topic: Arc<str>,
    /// Where.
    pub storage: OffsetStorage,
    /// What is to be committed of its partitions: none of the others is changed.
    pub offsets: Vec<PartitionOffset>,
}

/// A topic to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTopic {
    /// Its name.
    pub name: Arc<str>,
    /// How many partitions it will have; -1 for the cluster's default, from Kafka 2.4 on.
    pub partitions: i32,
    /// How many brokers will keep each of them; -1 for the cluster's default, from Kafka 2.4 on.
    pub replication: i16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_something_is_an_order_and_what_is_of_use_to_who_waits_alone_is_a_question() {
        let (reader, member) = (ReaderId(1), MemberId(1));
        let (group, topic) = (Arc::from("g"), Arc::from("t"));
        let (storage, offsets) = (OffsetStorage::Both, Vec::new());
        let reset = GroupReset { group, topic: Arc::clone(&topic), storage, offsets };
        for order in [
            Command::ResetGroup(reset),
            Command::CreateTopic(NewTopic { name: topic, partitions: 1, replication: 1 }),
            Command::Flush,
            Command::Seek { reader, partition: 0, to: Offset::Latest },
            Command::CommitOffsets { member },
            Command::LeaveGroup { member },
            Command::Close,
        ] {
            assert!(!order.is_question(), "{order:?}");
        }
        for question in [Command::Connect, Command::Topics, Command::Explain, Command::Metrics] {
            assert!(question.is_question(), "{question:?}");
        }
    }
}
