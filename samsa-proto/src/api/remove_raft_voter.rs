//! `RemoveRaftVoter` (key 81): make a controller no voter any more (KIP-853).

use crate::wire::{UnknownTags, Uuid};
use crate::{ErrorCode, Message};

/// Version 0, flexible. Answered with [`RemoveRaftVoterResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 81, versions = "0", flexible = "0+", response = RemoveRaftVoterResponse<'r>)]
pub struct RemoveRaftVoterRequest<'a> {
    #[field(default = Some(""))]
    pub cluster_id: Option<&'a str>,
    pub voter_id: i32,
    /// The log directory of the voter, which tells two lives of one id apart.
    pub voter_directory_id: Uuid,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`RemoveRaftVoterRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct RemoveRaftVoterResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(default = Some(""))]
    pub error_message: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}
