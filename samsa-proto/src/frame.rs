//! Frames: a length, a header, a message. Lengths are taken off before anything is read here.

use bytes::Bytes;

use crate::api::{Api, api_versions};
use crate::message::{self, Message, Request};
use crate::wire::{
    DecodeError, DecodeFault, EncodeError, EncodeFault, Gather, Parsed, Sink, Step, UnknownTags, Version,
    decode_field, decode_tags, encode_field, encode_tags, fault_of,
};

const HEADER: &str = "RequestHeader";

/// What stands in front of every request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RequestHeader<'a> {
    /// Which API.
    pub api_key: i16,
    /// The version of the request, and of the response that is expected.
    pub api_version: i16,
    /// Chosen by the client, given back in the response.
    pub correlation_id: i32,
    /// A name for the broker's log, metrics and quotas.
    pub client_id: Option<&'a str>,
    /// Tagged fields that have no name, in header version 2.
    pub unknown_tags: UnknownTags,
}

/// The version of the header in front of a request: 2 where the request is flexible, else 1.
pub fn request_header_version<R: Request>(version: i16) -> i16 {
    if version >= R::FLEXIBLE { 2 } else { 1 }
}

/// The version of the header in front of a response: 1 where the response is flexible, else 0.
///
/// `ApiVersions` is always answered with 0, since its client does not yet know what the broker speaks.
pub fn response_header_version<R: Request>(version: i16) -> i16 {
    i16::from(R::KEY != api_versions::KEY && version >= R::FLEXIBLE)
}

/// Makes a whole frame, its length included, as parts for a vectored write. Record segments are spliced, not copied
/// (see [`MERGE_BELOW`](crate::wire::MERGE_BELOW)).
///
/// # Errors
/// When the request has no form in this version.
pub fn encode_request<R: Request>(
    correlation_id: i32,
    client_id: Option<&str>,
    version: i16,
    request: &R,
) -> Result<Vec<Bytes>, EncodeError> {
    let header = RequestHeader {
        api_key: R::KEY,
        api_version: version,
        correlation_id,
        client_id,
        unknown_tags: UnknownTags::default(),
    };
    let flexible = request_header_version::<R>(version) == 2;
    frame(|sink| {
        put_request_header(&header, flexible, sink)?;
        message::write(version, request, sink)
    })
    .map_err(|fault| fault.of(R::NAME, version))
}

/// Makes the frame of a response, as [`encode_request`] does. For the broker's side.
///
/// # Errors
/// When the response has no form in this version.
pub fn encode_response<R: Request>(
    correlation_id: i32,
    version: i16,
    response: &R::Response<'_>,
) -> Result<Vec<Bytes>, EncodeError> {
    frame(|sink| {
        sink.put(&correlation_id.to_be_bytes());
        encode_tags(
            &[],
            &UnknownTags::default(),
            header_form(response_header_version::<R>(version) == 1),
            sink,
        )?;
        message::write(version, response, sink)
    })
    .map_err(|fault| fault.of(<R::Response<'_> as Message>::NAME, version))
}

fn frame(fill: impl FnOnce(&mut Gather) -> Result<(), EncodeFault>) -> Result<Vec<Bytes>, EncodeFault> {
    let mut gather = Gather::default();
    gather.put(&[0; 4]);
    fill(&mut gather)?;
    let length = gather.len() - 4;
    let length = i32::try_from(length)
        .map_err(|_| EncodeFault::new(format!("a frame of {length} bytes is too long, send less at once")))?;
    gather.overwrite_start(&length.to_be_bytes());
    Ok(gather.into_parts())
}

/// Strings in headers have an int16 length even where there are tagged fields.
const fn header_form(flexible: bool) -> Version {
    Version { number: 0, flexible }
}

fn put_request_header(
    header: &RequestHeader<'_>,
    flexible: bool,
    sink: &mut Gather,
) -> Result<(), EncodeFault> {
    let plain = header_form(false);
    encode_field("api_key", &header.api_key, plain, sink)?;
    encode_field("api_version", &header.api_version, plain, sink)?;
    encode_field("correlation_id", &header.correlation_id, plain, sink)?;
    encode_field("client_id", &header.client_id, plain, sink)?;
    encode_tags(&[], &header.unknown_tags, header_form(flexible), sink)
}

/// The first thing in a response: which request it answers.
///
/// # Errors
/// When the frame has less than 4 bytes.
pub fn correlation_id(frame: &[u8]) -> Result<i32, DecodeError> {
    decode_field("correlation_id", frame, header_form(false))
        .map(|(_, id)| id)
        .map_err(|error| fault_of(error).of("ResponseHeader", 0, frame.len()))
}

/// Reads a response, without the length in front, that answers `R` sent at `version`. The message borrows from the
/// frame.
///
/// A broker that does not know the version of an `ApiVersions` request answers in the form of version 0; that is read,
/// too.
///
/// # Errors
/// When the bytes do not follow the grammar; offsets count from the start of the frame.
pub fn decode_response<R: Request>(
    version: i16,
    frame: &[u8],
) -> Result<(i32, R::Response<'_>), DecodeError> {
    let read = || {
        let plain = header_form(false);
        let header = header_form(response_header_version::<R>(version) == 1);
        let (rest, correlation_id) = decode_field("correlation_id", frame, plain).map_err(fault_of)?;
        let (body, _) = decode_tags(rest, header, |_, _| Ok(false)).map_err(fault_of)?;
        let version =
            if R::KEY == api_versions::KEY { api_versions::answered_at(version, body) } else { version };
        Ok((correlation_id, message::read(version, body)?))
    };
    read().map_err(|fault: DecodeFault| fault.of(<R::Response<'_> as Message>::NAME, version, frame.len()))
}

/// Reads the header of a request, without the length in front, and returns what follows it: a message to [`decode`]
/// with the version in the header. For the broker's side.
///
/// A version that is too new for this crate is no error here: an `ApiVersions` request of such a version wants an answer.
///
/// # Errors
/// When the bytes do not follow the grammar, or no API has this key.
pub fn decode_request_header(frame: &[u8]) -> Result<(RequestHeader<'_>, &[u8]), DecodeError> {
    request_header(frame)
        .map(|(body, header)| (header, body))
        .map_err(|error| fault_of(error).of(HEADER, 2, frame.len()))
}

fn request_header(frame: &[u8]) -> Parsed<'_, RequestHeader<'_>> {
    let plain = header_form(false);
    let (input, api_key) = decode_field("api_key", frame, plain)?;
    let Some(api) = Api::of_key(api_key) else {
        let fault = DecodeFault::at(frame, format!("the key of an API, found {api_key}"));
        return Err(nom::Err::Error(fault.within(Step::Field("api_key"))));
    };
    let (input, api_version) = decode_field("api_version", input, plain)?;
    let (input, correlation_id) = decode_field("correlation_id", input, plain)?;
    let (input, client_id) = decode_field("client_id", input, plain)?;
    let (input, unknown_tags) =
        decode_tags(input, header_form(api_version >= api.flexible), |_, _| Ok(false))?;
    Ok((input, RequestHeader { api_key, api_version, correlation_id, client_id, unknown_tags }))
}
