//! `SaslHandshake` (key 17): choose a SASL mechanism.
//!
//! After version 0 the bytes of the mechanism follow bare, each with an int32 length in front; after version
//! 1 inside `SaslAuthenticate`.

use crate::{ErrorCode, Message};

/// Versions 0 to 1. Answered with [`SaslHandshakeResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 17, versions = "0-1", response = SaslHandshakeResponse<'r>)]
pub struct SaslHandshakeRequest<'a> {
    pub mechanism: &'a str,
}

/// The answer to [`SaslHandshakeRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-1")]
pub struct SaslHandshakeResponse<'a> {
    pub error_code: ErrorCode,
    /// What the broker offers.
    pub mechanisms: Vec<&'a str>,
}
