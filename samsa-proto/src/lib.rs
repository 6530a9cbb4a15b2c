//! The Kafka wire protocol and what Kafka keeps in ZooKeeper: bytes to meaning and back, without IO.
//!
//! - [`api`] has a file for each API: request and response, all versions side by side.
//! - [`encode_request`] makes a frame that is ready to send, [`decode_response`] reads the frame that comes back;
//!   [`decode_request_header`], [`decode`] and [`encode_response`] are the broker's half.
//! - [`wire`] has the primitives, the sinks, and the errors that tell field path and byte.
//!
//! ```
//! use samsa_proto::api::metadata::{MetadataRequest, MetadataRequestTopic};
//!
//! let topic = MetadataRequestTopic { name: Some("events"), ..Default::default() };
//! let request = MetadataRequest { topics: Some(vec![topic]), ..Default::default() };
//! let frame = samsa_proto::encode_request(7, Some("my-client"), 12, &request)?.concat();
//!
//! // A broker reads it:
//! let (header, body) = samsa_proto::decode_request_header(&frame[4..])?;
//! assert_eq!((header.api_key, header.api_version, header.correlation_id), (3, 12, 7));
//! assert_eq!(samsa_proto::decode::<MetadataRequest<'_>>(header.api_version, body)?, request);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod api;
mod error_code;
mod frame;
pub mod kafka07;
mod message;
pub mod records;
pub mod wire;
pub mod zookeeper;

pub use error_code::ErrorCode;
pub use frame::{
    RequestHeader, correlation_id, decode_request_header, decode_response, encode_request, encode_response,
    request_header_version, response_header_version,
};
pub use message::{Message, Request, decode, encode};
pub use samsa_proto_derive::Message;
