//! `DescribeLogDirs` (key 35): what lies in the log directories of this broker.

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 5, flexible from 2. Answered with [`DescribeLogDirsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 35, versions = "0-5", flexible = "2+", response = DescribeLogDirsResponse<'r>)]
pub struct DescribeLogDirsRequest<'a> {
    /// Null asks for all.
    #[field(default = Some(Vec::new()))]
    pub topics: Option<Vec<DescribableLogDirTopic<'a>>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DescribableLogDirTopic<'a> {
    pub topic: &'a str,
    pub partitions: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`DescribeLogDirsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-5", flexible = "2+")]
pub struct DescribeLogDirsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    #[field(versions = "3+", ignorable)]
    pub error_code: ErrorCode,
    pub results: Vec<DescribeLogDirsResult<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DescribeLogDirsResult<'a> {
    pub error_code: ErrorCode,
    /// Absolute path.
    pub log_dir: &'a str,
    pub topics: Vec<DescribeLogDirsTopic<'a>>,
    /// Size of the volume; -1 where it is not known.
    #[field(versions = "4+", default = -1, ignorable)]
    pub total_bytes: i64,
    /// What is free on the volume; -1 where it is not known.
    #[field(versions = "4+", default = -1, ignorable)]
    pub usable_bytes: i64,
    /// Whether new replicas are kept away from it (KIP-1066).
    #[field(versions = "5+", ignorable)]
    pub is_cordoned: bool,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DescribeLogDirsTopic<'a> {
    pub name: &'a str,
    pub partitions: Vec<DescribeLogDirsPartition>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DescribeLogDirsPartition {
    pub partition_index: i32,
    /// In bytes.
    pub partition_size: i64,
    /// How many offsets it is behind the high watermark, or, for a future replica, behind the present one.
    pub offset_lag: i64,
    /// Whether it is about to replace the replica in another directory.
    pub is_future_key: bool,
    pub unknown_tags: UnknownTags,
}
