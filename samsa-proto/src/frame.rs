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

/// Reads the header of a request, without the length in front, and returns what follows it: a message to
/// [`decode`](crate::decode) with the version in the header. For the broker's side.
///
/// A version that is too new for this crate is no error here: an `ApiVersions` request of such a version wants an
/// answer.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::api::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
    use crate::api::heartbeat::{HeartbeatRequest, HeartbeatResponse};
    use crate::api::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
    use crate::wire::MERGE_BELOW;

    fn heartbeat() -> HeartbeatRequest<'static> {
        HeartbeatRequest { group_id: "g", generation_id: 2, member_id: "m", ..Default::default() }
    }

    #[test]
    fn a_request_has_its_length_and_header_in_front() {
        let frame = encode_request(7, Some("me"), 0, &heartbeat()).expect("a frame").concat();
        let header = [&[0, 12][..], &[0, 0], &[0, 0, 0, 7], &[0, 2, b'm', b'e']].concat();
        let body = [&[0, 1, b'g'][..], &[0, 0, 0, 2], &[0, 1, b'm']].concat();
        assert_eq!(frame, [&[0, 0, 0, 22][..], &header, &body].concat());
    }

    #[test]
    fn a_flexible_header_has_tagged_fields_and_still_a_plain_client_id() {
        let frame = encode_request(7, None, 4, &heartbeat()).expect("a frame").concat();
        let header = [&[0, 12][..], &[0, 4], &[0, 0, 0, 7], &[0xff, 0xff], &[0]].concat();
        let body = [&[2, b'g'][..], &[0, 0, 0, 2], &[2, b'm'], &[0], &[0]].concat();
        assert_eq!(frame[4..], [header, body].concat());

        let (header, body) = decode_request_header(&frame[4..]).expect("a header");
        assert_eq!((header.api_key, header.api_version, header.client_id), (12, 4, None));
        assert_eq!(message::decode(4, body), Ok(heartbeat()));
    }

    #[test]
    fn a_header_of_a_version_that_is_too_new_can_be_read() {
        let bytes = [&[0, 18][..], &[0, 99], &[0, 0, 0, 1], &[0xff, 0xff], &[1, 5, 1, 9], b"body"].concat();
        let (header, body) = decode_request_header(&bytes).expect("a header");
        assert_eq!((header.api_version, body), (99, &b"body"[..]));
        assert_eq!(header.unknown_tags.as_slice()[0].tag, 5);
    }

    #[test]
    fn a_header_with_a_foreign_key_is_refused() {
        let error = decode_request_header(&[0x7f, 0, 0, 0, 0, 0, 0, 0]).expect_err("no such API");
        let expected = "RequestHeader v2: api_key at byte 0: expected the key of an API, found 32512";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_response_is_read_as_the_broker_wrote_it() {
        let response =
            HeartbeatResponse { error_code: ErrorCode::REBALANCE_IN_PROGRESS, ..Default::default() };
        for version in HeartbeatRequest::VERSIONS {
            let frame =
                encode_response::<HeartbeatRequest<'_>>(9, version, &response).expect("a frame").concat();
            assert_eq!(correlation_id(&frame[4..]), Ok(9));
            let read = decode_response::<HeartbeatRequest<'_>>(version, &frame[4..]);
            assert_eq!(read, Ok((9, response.clone())));
        }
    }

    #[test]
    fn offsets_in_a_response_count_from_the_start_of_the_frame() {
        let error = decode_response::<HeartbeatRequest<'_>>(0, &[0, 0, 0, 1, 0]).expect_err("cut short");
        assert_eq!(
            (error.message, error.offset, error.path.to_string()),
            ("HeartbeatResponse", 4, "error_code".into())
        );
    }

    #[test]
    fn api_versions_is_answered_without_tagged_fields_in_the_header() {
        let frame = encode_response::<ApiVersionsRequest<'_>>(1, 4, &ApiVersionsResponse::default());
        let expected = [&[0, 0, 0, 12][..], &[0, 0, 0, 1], &[0, 0], &[1], &[0, 0, 0, 0], &[0]].concat();
        assert_eq!(frame.expect("a frame").concat(), expected);
    }

    #[test]
    fn an_unsupported_version_of_api_versions_is_answered_in_the_form_of_version_0() {
        let ranges = [0, 18, 0, 0, 0, 3];
        for (count, ranges) in [(1, &ranges[..]), (0, &[])] {
            let frame = [&[0, 0, 0, 1][..], &[0, 35], &[0, 0, 0, count], ranges].concat();
            let (_, response) = decode_response::<ApiVersionsRequest<'_>>(4, &frame).expect("a response");
            assert_eq!(response.error_code, ErrorCode::UNSUPPORTED_VERSION);
            assert_eq!(response.api_keys.len(), usize::from(count));
        }
    }

    #[test]
    fn record_bodies_are_spliced_into_the_frame_and_not_copied() {
        let header = Bytes::from_static(&[1; 61]);
        let body = Bytes::from(vec![2; 10 * MERGE_BELOW]);
        let data = PartitionProduceData {
            index: 3,
            records: Some(vec![header.clone(), body.clone()].into()),
            ..Default::default()
        };
        let topic = TopicProduceData { name: "t", partition_data: vec![data], ..Default::default() };
        let request = ProduceRequest { acks: -1, topic_data: vec![topic], ..Default::default() };

        let parts = encode_request(1, None, 9, &request).expect("a frame");
        assert_eq!(parts.len(), 3);
        assert_eq!(parts[1].as_ptr(), body.as_ptr());
        assert_eq!(parts[0][parts[0].len() - 61..], header);
        let length = parts.iter().map(Bytes::len).sum::<usize>() - 4;
        assert_eq!(parts[0][..4], (length as u32).to_be_bytes());
    }
}
