//! What a client asks of a broker.

use bytes::Bytes;
use nom::Parser;
use nom::combinator::map;

use super::frame::frame;
use crate::wire::{
    Decode, DecodeError, DecodeFault, Encode, EncodeError, EncodeFault, Parsed, Records, Sink, Step, Version,
    decode_field, encode_field, fault_of,
};

/// Kafka 0.7 has plain lengths and no versions.
pub(super) const PLAIN: Version = Version { number: 0, flexible: false };

/// One request.
#[derive(Debug, Clone, PartialEq)]
pub enum Request<'a> {
    /// Type 0: append to one partition. Not answered.
    Produce(Produce<'a>),
    /// Type 1: read from one partition. Answered with a [`FetchResponse`](super::FetchResponse).
    Fetch(Fetch<'a>),
    /// Type 2: read from several. Answered with a [`MultiFetchResponse`](super::MultiFetchResponse).
    MultiFetch(Vec<Fetch<'a>>),
    /// Type 3: append to several. Not answered, and not atomic: what stands before a set that fails is stored.
    MultiProduce(Vec<Produce<'a>>),
    /// Type 4: where the segments of a partition begin. Answered with an [`OffsetsResponse`](super::OffsetsResponse).
    Offsets(Offsets<'a>),
}

/// Append a set of messages to a partition.
#[derive(Debug, Clone, PartialEq)]
pub struct Produce<'a> {
    /// The topic; the broker makes it if it has none of that name. [`check_topic`](super::check_topic) says which names are safe.
    pub topic: &'a str,
    /// The partition; -1 lets the broker choose one at random.
    pub partition: i32,
    /// Whole entries, as a [`SetBuilder`](super::SetBuilder) makes them. A set that is cut is dropped, closes the
    /// connection, or (0.7.0) spoils the log.
    pub set: Records<'a>,
}

/// Read from a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: i32,
    /// The position in the log where an entry begins.
    pub offset: i64,
    /// How many bytes to send at most, 0 or more. Entries are cut to fit; ask for more when the first one is.
    pub max_bytes: i32,
}

/// Where the segments of a partition begin, and where the last one ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offsets<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: i32,
    /// Where to begin.
    pub time: OffsetTime,
    /// How many offsets to send at most, going back in time from there; 0 or more.
    pub max_offsets: i32,
}

/// Which offset an [`Offsets`] request begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetTime {
    /// The end of what is flushed.
    Latest,
    /// The start of the oldest segment.
    Earliest,
    /// The start of the newest segment that was last changed at or before this time, in milliseconds since the epoch by the
    /// broker's clock. There is none before the oldest segment.
    Before(i64),
}

impl<'a> Request<'a> {
    /// Reads the body of a frame. Bytes behind the last field are ignored, as the broker ignores them.
    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        match request(body) {
            Ok((_, request)) => Ok(request),
            Err(error) => Err(fault_of(error).of("request of Kafka 0.7", 0, body.len())),
        }
    }

    /// Makes a whole frame, its length included, as parts for a vectored write; large sets are spliced, not copied.
    pub fn encode(&self) -> Result<Vec<Bytes>, EncodeError> {
        let parts = frame(|sink| {
            sink.put(&self.request_type().to_be_bytes());
            match self {
                Self::Produce(produce) => produce.encode(PLAIN, sink),
                Self::Fetch(fetch) => fetch.encode(PLAIN, sink),
                Self::MultiFetch(fetches) => put_list("fetches", fetches, sink),
                Self::MultiProduce(produces) => put_list("produces", produces, sink),
                Self::Offsets(offsets) => offsets.encode(PLAIN, sink),
            }
        });
        parts.map_err(|fault| fault.of("request of Kafka 0.7", 0))
    }

    /// Whether the broker answers. What is not answered fails by the connection being closed.
    pub fn is_answered(&self) -> bool {
        !matches!(self, Self::Produce(_) | Self::MultiProduce(_))
    }

    fn request_type(&self) -> i16 {
        match self {
            Self::Produce(_) => 0,
            Self::Fetch(_) => 1,
            Self::MultiFetch(_) => 2,
            Self::MultiProduce(_) => 3,
            Self::Offsets(_) => 4,
        }
    }
}

fn request(body: &[u8]) -> Parsed<'_, Request<'_>> {
    let (input, request_type) = decode_field::<i16>("type", body, PLAIN)?;
    match request_type {
        0 => map(Produce::parse, Request::Produce).parse(input),
        1 => map(Fetch::parse, Request::Fetch).parse(input),
        2 => map(|input| list("fetches", input, Fetch::parse), Request::MultiFetch).parse(input),
        3 => map(|input| list("produces", input, Produce::parse), Request::MultiProduce).parse(input),
        4 => map(Offsets::parse, Request::Offsets).parse(input),
        other => DecodeFault::err(body, format!("a request type, 0 to 4, found {other}")),
    }
}

/// One field, as a parser.
pub(super) fn field<'a, T: Decode<'a>>(
    name: &'static str,
) -> impl Parser<&'a [u8], Output = T, Error = DecodeFault> {
    move |input| decode_field(name, input, PLAIN)
}

impl<'a> Produce<'a> {
    fn parse(input: &'a [u8]) -> Parsed<'a, Self> {
        let fields = (field("topic"), field("partition"), field("set"));
        map(fields, |(topic, partition, set)| Self { topic, partition, set }).parse(input)
    }
}

impl<'a> Fetch<'a> {
    fn parse(input: &'a [u8]) -> Parsed<'a, Self> {
        let fields = (field("topic"), field("partition"), field("offset"), not_negative("max_bytes"));
        map(fields, |(topic, partition, offset, max_bytes)| Self { topic, partition, offset, max_bytes })
            .parse(input)
    }
}

impl<'a> Offsets<'a> {
    fn parse(input: &'a [u8]) -> Parsed<'a, Self> {
        let time = map(field("time"), OffsetTime::from_millis);
        let fields = (field("topic"), field("partition"), time, not_negative("max_offsets"));
        map(fields, |(topic, partition, time, max_offsets)| Self { topic, partition, time, max_offsets })
            .parse(input)
    }
}

impl OffsetTime {
    fn from_millis(time: i64) -> Self {
        match time {
            -1 => Self::Latest,
            -2 => Self::Earliest,
            time => Self::Before(time),
        }
    }

    fn millis(self) -> i64 {
        match self {
            Self::Latest => -1,
            Self::Earliest => -2,
            Self::Before(time) => time,
        }
    }
}

fn not_negative<'a>(name: &'static str) -> impl Parser<&'a [u8], Output = i32, Error = DecodeFault> {
    move |input| match decode_field::<i32>(name, input, PLAIN)? {
        (_, number @ ..0) => {
            let fault = DecodeFault::at(input, format!("0 or more, found {number}"));
            Err(nom::Err::Error(fault.within(Step::Field(name))))
        }
        parsed => Ok(parsed),
    }
}

/// Elements behind an int16 count. The list grows as elements are found, so a count alone reserves nothing.
fn list<'a, T>(
    name: &'static str,
    input: &'a [u8],
    element: impl Fn(&'a [u8]) -> Parsed<'a, T>,
) -> Parsed<'a, Vec<T>> {
    let (mut rest, count) = decode_field::<i16>(name, input, PLAIN)?;
    if count < 0 {
        let fault = DecodeFault::at(input, format!("a count of 0 or more, found {count}"));
        return Err(nom::Err::Error(fault.within(Step::Field(name))));
    }
    let mut elements = Vec::new();
    for index in 0..count as usize {
        let (after, value) = element(rest).map_err(|error| {
            error.map(|fault| fault.within(Step::Element(index)).within(Step::Field(name)))
        })?;
        elements.push(value);
        rest = after;
    }
    Ok((rest, elements))
}

fn put_list<T: Encode>(name: &'static str, elements: &[T], sink: &mut dyn Sink) -> Result<(), EncodeFault> {
    let count = i16::try_from(elements.len()).map_err(|_| {
        let reason = format!("{} are too many for one request, at most 32767 go in", elements.len());
        EncodeFault::new(reason).within(Step::Field(name))
    })?;
    sink.put(&count.to_be_bytes());
    for (index, element) in elements.iter().enumerate() {
        element
            .encode(PLAIN, sink)
            .map_err(|fault| fault.within(Step::Element(index)).within(Step::Field(name)))?;
    }
    Ok(())
}

fn put_not_negative(name: &'static str, number: i32, sink: &mut dyn Sink) -> Result<(), EncodeFault> {
    if number < 0 {
        let reason = format!("{number} breaks the broker's answer or closes the connection, give 0 or more");
        return Err(EncodeFault::new(reason).within(Step::Field(name)));
    }
    encode_field(name, &number, PLAIN, sink)
}

impl Encode for Produce<'_> {
    fn encode(&self, at: Version, sink: &mut dyn Sink) -> Result<(), EncodeFault> {
        encode_field("topic", &self.topic, at, sink)?;
        encode_field("partition", &self.partition, at, sink)?;
        encode_field("set", &self.set, at, sink)
    }
}

impl Encode for Fetch<'_> {
    fn encode(&self, at: Version, sink: &mut dyn Sink) -> Result<(), EncodeFault> {
        encode_field("topic", &self.topic, at, sink)?;
        encode_field("partition", &self.partition, at, sink)?;
        encode_field("offset", &self.offset, at, sink)?;
        put_not_negative("max_bytes", self.max_bytes, sink)
    }
}

impl Encode for Offsets<'_> {
    fn encode(&self, at: Version, sink: &mut dyn Sink) -> Result<(), EncodeFault> {
        encode_field("topic", &self.topic, at, sink)?;
        encode_field("partition", &self.partition, at, sink)?;
        encode_field("time", &self.time.millis(), at, sink)?;
        put_not_negative("max_offsets", self.max_offsets, sink)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetch(max_bytes: i32) -> Fetch<'static> {
        Fetch { topic: "t", partition: 0, offset: 7, max_bytes }
    }

    fn refused(body: &[u8]) -> String {
        Request::decode(body).expect_err("a request that is refused").to_string()
    }

    #[test]
    fn bytes_behind_the_last_field_are_ignored() {
        let mut body = Request::Fetch(fetch(100)).encode().expect("a frame").concat()[4..].to_vec();
        body.extend([1, 2, 3, 4]);
        assert_eq!(Request::decode(&body), Ok(Request::Fetch(fetch(100))));
    }

    #[test]
    fn the_error_names_the_field_and_the_byte() {
        let say = "request of Kafka 0.7 v0: ";
        assert_eq!(
            refused(&[0, 5]),
            format!("{say}(message) at byte 0: expected a request type, 0 to 4, found 5")
        );
        assert_eq!(
            refused(&[0, 1, 0, 2, b't']),
            format!("{say}topic at byte 4: expected a string of 2 bytes, 1 are left")
        );
        assert_eq!(
            refused(&[0, 2, 0, 1, 0, 1, b't', 0, 0]),
            format!("{say}fetches[0].partition at byte 7: expected an int32 (4 bytes), found the end")
        );
        assert_eq!(
            refused(&[0, 3, 0xff, 0xff]),
            format!("{say}produces at byte 2: expected a count of 0 or more, found -1")
        );
    }

    #[test]
    fn a_set_that_reaches_beyond_the_frame_is_refused() {
        let body = [0, 0, 0, 1, b't', 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff];
        assert!(refused(&body).contains("set at byte 13: expected bytes of 2147483647 bytes, 0 are left"));
    }

    #[test]
    fn a_negative_fetch_size_is_neither_sent_nor_taken() {
        let error = Request::Fetch(fetch(-1)).encode().expect_err("a negative size");
        assert_eq!(error.path.to_string(), "max_bytes");
        let mut body = Request::Fetch(fetch(0)).encode().expect("a frame").concat()[4..].to_vec();
        body.truncate(body.len() - 4);
        body.extend([0xff; 4]);
        assert!(refused(&body).contains("max_bytes at byte 17: expected 0 or more, found -1"));
    }

    #[test]
    fn a_topic_longer_than_its_length_can_say_is_not_written() {
        let topic = "t".repeat(40_000);
        let request = Request::Fetch(Fetch { topic: &topic, ..fetch(1) });
        assert_eq!(request.encode().expect_err("a long topic").path.to_string(), "topic");
    }

    #[test]
    fn a_large_set_is_spliced_not_copied() {
        let set = Bytes::from(vec![7; 10_000]);
        let produce = Produce { topic: "t", partition: -1, set: set.clone().into() };
        let parts = Request::MultiProduce(vec![produce.clone(), produce]).encode().expect("a frame");
        assert_eq!(parts.iter().filter(|part| part.as_ptr() == set.as_ptr()).count(), 2);
    }

    #[test]
    fn only_reading_is_answered() {
        assert!(Request::Fetch(fetch(1)).is_answered());
        assert!(!Request::MultiProduce(Vec::new()).is_answered());
    }
}
