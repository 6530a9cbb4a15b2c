//! The APIs, a file each: request and response as tables of their fields, all versions side by side.
//!
//! A field that has no comment is what its name says. Names are those of Apache's schemas in snake case, with one type
//! of our own: [`ErrorCode`](crate::ErrorCode). `Default` gives the schema's defaults, so a message is written as
//! the fields that matter and `..Default::default()`. A field that the version in hand does not have must be left at its
//! default, unless it is marked `ignorable`.
//!
//! [`Api::ALL`] is the list of them all.

#![expect(missing_docs, reason = "a field or struct whose name says it all has no comment")]

pub mod api_versions;
pub mod create_topics;
pub mod fetch;
pub mod init_producer_id;
pub mod list_offsets;
pub mod metadata;
pub mod produce;
mod registry;

pub use registry::{Api, Half, TranscodeError};
