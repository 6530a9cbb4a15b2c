//! The grammar that all messages are made of: integers, strings, arrays, tagged fields.
//!
//! A value is read from a slice and keeps borrowing from it ([`Decode`]); it is written to a [`Sink`] ([`Encode`]).
//! Both are told the [`Version`] of the message that they stand in, because the same value has two forms: the plain
//! one (lengths are int16 or int32) and, from a message's first flexible version on, the compact one (lengths are
//! unsigned varints, every struct ends with tagged fields; KIP-482).
//!
//! Reading never panics. A length is compared with the bytes that are left before anything is reserved, and a list
//! allocates once.

mod error;
mod list;
mod number;
mod records;
mod schema;
mod sink;
mod structure;
mod tags;
mod text;
mod uuid;

pub(crate) use error::fault_of;
pub use error::{DecodeError, DecodeFault, EncodeError, EncodeFault, Parsed, Path, Step};
pub use number::{
    put_unsigned_varint, put_varint, put_varlong, unsigned_varint, unsigned_varint_len, varint, varlong,
};
pub use records::Records;
pub use schema::{Describe, Field, Kind, VersionRange};
pub use sink::{Gather, MERGE_BELOW, Measure, Sink};
pub use structure::{Structure, absent, decode_field, decode_nullable, encode_field, encode_nullable};
pub use tags::{KnownTag, UnknownTag, UnknownTags, decode_tags, encode_tags, unknown_before, whole};
pub use uuid::Uuid;

/// The version of the message that is being read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// The number in the request header.
    pub number: i16,
    /// Whether this version is encoded compactly, with tagged fields (KIP-482).
    pub flexible: bool,
}

impl Version {
    /// Whether the number lies within `first..=last`.
    pub const fn within(self, first: i16, last: i16) -> bool {
        first <= self.number && self.number <= last
    }
}

/// Read from the front of a slice, borrowing from it.
pub trait Decode<'a>: Sized {
    /// Returns the value and what follows it.
    fn decode(input: &'a [u8], at: Version) -> Parsed<'a, Self>;

    /// The fewest bytes that a value takes; at least 1. No list is longer than the bytes left divided by this.
    fn least(at: Version) -> usize;
}

/// Written to the end of a sink.
pub trait Encode {
    /// Appends the value. After an error the sink holds a part of it.
    fn encode(&self, at: Version, sink: &mut dyn Sink) -> Result<(), EncodeFault>;
}
