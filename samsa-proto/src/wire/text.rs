//! Strings and bytes: a length, then that many bytes. Null has a length of its own: -1, or 0 where lengths are
//! compact.

use nom::bytes::complete::take;

use super::{
    Decode, DecodeFault, Describe, Encode, EncodeFault, Kind, Parsed, Sink, Version, put_unsigned_varint,
    unsigned_varint,
};

/// The longest string, in bytes. Compact lengths could say more, Apache's own reader takes no more.
const LONGEST_STRING: usize = i16::MAX as usize;

/// The length in front of bytes, records and arrays: an int32, or compact.
pub(super) fn length(input: &[u8], at: Version) -> Parsed<'_, Option<usize>> {
    if at.flexible {
        return compact_length(input);
    }
    let (rest, length) = i32::decode(input, at)?;
    plain_length(input, rest, i64::from(length))
}

/// The length in front of strings: an int16, or compact.
fn string_length(input: &[u8], at: Version) -> Parsed<'_, Option<usize>> {
    if at.flexible {
        return compact_length(input);
    }
    let (rest, length) = i16::decode(input, at)?;
    plain_length(input, rest, i64::from(length))
}

/// One more than the length; 0 is null.
fn compact_length(input: &[u8]) -> Parsed<'_, Option<usize>> {
    let (rest, length) = unsigned_varint(input)?;
    Ok((rest, (length as usize).checked_sub(1)))
}

fn plain_length<'a>(input: &'a [u8], rest: &'a [u8], length: i64) -> Parsed<'a, Option<usize>> {
    match length {
        -1 => Ok((rest, None)),
        0.. => Ok((rest, Some(length as usize))),
        _ => DecodeFault::err(input, format!("a length, or -1 for null, found {length}")),
    }
}

/// Fails where a version has no null.
pub(super) fn not_null<'a, T>(input: &'a [u8], parsed: Parsed<'a, Option<T>>) -> Parsed<'a, T> {
    match parsed? {
        (rest, Some(value)) => Ok((rest, value)),
        (_, None) => DecodeFault::err(input, "a value, found null"),
    }
}

/// Writes what [`length`] reads.
pub(super) fn put_length(length: Option<usize>, at: Version, sink: &mut dyn Sink) -> Result<(), EncodeFault> {
    const MOST: usize = i32::MAX as usize;
    match length {
        Some(length) if length > MOST => return Err(too_long(length, MOST)),
        length if at.flexible => put_compact_length(length, sink),
        length => sink.put(&length.map_or(-1, |length| length as i32).to_be_bytes()),
    }
    Ok(())
}

/// Writes what [`string_length`] reads.
fn put_string_length(length: Option<usize>, at: Version, sink: &mut dyn Sink) -> Result<(), EncodeFault> {
    match length {
        Some(length) if length > LONGEST_STRING => return Err(too_long(length, LONGEST_STRING)),
        length if at.flexible => put_compact_length(length, sink),
        length => sink.put(&length.map_or(-1, |length| length as i16).to_be_bytes()),
    }
    Ok(())
}

fn put_compact_length(length: Option<usize>, sink: &mut dyn Sink) {
    put_unsigned_varint(length.map_or(0, |length| length as u32 + 1), sink);
}

fn too_long(length: usize, most: usize) -> EncodeFault {
    EncodeFault::new(format!("{length} bytes are too long, at most {most} can be written"))
}

/// The fewest bytes of what begins with [`length`].
pub(super) fn least_length(at: Version) -> usize {
    if at.flexible { 1 } else { 4 }
}

fn bytes_of<'a>(input: &'a [u8], length: usize, what: &'static str) -> Parsed<'a, &'a [u8]> {
    if length > input.len() {
        return DecodeFault::err(input, format!("{what} of {length} bytes, {} are left", input.len()));
    }
    take(length)(input)
}

impl<'a> Decode<'a> for Option<&'a [u8]> {
    fn decode(input: &'a [u8], at: Version) -> Parsed<'a, Self> {
        match length(input, at)? {
            (rest, Some(length)) => bytes_of(rest, length, "bytes").map(|(rest, bytes)| (rest, Some(bytes))),
            (rest, None) => Ok((rest, None)),
        }
    }

    fn least(at: Version) -> usize {
        least_length(at)
    }
}

impl<'a> Decode<'a> for &'a [u8] {
    fn decode(input: &'a [u8], at: Version) -> Parsed<'a, Self> {
        not_null(input, Decode::decode(input, at))
    }

    fn least(at: Version) -> usize {
        least_length(at)
    }
}

impl Encode for Option<&[u8]> {
    fn encode(&self, at: Version, sink: &mut dyn Sink) -> Result<(), EncodeFault> {
        put_length(self.map(<[u8]>::len), at, sink)?;
        sink.put(self.unwrap_or_default());
        Ok(())
    }
}

impl Encode for &[u8] {
    fn encode(&self, at: Version, sink: &mut dyn Sink) -> Result<(), EncodeFault> {
        Some(*self).encode(at, sink)
    }
}

impl Describe for &[u8] {
    const KIND: Kind = Kind::Bytes;
}

impl<'a> Decode<'a> for Option<&'a str> {
    fn decode(input: &'a [u8], at: Version) -> Parsed<'a, Self> {
        let (rest, length) = match string_length(input, at)? {
            (rest, Some(length)) => (rest, length),
            (rest, None) => return Ok((rest, None)),
        };
        if length > LONGEST_STRING {
            return DecodeFault::err(
                input,
                format!("a string of at most {LONGEST_STRING} bytes, found {length}"),
            );
        }
        let (after, bytes) = bytes_of(rest, length, "a string")?;
        match str::from_utf8(bytes) {
            Ok(text) => Ok((after, Some(text))),
            Err(error) => DecodeFault::err(&rest[error.valid_up_to()..], "a string in UTF-8"),
        }
    }

    fn least(at: Version) -> usize {
        if at.flexible { 1 } else { 2 }
    }
}

impl<'a> Decode<'a> for &'a str {
    fn decode(input: &'a [u8], at: Version) -> Parsed<'a, Self> {
        not_null(input, Decode::decode(input, at))
    }

    fn least(at: Version) -> usize {
        <Option<&str>>::least(at)
    }
}

impl Encode for Option<&str> {
    fn encode(&self, at: Version, sink: &mut dyn Sink) -> Result<(), EncodeFault> {
        put_string_length(self.map(str::len), at, sink)?;
        sink.put(self.unwrap_or_default().as_bytes());
        Ok(())
    }
}

impl Encode for &str {
    fn encode(&self, at: Version, sink: &mut dyn Sink) -> Result<(), EncodeFault> {
        Some(*self).encode(at, sink)
    }
}

impl Describe for &str {
    const KIND: Kind = Kind::String;
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Version = Version { number: 0, flexible: false };
    const COMPACT: Version = Version { number: 0, flexible: true };

    fn both_ways<'a, T: Decode<'a> + Encode + PartialEq + std::fmt::Debug>(
        value: &T,
        at: Version,
        bytes: &'a [u8],
    ) {
        let mut written = Vec::new();
        value.encode(at, &mut written).expect("a value that can be written");
        assert_eq!(written, bytes);
        assert_eq!(
            T::decode(bytes, at).expect("a value"),
            (&[][..], T::decode(bytes, at).expect("a value").1)
        );
        assert_eq!(&T::decode(bytes, at).expect("a value").1, value);
    }

    #[test]
    fn plain_strings_have_an_int16_in_front_and_compact_ones_a_varint_that_is_one_more() {
        both_ways(&"ab", PLAIN, &[0, 2, b'a', b'b']);
        both_ways(&"ab", COMPACT, &[3, b'a', b'b']);
        both_ways(&None::<&str>, PLAIN, &[0xff, 0xff]);
        both_ways(&None::<&str>, COMPACT, &[0]);
        both_ways(&Some(""), COMPACT, &[1]);
    }

    #[test]
    fn plain_bytes_have_an_int32_in_front() {
        both_ways(&&b"ab"[..], PLAIN, &[0, 0, 0, 2, b'a', b'b']);
        both_ways(&Some(&b""[..]), PLAIN, &[0, 0, 0, 0]);
        both_ways(&None::<&[u8]>, PLAIN, &[0xff; 4]);
        both_ways(&&b"ab"[..], COMPACT, &[3, b'a', b'b']);
    }

    fn refused<'a, T: Decode<'a> + std::fmt::Debug>(bytes: &'a [u8], at: Version) -> String {
        let error = T::decode(bytes, at).expect_err("bytes that are refused");
        super::super::error::fault_of(error).of("Test", 0, bytes.len()).to_string()
    }

    #[test]
    fn what_is_wrong_with_a_string_is_said_with_its_place() {
        let say = "Test v0: (message) at byte";
        assert_eq!(
            refused::<&str>(&[0, 3, b'a'], PLAIN),
            format!("{say} 2: expected a string of 3 bytes, 1 are left")
        );
        assert_eq!(refused::<&str>(&[0xff, 0xff], PLAIN), format!("{say} 0: expected a value, found null"));
        assert_eq!(
            refused::<&str>(&[3, b'a', 0xff], COMPACT),
            format!("{say} 2: expected a string in UTF-8")
        );
        assert_eq!(
            refused::<&[u8]>(&[0xff, 0xff, 0xff, 0xfe], PLAIN),
            format!("{say} 0: expected a length, or -1 for null, found -2")
        );
        assert_eq!(
            refused::<&str>(&[0], PLAIN),
            format!("{say} 0: expected an int16 (2 bytes), found the end")
        );
    }

    #[test]
    fn a_string_longer_than_an_int16_can_say_is_not_written() {
        let long = "a".repeat(40_000);
        assert!(long.as_str().encode(COMPACT, &mut Vec::new()).is_err());
    }
}
