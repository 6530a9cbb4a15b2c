//! What a broker answers.

use bytes::Bytes;
use nom::Parser;
use nom::combinator::{map, rest};
use nom::error::context;

use super::error_code::ErrorCode;
use super::frame::frame;
use super::request::{PLAIN, field};
use crate::wire::{
    Decode, DecodeError, DecodeFault, EncodeError, EncodeFault, Parsed, Records, Sink, Step, decode_field,
    encode_field, fault_of,
};

/// What was read from one partition.
#[derive(Debug, Clone, PartialEq)]
pub struct FetchResponse<'a> {
    /// What went wrong; then there is no set.
    pub error: ErrorCode,
    /// Entries from the offset that was asked for, cut anywhere: see [`Messages`](super::Messages). None at the end of
    /// the log. A set never reaches beyond a segment, so a short one is no sign of the end.
    pub set: Records<'a>,
}

/// What was read from several partitions.
#[derive(Debug, Clone, PartialEq)]
pub struct MultiFetchResponse<'a> {
    /// Always [`ErrorCode::None`]; each fetch has its own.
    pub error: ErrorCode,
    /// One answer for each fetch, in the order of the request.
    pub fetches: Vec<FetchResponse<'a>>,
}

/// Offsets in a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetsResponse {
    /// Always [`ErrorCode::None`]: a broker that cannot answer closes the connection.
    pub error: ErrorCode,
    /// Newest first.
    pub offsets: Vec<i64>,
}

impl<'a> FetchResponse<'a> {
    /// Reads the body of a frame.
    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        read("FETCH response of Kafka 0.7", body, Self::parse)
    }

    /// Makes a whole frame, its length included. For the broker's side.
    pub fn encode(&self) -> Result<Vec<Bytes>, EncodeError> {
        frame(|sink| {
            self.put(sink);
            Ok(())
        })
        .map_err(|fault| fault.of("FETCH response of Kafka 0.7", 0))
    }

    /// The set has no length of its own: it takes what is left.
    fn parse(input: &'a [u8]) -> Parsed<'a, Self> {
        map((error_code, map(rest, Records::Slice)), |(error, set)| Self { error, set }).parse(input)
    }

    fn put(&self, sink: &mut dyn Sink) {
        sink.put(&self.error.code().to_be_bytes());
        match &self.set {
            Records::Slice(slice) => sink.put(slice),
            Records::Segments(segments) => segments.iter().for_each(|segment| sink.splice(segment)),
        }
    }

    fn put_with_length(&self, sink: &mut dyn Sink) -> Result<(), EncodeFault> {
        let length = i32::try_from(self.set.len() + 2)
            .map_err(|_| EncodeFault::new("the set is too long for one answer, send less"))?;
        sink.put(&length.to_be_bytes());
        self.put(sink);
        Ok(())
    }
}

impl<'a> MultiFetchResponse<'a> {
    /// Reads the body of a frame. How many answers there should be is for the caller to know.
    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        read("MULTIFETCH response of Kafka 0.7", body, Self::parse)
    }

    /// Makes a whole frame, its length included. For the broker's side.
    pub fn encode(&self) -> Result<Vec<Bytes>, EncodeError> {
        frame(|sink| {
            sink.put(&self.error.code().to_be_bytes());
            let inside = |index| move |fault: EncodeFault| fault.within(Step::Element(index)).within(FETCHES);
            let mut fetches = self.fetches.iter().enumerate();
            fetches.try_for_each(|(index, fetch)| fetch.put_with_length(sink).map_err(inside(index)))
        })
        .map_err(|fault| fault.of("MULTIFETCH response of Kafka 0.7", 0))
    }

    fn parse(input: &'a [u8]) -> Parsed<'a, Self> {
        let (mut input, error) = error_code(input)?;
        let mut fetches = Vec::new();
        while !input.is_empty() {
            let inside = |fault: DecodeFault| fault.within(Step::Element(fetches.len())).within(FETCHES);
            let (rest, answer) =
                decode_field::<&[u8]>("answer", input, PLAIN).map_err(|error| error.map(inside))?;
            let (_, fetch) = FetchResponse::parse(answer)
                .map_err(|error| error.map(|fault| inside(fault.followed_by(rest.len()))))?;
            fetches.push(fetch);
            input = rest;
        }
        Ok((input, Self { error, fetches }))
    }
}

const FETCHES: Step = Step::Field("fetches");

impl OffsetsResponse {
    /// Reads the body of a frame.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        read("OFFSETS response of Kafka 0.7", body, Self::parse)
    }

    /// Makes a whole frame, its length included. For the broker's side.
    pub fn encode(&self) -> Result<Vec<Bytes>, EncodeError> {
        frame(|sink| {
            sink.put(&self.error.code().to_be_bytes());
            let count = i32::try_from(self.offsets.len())
                .map_err(|_| EncodeFault::new("too many offsets for one answer, send fewer"))?;
            encode_field("offsets", &count, PLAIN, sink)?;
            self.offsets.iter().for_each(|offset| sink.put(&offset.to_be_bytes()));
            Ok(())
        })
        .map_err(|fault| fault.of("OFFSETS response of Kafka 0.7", 0))
    }

    /// An error stands alone.
    fn parse(input: &[u8]) -> Parsed<'_, Self> {
        let (input, error) = error_code(input)?;
        if error != ErrorCode::None && input.is_empty() {
            return Ok((input, Self { error, offsets: Vec::new() }));
        }
        map(context("offsets", offsets), |offsets| Self { error, offsets }).parse(input)
    }
}

/// The count is compared with what is left before anything is reserved.
fn offsets(input: &[u8]) -> Parsed<'_, Vec<i64>> {
    let (rest, count) = i32::decode(input, PLAIN)?;
    let bytes = usize::try_from(count).ok().and_then(|count| count.checked_mul(8));
    match bytes.and_then(|bytes| rest.split_at_checked(bytes)) {
        Some((offsets, rest)) => {
            let (offsets, _) = offsets.as_chunks();
            Ok((rest, offsets.iter().map(|offset| i64::from_be_bytes(*offset)).collect()))
        }
        None => DecodeFault::err(
            input,
            format!("a count of int64s, found {count} and {} bytes behind it", rest.len()),
        ),
    }
}

fn error_code(input: &[u8]) -> Parsed<'_, ErrorCode> {
    map(field("error"), ErrorCode::from_code).parse(input)
}

fn read<'a, T>(
    name: &'static str,
    body: &'a [u8],
    parse: impl Fn(&'a [u8]) -> Parsed<'a, T>,
) -> Result<T, DecodeError> {
    match parse(body) {
        Ok((_, response)) => Ok(response),
        Err(error) => Err(fault_of(error).of(name, 0, body.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(parts: &[Bytes]) -> Vec<u8> {
        parts.concat()[4..].to_vec()
    }

    #[test]
    fn each_answer_of_a_multifetch_has_its_own_error() {
        let good = FetchResponse { error: ErrorCode::None, set: Records::Slice(b"set") };
        let bad = FetchResponse { error: ErrorCode::WrongPartition, set: Records::default() };
        let response = MultiFetchResponse { error: ErrorCode::None, fetches: vec![good.clone(), bad, good] };
        assert_eq!(MultiFetchResponse::decode(&body(&response.encode().expect("a frame"))), Ok(response));
    }

    #[test]
    fn offsets_come_newest_first() {
        let response = OffsetsResponse { error: ErrorCode::None, offsets: vec![129, 0] };
        assert_eq!(OffsetsResponse::decode(&body(&response.encode().expect("a frame"))), Ok(response));
    }

    #[test]
    fn an_error_may_stand_without_offsets() {
        let response = OffsetsResponse { error: ErrorCode::Unknown, offsets: Vec::new() };
        assert_eq!(OffsetsResponse::decode(&[0xff, 0xff]), Ok(response));
    }

    #[test]
    fn a_count_beyond_the_frame_reserves_nothing() {
        for count in [[0x7f, 0xff, 0xff, 0xff], [0xff; 4], [0, 0, 0, 1]] {
            let error = OffsetsResponse::decode(&[&[0, 0][..], &count].concat()).expect_err("no offsets");
            assert_eq!((error.path.to_string().as_str(), error.offset), ("offsets", 2));
        }
    }

    #[test]
    fn the_error_names_the_answer_and_the_byte() {
        let error = MultiFetchResponse::decode(&[0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 1, 7]).expect_err("cut");
        assert_eq!(
            error.to_string(),
            "MULTIFETCH response of Kafka 0.7 v0: fetches[1].error at byte 12: \
             expected an int16 (2 bytes), found the end"
        );
    }
}
