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
        let (first, last) = (M::VERSIONS.start(), M::VERSIONS.end());
        return Err(DecodeFault::at(body, format!("a version of {first} to {last}, found {version}")));
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
        let (first, last) = (M::VERSIONS.start(), M::VERSIONS.end());
        return Err(EncodeFault::new(format!("there is no such version, use one of {first} to {last}")));
    }
    message.encode(M::at(version), sink)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::fetch::{FetchPartition, FetchRequest, FetchTopic};
    use crate::api::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
    use crate::api::metadata::{MetadataRequest, MetadataRequestTopic};

    #[test]
    fn defaults_are_those_of_the_schema() {
        let partition = FetchPartition::default();
        assert_eq!((partition.current_leader_epoch, partition.high_watermark), (-1, i64::MAX));
        let request = MetadataRequest::default();
        assert_eq!((request.topics, request.allow_auto_topic_creation), (Some(Vec::new()), true));
    }

    #[test]
    fn what_an_older_version_lacks_is_left_out_when_that_changes_nothing() {
        let partition = FetchPartition { current_leader_epoch: 5, ..Default::default() };
        let topic = FetchTopic { topic: "t", partitions: vec![partition], ..Default::default() };
        let request = FetchRequest { topics: vec![topic], max_bytes: 1, ..Default::default() };
        let bytes = encode(0, &request).expect("both are ignorable");
        let read: FetchRequest<'_> = decode(0, &bytes).expect("a request");
        assert_eq!((read.max_bytes, read.topics[0].partitions[0].current_leader_epoch), (i32::MAX, -1));
    }

    #[test]
    fn what_an_older_version_lacks_and_cannot_do_without_is_an_error() {
        let partition = ListOffsetsPartition { max_num_offsets: 2, ..Default::default() };
        let topic = ListOffsetsTopic { partitions: vec![partition], ..Default::default() };
        let request = ListOffsetsRequest { topics: vec![topic], ..Default::default() };
        assert!(encode(0, &request).is_ok());
        let expected = "ListOffsetsRequest v1: topics[0].partitions[0].max_num_offsets: this version has no such \
                        field, leave it at its default or use a version that has it";
        assert_eq!(encode(1, &request).expect_err("version 0 only").to_string(), expected);
    }

    #[test]
    fn null_is_refused_in_a_version_that_has_none() {
        let all = MetadataRequest { topics: None, ..Default::default() };
        assert_eq!(encode(1, &all).as_deref(), Ok(&[0xff; 4][..]));
        let error = encode(0, &all).expect_err("version 0 has no null");
        assert_eq!(error.to_string(), "MetadataRequest v0: topics: this version has no null, give a value");
        assert!(decode::<MetadataRequest<'_>>(1, &[0xff; 4]).is_ok());
        assert!(decode::<MetadataRequest<'_>>(0, &[0xff; 4]).is_err());
    }

    #[test]
    fn a_fault_is_told_with_its_field_and_byte() {
        let bytes = [&[0, 0, 0, 2][..], &[0, 1, b'a'], &[0, 9, b'b']].concat();
        let error = decode::<MetadataRequest<'_>>(0, &bytes).expect_err("cut short");
        let expected =
            "MetadataRequest v0: topics[1].name at byte 9: expected a string of 9 bytes, 1 are left";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_message_ends_where_its_bytes_end() {
        let bytes = encode(0, &MetadataRequest::default()).expect("a request");
        let error =
            decode::<MetadataRequest<'_>>(0, &[&bytes[..], &[0]].concat()).expect_err("a byte too many");
        assert!(error.to_string().ends_with("at byte 4: expected the end of the message, 1 bytes are left"));
    }

    #[test]
    fn a_version_that_is_not_known_is_neither_read_nor_written() {
        let topic = MetadataRequestTopic::default();
        let request = MetadataRequest { topics: Some(vec![topic]), ..Default::default() };
        let error = encode(14, &request).expect_err("14 is too new");
        assert_eq!(
            error.to_string(),
            "MetadataRequest v14: (message): there is no such version, use one of 0 to 13"
        );
        assert!(decode::<MetadataRequest<'_>>(-1, &[]).is_err());
    }
}
