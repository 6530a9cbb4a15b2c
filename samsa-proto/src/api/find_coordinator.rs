//! `FindCoordinator` (key 10): which broker looks after a group or a transactional id?
//!
//! From version 4 one request asks for several.

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 6, flexible from 3. Answered with [`FindCoordinatorResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 10, versions = "0-6", flexible = "3+", response = FindCoordinatorResponse<'r>)]
pub struct FindCoordinatorRequest<'a> {
    /// A group id or transactional id.
    #[field(versions = "0-3")]
    pub key: &'a str,
    /// 0 group, 1 transaction, 2 share group (from version 6).
    #[field(versions = "1+")]
    pub key_type: i8,
    /// Group ids or transactional ids.
    #[field(versions = "4+")]
    pub coordinator_keys: Vec<&'a str>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`FindCoordinatorRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-6", flexible = "3+")]
pub struct FindCoordinatorResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    #[field(versions = "0-3")]
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(versions = "1-3", default = Some(""), ignorable)]
    pub error_message: Option<&'a str>,
    #[field(versions = "0-3")]
    pub node_id: i32,
    #[field(versions = "0-3")]
    pub host: &'a str,
    #[field(versions = "0-3")]
    pub port: i32,
    #[field(versions = "4+")]
    pub coordinators: Vec<Coordinator<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct Coordinator<'a> {
    pub key: &'a str,
    /// -1 after an error.
    pub node_id: i32,
    pub host: &'a str,
    pub port: i32,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(default = Some(""))]
    pub error_message: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}
