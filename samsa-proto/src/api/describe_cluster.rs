//! `DescribeCluster` (key 60): the brokers, or the controllers, of a cluster (KIP-700).

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 2, flexible. Answered with [`DescribeClusterResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 60, versions = "0-2", flexible = "0+", response = DescribeClusterResponse<'r>)]
pub struct DescribeClusterRequest {
    pub include_cluster_authorized_operations: bool,
    /// 1 brokers, 2 controllers.
    #[field(versions = "1+", default = 1)]
    pub endpoint_type: i8,
    #[field(versions = "2+")]
    pub include_fenced_brokers: bool,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`DescribeClusterRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-2", flexible = "0+")]
pub struct DescribeClusterResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    pub error_message: Option<&'a str>,
    /// 1 brokers, 2 controllers.
    #[field(versions = "1+", default = 1)]
    pub endpoint_type: i8,
    pub cluster_id: &'a str,
    /// -1 where there is none. A KRaft cluster names any broker, which forwards.
    #[field(default = -1)]
    pub controller_id: i32,
    pub brokers: Vec<DescribeClusterBroker<'a>>,
    /// A bit for each operation that is allowed; `i32::MIN` where it was not asked for.
    #[field(default = i32::MIN)]
    pub cluster_authorized_operations: i32,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DescribeClusterBroker<'a> {
    pub broker_id: i32,
    pub host: &'a str,
    pub port: i32,
    pub rack: Option<&'a str>,
    /// Whether the controller keeps it from leading.
    #[field(versions = "2+")]
    pub is_fenced: bool,
    pub unknown_tags: UnknownTags,
}
