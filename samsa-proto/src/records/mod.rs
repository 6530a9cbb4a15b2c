//! Records: what a Produce request carries and a Fetch response brings, in all three of Kafka's formats.
//!
//! | [`Format`] | magic | since | what it is |
//! |------------|-------|-------|------------|
//! | `V0`       | 0     | 0.8   | a message set: key and value; a compressed set is the value of one message |
//! | `V1`       | 1     | 0.10  | the same with a timestamp (KIP-32), and offsets inside a compressed set that are relative (KIP-31) |
//! | `V2`       | 2     | 0.11  | a record batch (KIP-98): headers, deltas, the producer's identity, one checksum for all |
//!
//! **Writing.** A [`Builder`] of any format takes records one by one; each is written once, straight into its final
//! form, in a buffer that the caller gives. [`Builder::seal`] freezes what was written. Of a record batch it freezes
//! the body only: the 61 bytes before it hold the producer's identity and sequence, which are known late and may
//! change between attempts, so [`SealedBatch::header`] makes them when they are needed and combines the checksums.
//! Compression is a function from one sealed batch to another.
//!
//! **Reading.** [`batches`] walks over the bytes of a Fetch response, whatever mix of formats is in it. A [`Batch`] is
//! a view: its [`BatchHeader`] is decoded, its records are not. They are read in place by [`Records`], a lazy iterator;
//! a compressed batch is decompressed first, up to a limit that the caller gives. [`OwnedBatch`] keeps the bytes and
//! can be read again and again without allocating.
//!
//! ```
//! use bytes::{Bytes, BytesMut};
//! use samsa_proto::records::{self, BatchBuilder, Codec, Flags, Header};
//!
//! let mut batch = BatchBuilder::new(BytesMut::with_capacity(16 * 1024));
//! batch.append(1_700_000_000_000, Some(b"user-1"), Some(b"hello"), [Header::new("trace", Some(b"7"))])?;
//! batch.append(1_700_000_000_001, None, Some(b"world"), [])?;
//! let sealed = batch.seal().compress(Codec::Lz4, None)?;
//! let wire = Bytes::from([sealed.header(None, Flags::default()), sealed.body().clone()].concat());
//!
//! for batch in records::batches(&wire) {
//!     let batch = batch?;
//!     batch.verify()?;
//!     let owned = batch.into_owned(&wire, 1024 * 1024)?;
//!     for record in owned.records() {
//!         let record = record?;
//!         println!("{} {:?} {:?}", record.offset(), record.key(), record.value());
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batch;
mod builder;
mod compression;
mod control;
mod cursor;
mod error;
mod format;
mod header;
mod message_set;
mod owned;
mod reader;
mod record;
mod varint;
mod view;

pub use batch::{BatchBuilder, HEADER_LEN, SealedBatch};
pub use builder::{Builder, Sealed};
pub(crate) use compression::compress;
pub use compression::decompress;
pub use control::{ControlKind, ControlRecord};
pub use error::{EncodeError, RecordsError};
pub use format::{Codec, Flags, Format, Identity, NO_TIMESTAMP, TimestampType};
pub use header::BatchHeader;
pub use message_set::{MessageSetBuilder, SealedMessageSet};
pub use owned::{OwnedBatch, Position};
pub use reader::{Batches, batches};
pub use record::{Header, Headers, Record};
pub use view::{Batch, Records};
