//! CRC-32C, and the checksum of two parts from the checksums of each.
//!
//! A CRC is linear: that of `head` followed by `body` is that of `head`, moved past as many zero bits as `body` has,
//! xor that of `body`. To move past n bits is to multiply by x^n modulo the CRC's polynomial. That factor depends on
//! the body's length only, so it is found once, when the body is frozen; each new header then costs one
//! multiplication.

/// The Castagnoli polynomial, lowest power in the highest bit.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// x^0 in that order of bits.
const ONE: u32 = 1 << 31;

/// x^(2^k): enough for the bits of any length below 4 GiB.
const POWERS: [u32; 35] = powers();

/// The CRC-32C of `bytes`.
pub(crate) fn crc32c(bytes: &[u8]) -> u32 {
    crc_fast::crc32_iscsi(bytes)
}

/// The checksum of a body, ready to be put after any head.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyChecksum {
    crc: u32,
    factor: u32,
}

impl BodyChecksum {
    pub(super) fn of(body: &[u8]) -> Self {
        Self { crc: crc32c(body), factor: power(body.len() as u64 * 8) }
    }

    /// The CRC-32C of `head` followed by the body.
    pub(super) fn after(self, head: &[u8]) -> u32 {
        multiply(crc32c(head), self.factor) ^ self.crc
    }
}

/// x^exponent, by squares.
fn power(exponent: u64) -> u32 {
    let set = POWERS.iter().enumerate().filter(|(k, _)| exponent >> k & 1 == 1);
    set.fold(ONE, |product, (_, &square)| multiply(product, square))
}

/// The product of two polynomials modulo the CRC's.
const fn multiply(mut a: u32, mut b: u32) -> u32 {
    let mut product = 0;
    while a != 0 {
        if a & ONE != 0 {
            product ^= b;
        }
        a <<= 1;
        b = if b & 1 == 0 { b >> 1 } else { b >> 1 ^ POLYNOMIAL };
    }
    product
}

const fn powers() -> [u32; 35] {
    let mut powers = [ONE >> 1; 35];
    let mut k = 1;
    while k < powers.len() {
        powers[k] = multiply(powers[k - 1], powers[k - 1]);
        k += 1;
    }
    powers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_checksum_of_nine_digits_is_found() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn a_head_and_a_body_have_the_checksum_of_both_in_a_row() {
        let bytes: Vec<u8> =
            (0..40_000_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let (head, rest) = bytes.split_at(40);
        for len in [0, 1, 2, 3, 7, 8, 255, 256, 4096, 16_383, 39_960] {
            let body = &rest[..len];
            assert_eq!(BodyChecksum::of(body).after(head), crc32c(&bytes[..40 + len]), "{len} bytes");
        }
    }

    #[test]
    fn a_factor_of_the_longest_body_is_the_product_of_the_factors_of_its_halves() {
        let half = power(u64::from(u32::MAX / 2) * 8);
        assert_eq!(power(u64::from(u32::MAX / 2) * 16), multiply(half, half));
    }
}
