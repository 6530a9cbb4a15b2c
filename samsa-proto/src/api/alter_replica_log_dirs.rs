//! `AlterReplicaLogDirs` (key 34): move replicas to other log directories of the same broker.

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 2, flexible from 2. Answered with [`AlterReplicaLogDirsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 34, versions = "0-2", flexible = "2+", response = AlterReplicaLogDirsResponse<'r>)]
pub struct AlterReplicaLogDirsRequest<'a> {
    pub dirs: Vec<AlterReplicaLogDir<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct AlterReplicaLogDir<'a> {
    /// Absolute.
    pub path: &'a str,
    pub topics: Vec<AlterReplicaLogDirTopic<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct AlterReplicaLogDirTopic<'a> {
    pub name: &'a str,
    pub partitions: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`AlterReplicaLogDirsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-2", flexible = "2+")]
pub struct AlterReplicaLogDirsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub results: Vec<AlterReplicaLogDirTopicResult<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct AlterReplicaLogDirTopicResult<'a> {
    pub topic_name: &'a str,
    pub partitions: Vec<AlterReplicaLogDirPartitionResult>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct AlterReplicaLogDirPartitionResult {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub unknown_tags: UnknownTags,
}
