//! `SaslAuthenticate` (key 36): a message of the SASL mechanism, and the broker's reply.

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 2, flexible from 2. Answered with [`SaslAuthenticateResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 36, versions = "0-2", flexible = "2+", response = SaslAuthenticateResponse<'r>)]
pub struct SaslAuthenticateRequest<'a> {
    pub auth_bytes: &'a [u8],
    pub unknown_tags: UnknownTags,
}

/// The answer to [`SaslAuthenticateRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-2", flexible = "2+")]
pub struct SaslAuthenticateResponse<'a> {
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(default = Some(""))]
    pub error_message: Option<&'a str>,
    pub auth_bytes: &'a [u8],
    /// When to authenticate anew (KIP-368); 0 for never.
    #[field(versions = "1+", ignorable)]
    pub session_lifetime_ms: i64,
    pub unknown_tags: UnknownTags,
}
