//! Integers, booleans, floats and varints. Everything of fixed size is big endian.

use nom::number::complete::{be_f64, be_i8, be_i16, be_i32, be_i64, be_u16};

use super::{Decode, DecodeFault, Describe, Encode, EncodeFault, Kind, Parsed, Sink, Version};

macro_rules! fixed_size {
    ($($type:ty: $kind:ident, $parser:ident, $expected:literal;)*) => {$(
        impl Decode<'_> for $type {
            fn decode(input: &[u8], _: Version) -> Parsed<'_, Self> {
                $parser(input).map_err(|error: nom::Err<DecodeFault>| error.map(|fault| fault.expecting($expected)))
            }

            fn least(_: Version) -> usize {
                size_of::<$type>()
            }
        }

        impl Encode for $type {
            fn encode(&self, _: Version, sink: &mut dyn Sink) -> Result<(), EncodeFault> {
                sink.put(&self.to_be_bytes());
                Ok(())
            }
        }

        impl Describe for $type {
            const KIND: Kind = Kind::$kind;
        }
    )*};
}

fixed_size! {
    i8: Int8, be_i8, "an int8 (1 byte), found the end";
    i16: Int16, be_i16, "an int16 (2 bytes), found the end";
    u16: Uint16, be_u16, "a uint16 (2 bytes), found the end";
    i32: Int32, be_i32, "an int32 (4 bytes), found the end";
    i64: Int64, be_i64, "an int64 (8 bytes), found the end";
    f64: Float64, be_f64, "a float64 (8 bytes), found the end";
}

impl Decode<'_> for bool {
    /// Any byte but 0 is true, as the protocol's guide says.
    fn decode(input: &[u8], at: Version) -> Parsed<'_, Self> {
        i8::decode(input, at).map(|(input, byte)| (input, byte != 0))
    }

    fn least(_: Version) -> usize {
        1
    }
}

impl Encode for bool {
    fn encode(&self, _: Version, sink: &mut dyn Sink) -> Result<(), EncodeFault> {
        sink.put(&[u8::from(*self)]);
        Ok(())
    }
}

impl Describe for bool {
    const KIND: Kind = Kind::Bool;
}

/// An unsigned LEB128 varint of at most 5 bytes: lengths and tags.
pub fn unsigned_varint(input: &[u8]) -> Parsed<'_, u32> {
    leb128(input, 32).map(|(input, value)| (input, value as u32))
}

/// A zigzag varint of at most 5 bytes: what records are made of.
pub fn varint(input: &[u8]) -> Parsed<'_, i32> {
    let (input, value) = unsigned_varint(input)?;
    Ok((input, (value >> 1) as i32 ^ -((value & 1) as i32)))
}

/// A zigzag varint of at most 10 bytes.
pub fn varlong(input: &[u8]) -> Parsed<'_, i64> {
    let (input, value) = leb128(input, 64)?;
    Ok((input, (value >> 1) as i64 ^ -((value & 1) as i64)))
}

fn leb128(input: &[u8], bits: u32) -> Parsed<'_, u64> {
    let mut value = 0;
    for (index, byte) in input.iter().enumerate() {
        let shift = 7 * index as u32;
        let low = u64::from(byte & 0x7f);
        if shift >= bits || (shift + 7 > bits && low >> (bits - shift) != 0) {
            return DecodeFault::err(input, format!("a varint of at most {bits} bits"));
        }
        value |= low << shift;
        if byte & 0x80 == 0 {
            return Ok((&input[index + 1..], value));
        }
    }
    DecodeFault::err(input, "a varint, found the end")
}

/// Appends an unsigned LEB128 varint.
pub fn put_unsigned_varint(value: u32, sink: &mut dyn Sink) {
    put_leb128(u64::from(value), sink);
}

/// Appends a zigzag varint.
pub fn put_varint(value: i32, sink: &mut dyn Sink) {
    put_leb128(u64::from((value << 1 ^ value >> 31) as u32), sink);
}

/// Appends a zigzag varlong.
pub fn put_varlong(value: i64, sink: &mut dyn Sink) {
    put_leb128((value << 1 ^ value >> 63) as u64, sink);
}

/// How many bytes [`put_unsigned_varint`] appends: 1 to 5.
pub const fn unsigned_varint_len(value: u32) -> usize {
    let bits = 32 - (value | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

fn put_leb128(mut value: u64, sink: &mut dyn Sink) {
    let mut bytes = [0; 10];
    let mut len = 0;
    while value > 0x7f {
        bytes[len] = value as u8 | 0x80;
        value >>= 7;
        len += 1;
    }
    bytes[len] = value as u8;
    sink.put(&bytes[..=len]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unsigned_varint_has_seven_bits_a_byte_low_bits_first() {
        for (value, bytes) in
            [(0, &[0][..]), (127, &[0x7f]), (300, &[0xac, 2]), (u32::MAX, &[255, 255, 255, 255, 15])]
        {
            let mut written = Vec::new();
            put_unsigned_varint(value, &mut written);
            assert_eq!(written, bytes);
            assert_eq!(unsigned_varint_len(value), bytes.len());
            assert_eq!(unsigned_varint(bytes).expect("a varint"), (&[][..], value));
        }
    }

    #[test]
    fn zigzag_keeps_small_negative_numbers_short() {
        for (value, bytes) in [(0, &[0][..]), (-1, &[1]), (1, &[2]), (-64, &[127]), (64, &[128, 1])] {
            let mut written = Vec::new();
            put_varint(value, &mut written);
            assert_eq!(written, bytes);
            assert_eq!(varint(bytes).expect("a varint"), (&[][..], value));
        }
        for value in [i64::MIN, i64::MAX, -1, 0, 1 << 40] {
            let mut written = Vec::new();
            put_varlong(value, &mut written);
            assert_eq!(varlong(&written).expect("a varlong"), (&[][..], value));
        }
        for value in [i32::MIN, i32::MAX] {
            let mut written = Vec::new();
            put_varint(value, &mut written);
            assert_eq!(varint(&written).expect("a varint"), (&[][..], value));
        }
    }

    #[test]
    fn a_varint_that_has_no_end_or_too_many_bits_is_refused() {
        assert!(unsigned_varint(&[0x80, 0x80]).is_err());
        assert!(unsigned_varint(&[0xff, 0xff, 0xff, 0xff, 0x10]).is_err());
        assert!(unsigned_varint(&[0x80, 0x80, 0x80, 0x80, 0x80, 0]).is_err());
        assert!(varlong(&[0xff; 11]).is_err());
        assert!(varlong(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]).is_err());
    }
}
