//! All APIs in one table, for those who meet a key at run time: headers, traces, tests, fuzzing.

use std::ops::RangeInclusive;

use crate::wire::{Decode, DecodeError, Describe, Encode, EncodeError, Kind};
use crate::{Message, Request, decode, encode};

use super::{api_versions, create_topics, fetch, init_producer_id, list_offsets, metadata, produce};

/// An API: its number, its versions, and what its two messages can do without their types.
#[derive(Debug)]
pub struct Api {
    /// The number in the request header.
    pub key: i16,
    /// Such as `Heartbeat`.
    pub name: &'static str,
    /// See [`Message::VERSIONS`].
    pub versions: RangeInclusive<i16>,
    /// See [`Message::FLEXIBLE`].
    pub flexible: i16,
    /// From client to broker.
    pub request: Half,
    /// From broker to client.
    pub response: Half,
}

/// One of the two messages of an API.
#[derive(Debug)]
pub struct Half {
    /// Its fields.
    pub kind: Kind,
    transcode: fn(i16, &[u8]) -> Result<Vec<u8>, TranscodeError>,
}

/// Why a message was not read and written again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TranscodeError {
    /// It could not be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// What was read has no form to be written in.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl Half {
    /// Reads a message (without header) and writes it again. Of what follows the protocol to the letter, the result is
    /// the same bytes; what is merely tolerated (a true that is not 1, a default that was written out) comes out
    /// canonical.
    ///
    /// # Errors
    /// When the version is unknown or the bytes do not follow the grammar.
    pub fn transcode(&self, version: i16, body: &[u8]) -> Result<Vec<u8>, TranscodeError> {
        (self.transcode)(version, body)
    }
}

fn transcode<'a, M: Message + Decode<'a> + Encode>(
    version: i16,
    body: &'a [u8],
) -> Result<Vec<u8>, TranscodeError> {
    Ok(encode(version, &decode::<M>(version, body)?)?)
}

macro_rules! apis {
    ($($name:literal: $request:ty, $response:ty;)*) => {
        impl Api {
            /// All of them, by ascending key.
            pub const ALL: &[Self] = &[$(Self {
                key: <$request as Request>::KEY,
                name: $name,
                versions: <$request as Message>::VERSIONS,
                flexible: <$request as Message>::FLEXIBLE,
                request: Half {
                    kind: <$request as Describe>::KIND,
                    transcode: |version, body| transcode::<$request>(version, body),
                },
                response: Half {
                    kind: <$response as Describe>::KIND,
                    transcode: |version, body| transcode::<$response>(version, body),
                },
            },)*];
        }
    };
}

apis! {
    "Produce": produce::ProduceRequest<'_>, produce::ProduceResponse<'_>;
    "Fetch": fetch::FetchRequest<'_>, fetch::FetchResponse<'_>;
    "ListOffsets": list_offsets::ListOffsetsRequest<'_>, list_offsets::ListOffsetsResponse<'_>;
    "Metadata": metadata::MetadataRequest<'_>, metadata::MetadataResponse<'_>;
    "ApiVersions": api_versions::ApiVersionsRequest<'_>, api_versions::ApiVersionsResponse<'_>;
    "CreateTopics": create_topics::CreateTopicsRequest<'_>, create_topics::CreateTopicsResponse<'_>;
    "InitProducerId": init_producer_id::InitProducerIdRequest<'_>, init_producer_id::InitProducerIdResponse;
}

impl Api {
    /// The API of a key; none for what this crate does not know, such as what brokers say to each other.
    pub fn of_key(key: i16) -> Option<&'static Self> {
        let index = Self::ALL.binary_search_by_key(&key, |api| api.key).ok()?;
        Self::ALL.get(index)
    }
}
