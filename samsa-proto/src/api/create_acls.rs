//! `CreateAcls` (key 30).
//!
//! | number | resource         | operation        | permission | pattern  |
//! |--------|------------------|------------------|------------|----------|
//! | 1      | any              | any              | any        | any      |
//! | 2      | topic            | all              | deny       | match    |
//! | 3      | group            | read             | allow      | literal  |
//! | 4      | cluster          | write            |            | prefixed |
//! | 5      | transactional id | create           |            |          |
//! | 6      | delegation token | delete           |            |          |
//! | 7      | user             | alter            |            |          |
//! | 8      |                  | describe         |            |          |
//! | 9      |                  | cluster action   |            |          |
//! | 10     |                  | describe configs |            |          |
//! | 11     |                  | alter configs    |            |          |
//! | 12     |                  | idempotent write |            |          |
//! | 13     |                  | create tokens    |            |          |
//! | 14     |                  | describe tokens  |            |          |
//! | 15     |                  | two phase commit |            |          |

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 3, flexible from 2. Answered with [`CreateAclsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 30, versions = "0-3", flexible = "2+", response = CreateAclsResponse<'r>)]
pub struct CreateAclsRequest<'a> {
    pub creations: Vec<AclCreation<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct AclCreation<'a> {
    /// See the table above, as for the fields below.
    pub resource_type: i8,
    pub resource_name: &'a str,
    #[field(versions = "1+", default = 3)]
    pub resource_pattern_type: i8,
    /// Such as `User:alice`.
    pub principal: &'a str,
    /// `*` for any.
    pub host: &'a str,
    pub operation: i8,
    pub permission_type: i8,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`CreateAclsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-3", flexible = "2+")]
pub struct CreateAclsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub results: Vec<AclCreationResult<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct AclCreationResult<'a> {
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(default = Some(""))]
    pub error_message: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}
