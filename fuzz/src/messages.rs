//! Requests, responses, their frames, and the consumer protocol.
//!
//! The first byte says what the input is, the next two are an API's key and a version; the rest is the message.

use std::fmt::Debug;

use samsa_proto::api::api_versions::ApiVersionsRequest;
use samsa_proto::api::consumer_protocol::{ConsumerProtocolAssignment, ConsumerProtocolSubscription};
use samsa_proto::api::fetch::FetchRequest;
use samsa_proto::api::heartbeat::HeartbeatRequest;
use samsa_proto::api::metadata::MetadataRequest;
use samsa_proto::api::produce::ProduceRequest;
use samsa_proto::api::{Api, Half, TranscodeError};
use samsa_proto::wire::Decode;
use samsa_proto::{
    ErrorCode, Message, Request, correlation_id, decode, decode_request_header, decode_response,
    encode_request, encode_response,
};

use crate::script::Script;
use crate::within_memory;

/// What the rest of an input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The body of a request.
    Request = 0,
    /// The body of a response.
    Response,
    /// A request with its header, without its length.
    RequestFrame,
    /// A response with its header, without its length.
    ResponseFrame,
    /// What a member of a classic group wants.
    Subscription,
    /// What it is given.
    Assignment,
}

impl Kind {
    const ALL: [Self; 6] = [
        Self::Request,
        Self::Response,
        Self::RequestFrame,
        Self::ResponseFrame,
        Self::Subscription,
        Self::Assignment,
    ];
}

/// An input: what [`run`] takes apart.
pub fn input(kind: Kind, key: i16, version: i16, message: &[u8]) -> Vec<u8> {
    [&[kind as u8, key as u8, version as u8], message].concat()
}

/// The target.
pub fn run(data: &[u8]) {
    let mut script = Script::new(data);
    let kind = Kind::ALL[script.choice(Kind::ALL.len())];
    let (key, version) = (i16::from(script.byte()), i16::from(script.byte() as i8));
    let message = script.rest();
    match (kind, Api::of_key(key)) {
        (Kind::Request, Some(api)) => body(&api.request, version, message),
        (Kind::Response, Some(api)) => body(&api.response, version, message),
        (Kind::RequestFrame, _) => request_frame(message),
        (Kind::ResponseFrame, _) => response_frame(key, version, message),
        (Kind::Subscription, _) => subscription(message),
        (Kind::Assignment, _) => assignment(message),
        (Kind::Request | Kind::Response, None) => {}
    }
}

/// A byte on the wire may become an element of a list, whose struct is some hundred bytes in memory.
fn limit(message: &[u8]) -> usize {
    16 * 1024 + 1024 * message.len()
}

fn body(half: &Half, version: i16, message: &[u8]) {
    match within_memory(limit(message), || half.transcode(version, message)) {
        Ok(canonical) => {
            assert_eq!(half.transcode(version, &canonical).as_ref(), Ok(&canonical), "{}", half.name);
            assert_eq!(half.show(version, &canonical), half.show(version, message), "{}", half.name);
        }
        Err(TranscodeError::Decode(error)) => {
            assert!(error.offset <= message.len(), "{error}");
            assert!(!error.to_string().is_empty());
        }
        Err(TranscodeError::Encode(error)) => panic!("what was read cannot be written: {error}"),
    }
}

fn request_frame(frame: &[u8]) {
    let Ok((header, body)) = decode_request_header(frame) else { return };
    let version = header.api_version;
    match header.api_key {
        ApiVersionsRequest::KEY => request::<ApiVersionsRequest<'_>>(frame, body, version),
        ProduceRequest::KEY => request::<ProduceRequest<'_>>(frame, body, version),
        FetchRequest::KEY => request::<FetchRequest<'_>>(frame, body, version),
        MetadataRequest::KEY => request::<MetadataRequest<'_>>(frame, body, version),
        HeartbeatRequest::KEY => request::<HeartbeatRequest<'_>>(frame, body, version),
        _ => {}
    }
}

/// The header's unknown tags are not written again.
fn request<'a, R: Request + Decode<'a> + PartialEq + Debug>(frame: &'a [u8], body: &'a [u8], version: i16) {
    let (header, _) = decode_request_header(frame).expect("it was read before");
    let Ok(request) = decode::<R>(version, body) else { return };
    let parts = encode_request(header.correlation_id, header.client_id, version, &request);
    let again = parts.expect("what was read can be written").concat();
    assert_eq!(again[..4], (again.len() as u32 - 4).to_be_bytes());
    let (again_header, again_body) = decode_request_header(&again[4..]).expect("a header");
    let told = |header: &samsa_proto::RequestHeader<'_>| {
        (header.api_key, header.api_version, header.correlation_id, header.client_id.map(str::to_owned))
    };
    assert_eq!(told(&again_header), told(&header));
    let again = format!("{:?}", Api::of_key(R::KEY).expect("it is known").request.show(version, again_body));
    assert_eq!(again, format!("{:?}", Ok::<_, samsa_proto::wire::DecodeError>(format!("{request:?}"))));
}

fn response_frame(key: i16, version: i16, frame: &[u8]) {
    match key {
        ApiVersionsRequest::KEY => {
            let unsupported = |frame: &[u8]| {
                let read = decode_response::<ApiVersionsRequest<'_>>(version, frame);
                read.is_ok_and(|(_, response)| response.error_code == ErrorCode::UNSUPPORTED_VERSION)
            };
            // Such an answer always has the form of version 0.
            response::<ApiVersionsRequest<'_>>(if unsupported(frame) { 0 } else { version }, frame);
        }
        ProduceRequest::KEY => response::<ProduceRequest<'_>>(version, frame),
        FetchRequest::KEY => response::<FetchRequest<'_>>(version, frame),
        MetadataRequest::KEY => response::<MetadataRequest<'_>>(version, frame),
        HeartbeatRequest::KEY => response::<HeartbeatRequest<'_>>(version, frame),
        _ => {}
    }
}

fn response<R: Request>(version: i16, frame: &[u8])
where
    for<'r> R::Response<'r>: Debug + Message,
{
    let read = within_memory(limit(frame), || decode_response::<R>(version, frame));
    let Ok((id, response)) = read else { return };
    assert_eq!(correlation_id(frame), Ok(id));
    let parts = encode_response::<R>(id, version, &response);
    let again = parts.expect("what was read can be written").concat();
    let (again_id, again) = decode_response::<R>(version, &again[4..]).expect("what was written can be read");
    assert_eq!((again_id, format!("{again:?}")), (id, format!("{response:?}")));
}

fn subscription(bytes: &[u8]) {
    let read = within_memory(limit(bytes), || ConsumerProtocolSubscription::read(bytes));
    let Ok((version, subscription)) = read else { return };
    let version = version.min(*ConsumerProtocolSubscription::VERSIONS.end());
    let again = subscription.write(version).expect("what was read can be written");
    assert_eq!(ConsumerProtocolSubscription::read(&again), Ok((version, subscription)));
}

fn assignment(bytes: &[u8]) {
    let read = within_memory(limit(bytes), || ConsumerProtocolAssignment::read(bytes));
    let Ok((version, assignment)) = read else { return };
    let version = version.min(*ConsumerProtocolAssignment::VERSIONS.end());
    let again = assignment.write(version).expect("what was read can be written");
    assert_eq!(ConsumerProtocolAssignment::read(&again), Ok((version, assignment)));
}
