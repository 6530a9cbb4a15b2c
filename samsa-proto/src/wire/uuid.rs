//! Topic ids, member directories and the like.

use std::fmt;

use nom::bytes::complete::take;

use super::{Decode, DecodeFault, Describe, Encode, EncodeFault, Kind, Parsed, Sink, Version};

/// 16 bytes that name something for good. All zero means "not known".
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// The id that stands for none.
    pub const ZERO: Self = Self([0; 16]);

    /// Whether it stands for none.
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }
}

/// As Kafka's tools print it: base64 with `-` and `_`, 22 characters.
impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let bits = u128::from_be_bytes(self.0);
        // 128 bits are 21 digits of 6 and one of 2, which counts as if it had 4 zeros behind it.
        let digits = (0..22).map(|place| match place {
            21 => bits << 4 & 0x3f,
            _ => bits >> (122 - 6 * place) & 0x3f,
        });
        digits.map(|digit| char::from(DIGITS[digit as usize])).try_for_each(|digit| write!(f, "{digit}"))
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Decode<'_> for Uuid {
    fn decode(input: &[u8], _: Version) -> Parsed<'_, Self> {
        let (rest, bytes) = take(16_usize)(input).map_err(|error: nom::Err<DecodeFault>| {
            error.map(|fault| fault.expecting("a uuid (16 bytes), found the end"))
        })?;
        let mut uuid = Self::ZERO;
        uuid.0.copy_from_slice(bytes);
        Ok((rest, uuid))
    }

    fn least(_: Version) -> usize {
        16
    }
}

impl Encode for Uuid {
    fn encode(&self, _: Version, sink: &mut dyn Sink) -> Result<(), EncodeFault> {
        sink.put(&self.0);
        Ok(())
    }
}

impl Describe for Uuid {
    const KIND: Kind = Kind::Uuid;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_printed_as_kafka_prints_it() {
        assert_eq!(Uuid::ZERO.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
        let mut last = [0; 16];
        last[15] = 1;
        assert_eq!(Uuid(last).to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(Uuid([0xff; 16]).to_string(), "_____________________w");
    }
}
