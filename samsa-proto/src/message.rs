//! What all messages have in common.

use std::ops::RangeInclusive;

use crate::wire::{
    Decode, DecodeError, DecodeFault, Encode, EncodeError, EncodeFault, Sink, Version, fault_of,
};

/// A request, a response, or another versioned message. Derived with [`Message`](macro@crate::Message).
pub trait Message {
    /// As in the protocol's documentation, such as `HeartbeatRequest`.
    const NAME: &'static str;

    /// The versions that can be read and written: all from the first one ever to the newest that is stable.
    const VERSIONS: RangeInclusive<i16>;

    /// The first version with compact lengths and tagged fields (KIP-482); `i16::MAX` where there is none.
    const FLEXIBLE: i16;

    /// The form of a version.
    fn at(version: i16) -> Version {
        Version { number: version, flexible: version >= Self::FLEXIBLE }
    }
}

/// A request, which knows what it is answered with.
pub trait Request: Message + Encode {
    /// The API's number in the request header.
    const KEY: i16;

    /// The answer, borrowed from the frame `'r` that it came in.
    type Response<'r>: Message + Encode + Decode<'r>;
}

/// Reads a whole message, without header: there must be nothing behind it.
///
/// # Errors
/// When `version` is none of [`Message::VERSIONS`], or the bytes do not follow the message's grammar.
pub fn decode<'a, M: Message + Decode<'a>>(version: i16, body: &'a [u8]) -> Result<M, DecodeError> {
    read(version, body).map_err(|fault| fault.of(M::NAME, version, body.len()))
}

/// Reads a message to its end; offsets are left to the caller, who knows what came before.
pub(crate) fn read<'a, M: Message + Decode<'a>>(version: i16, body: &'a [u8]) -> Result<M, DecodeFault> {
    if !M::VERSIONS.contains(&version) {
        return Err(DecodeFault::at(body, unsupported::<M>(version)));
    }
    match M::decode(body, M::at(version)).map_err(fault_of)? {
        ([], message) => Ok(message),
        (rest, _) => {
            Err(DecodeFault::at(rest, format!("the end of the message, {} bytes are left", rest.len())))
        }
    }
}

/// Writes a message without header.
///
/// # Errors
/// When `version` is none of [`Message::VERSIONS`], or a value has no form in it.
pub fn encode<M: Message + Encode>(version: i16, message: &M) -> Result<Vec<u8>, EncodeError> {
    let mut body = Vec::new();
    write(version, message, &mut body).map_err(|fault| fault.of(M::NAME, version))?;
    Ok(body)
}

pub(crate) fn write<M: Message + Encode>(
    version: i16,
    message: &M,
    sink: &mut dyn Sink,
) -> Result<(), EncodeFault> {
    if !M::VERSIONS.contains(&version) {
        return Err(EncodeFault::new(unsupported::<M>(version)));
    }
    message.encode(M::at(version), sink)
}

fn unsupported<M: Message>(version: i16) -> String {
    let (first, last) = (M::VERSIONS.start(), M::VERSIONS.end());
    format!("a version of {first} to {last}, found {version}")
}
