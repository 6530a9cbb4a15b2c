//! Structs and their fields: what the derive macro writes calls to.

use nom::Parser;
use nom::error::context;

use super::text::not_null;
use super::{Decode, DecodeFault, Describe, Encode, EncodeFault, Parsed, Sink, Step, Version};

/// A struct on the wire. Derived with [`Message`](samsa_proto_derive::Message).
pub trait Structure: Describe {}

/// A struct that may be null has a byte in front: 1, or -1 for null (KIP-893).
impl<'a, T: Structure + Decode<'a>> Decode<'a> for Option<T> {
    fn decode(input: &'a [u8], at: Version) -> Parsed<'a, Self> {
        match i8::decode(input, at)? {
            (rest, -1) => Ok((rest, None)),
            (rest, 1) => T::decode(rest, at).map(|(rest, value)| (rest, Some(value))),
            (_, byte) => DecodeFault::err(input, format!("1 before a struct, or -1 for null, found {byte}")),
        }
    }

    fn least(_: Version) -> usize {
        1
    }
}

impl<T: Structure + Encode> Encode for Option<T> {
    fn encode(&self, at: Version, sink: &mut dyn Sink) -> Result<(), EncodeFault> {
        sink.put(if self.is_some() { &[1] } else { &[0xff] });
        self.as_ref().map_or(Ok(()), |value| value.encode(at, sink))
    }
}

/// Reads a field; a fault inside is told with its name.
pub fn decode_field<'a, T: Decode<'a>>(name: &'static str, input: &'a [u8], at: Version) -> Parsed<'a, T> {
    context(name, |input| T::decode(input, at)).parse(input)
}

/// Reads a field that is null in some versions only.
pub fn decode_nullable<'a, T>(
    name: &'static str,
    may_be_null: bool,
    input: &'a [u8],
    at: Version,
) -> Parsed<'a, Option<T>>
where
    Option<T>: Decode<'a>,
{
    let value = |input| {
        let parsed = Decode::decode(input, at);
        if may_be_null { parsed } else { not_null(input, parsed).map(|(rest, value)| (rest, Some(value))) }
    };
    context(name, value).parse(input)
}

/// Writes a field; a fault inside is told with its name.
pub fn encode_field(
    name: &'static str,
    value: &dyn Encode,
    at: Version,
    sink: &mut dyn Sink,
) -> Result<(), EncodeFault> {
    value.encode(at, sink).map_err(|fault| fault.within(Step::Field(name)))
}

/// Writes a field that is null in some versions only.
pub fn encode_nullable<T>(
    name: &'static str,
    may_be_null: bool,
    value: &Option<T>,
    at: Version,
    sink: &mut dyn Sink,
) -> Result<(), EncodeFault>
where
    Option<T>: Encode,
{
    if value.is_none() && !may_be_null {
        return Err(EncodeFault::new("this version has no null, give a value").within(Step::Field(name)));
    }
    encode_field(name, value, at, sink)
}

/// A field that is set where its version has no place for it, and where leaving it out would change the meaning.
pub fn absent(name: &'static str) -> EncodeFault {
    EncodeFault::new("this version has no such field, leave it at its default or use a version that has it")
        .within(Step::Field(name))
}
