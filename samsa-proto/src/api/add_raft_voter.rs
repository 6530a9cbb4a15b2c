//! `AddRaftVoter` (key 80): make a controller a voter (KIP-853).

use crate::wire::{UnknownTags, Uuid};
use crate::{ErrorCode, Message};

/// Versions 0 to 1, flexible. Answered with [`AddRaftVoterResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 80, versions = "0-1", flexible = "0+", response = AddRaftVoterResponse<'r>)]
pub struct AddRaftVoterRequest<'a> {
    #[field(default = Some(""))]
    pub cluster_id: Option<&'a str>,
    /// How long the broker may take.
    pub timeout_ms: i32,
    pub voter_id: i32,
    /// The log directory of the voter, which tells two lives of one id apart.
    pub voter_directory_id: Uuid,
    pub listeners: Vec<Listener<'a>>,
    /// Whether to answer only when the new voters have agreed.
    #[field(versions = "1+", default = true)]
    pub ack_when_committed: bool,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct Listener<'a> {
    pub name: &'a str,
    pub host: &'a str,
    pub port: u16,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`AddRaftVoterRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct AddRaftVoterResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(default = Some(""))]
    pub error_message: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}
