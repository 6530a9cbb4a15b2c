//! Kafka 0.7 on the wire.
//!
//! All integers are big endian. There are no versions, no correlation ids and no client ids: a broker takes the
//! requests of a connection strictly in order and answers in the same order, and a client may send ahead.
//!
//! ```text
//! request      := int32 length, int16 type, body           the length counts what follows it
//!   0 PRODUCE      := tp, int32 length, set                not answered
//!   1 FETCH        := tp, int64 offset, int32 max bytes
//!   2 MULTIFETCH   := int16 count, count x FETCH
//!   3 MULTIPRODUCE := int16 count, count x PRODUCE         not answered
//!   4 OFFSETS      := tp, int64 time, int32 max offsets
//! tp           := int16 length, topic, int32 partition
//!
//! response     := int32 length, int16 error, body
//!   FETCH        := set                                    cut anywhere
//!   MULTIFETCH   := (int32 length, int16 error, set) for each fetch
//!   OFFSETS      := int32 count, count x int64             newest first
//!
//! set          := entry*
//! entry        := int32 length, 0, uint32 crc, payload                  magic 0
//!               | int32 length, 1, int8 attributes, uint32 crc, payload   magic 1
//! ```
//!
//! The checksum is the CRC-32 of the payload. Bits 0 and 1 of the attributes name the codec; the payload of a compressed
//! entry is a whole set. Offsets are positions in bytes: an entry's offset is where it starts in the partition's log, the
//! next one follows its last byte.
//!
//! A broker that cannot do what PRODUCE, MULTIPRODUCE or OFFSETS asks for says nothing and closes the connection. An
//! OFFSETS sent behind a PRODUCE on the same connection is therefore a barrier: its answer proves that the PRODUCE was
//! processed, unless a payload was larger than the broker takes
//! ([1,000,000 bytes](DEFAULT_MAX_PAYLOAD) by default), which drops the whole set without a word.
//!
//! ```
//! use bytes::Bytes;
//! use samsa_proto::kafka07::{Codec, Magic, Messages, Produce, Request, SetBuilder};
//!
//! let mut set = SetBuilder::new(Magic::V1);
//! set.append(b"hello")?;
//! set.append(b"world")?;
//! let set = set.seal(Some(Codec::Gzip))?;
//! let request = Request::Produce(Produce { topic: "events", partition: 0, set: set.bytes().clone().into() });
//! let frame = request.encode()?.concat();
//!
//! // A broker reads it:
//! let Request::Produce(produce) = Request::decode(&frame[4..])? else { panic!("a PRODUCE") };
//! let messages = Messages::new(produce.set.to_bytes(&Bytes::new()), 0, 1024 * 1024);
//! let payloads = messages.map(|message| Ok(message?.payload)).collect::<Result<Vec<_>, Box<dyn std::error::Error>>>()?;
//! assert_eq!(payloads, ["hello", "world"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod builder;
mod entry;
mod error;
mod error_code;
mod frame;
mod messages;
mod request;
mod response;
mod topic_name;

pub use builder::{DEFAULT_MAX_PAYLOAD, SealedSet, SetBuilder};
pub use entry::{Codec, Cut, Entries, Entry, Magic};
pub use error::SetError;
pub use error_code::ErrorCode;
pub use frame::{Frame, FrameError, split_frame};
pub use messages::{MAX_DEPTH, Message, Messages};
pub use request::{Fetch, OffsetTime, Offsets, Produce, Request};
pub use response::{FetchResponse, MultiFetchResponse, OffsetsResponse};
pub use topic_name::{LONGEST_TOPIC, TopicNameError, check_topic};
