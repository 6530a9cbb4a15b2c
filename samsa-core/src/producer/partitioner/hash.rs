//! The hashes behind the partitioners.

use sha1::{Digest, Sha1};

/// `MurmurHash2`, 32 bits, with the seed of the Java client.
pub(super) fn murmur2(data: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    const R: u32 = 24;

    let mut hash = SEED ^ data.len() as u32;
    let (words, tail) = data.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> R;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !tail.is_empty() {
        let rest = tail.iter().rev().fold(0, |rest, byte| rest << 8 | u32::from(*byte));
        hash = (hash ^ rest).wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ hash >> 15
}

/// `java.lang.String.hashCode`: over the UTF-16 form of a text.
pub(super) fn java_string(text: &[u8]) -> i32 {
    let text = String::from_utf8_lossy(text);
    text.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// SHA-1, as a number whose highest byte comes first, modulo something that is not 0.
pub(super) fn sha1_modulo(data: &[u8], modulus: u32) -> u32 {
    let modulus = u64::from(modulus);
    let rest = Sha1::digest(data).iter().fold(0_u64, |rest, byte| (rest << 8 | u64::from(*byte)) % modulus);
    rest as u32
}

/// The one among so many, at least one, whose weight for the key is highest; the first of equals.
pub(super) fn rendezvous(key: &[u8], among: u32) -> u32 {
    let key = u64::from(murmur2(key)) << 32;
    let (mut best, mut highest) = (0, 0);
    for candidate in 0..among {
        let weight = mix(key | u64::from(candidate));
        if weight > highest {
            (best, highest) = (candidate, weight);
        }
    }
    best
}

/// The finishing steps of `SplitMix64`: every bit of the outcome depends on every bit of the input, and no two inputs have
/// the same outcome.
fn mix(input: u64) -> u64 {
    let mut z = input.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From Apache Kafka's own unit test of `Utils.murmur2`.
    #[test]
    fn murmur2_is_the_java_client_s() {
        let vectors: [(&[u8], i32); 7] = [
            (b"21", -973_932_308),
            (b"foobar", -790_332_482),
            (b"a-little-bit-long-string", -985_981_536),
            (b"a-little-bit-longer-string", -1_486_304_829),
            (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            (b"abc", 479_470_107),
            (b"", 275_646_681),
        ];
        for (key, hash) in vectors {
            assert_eq!(murmur2(key) as i32, hash, "{}", key.escape_ascii());
        }
    }

    /// Printed by `OpenJDK`, but for the last, which has a byte that is no text.
    #[test]
    fn texts_hash_as_in_java_by_their_utf_16_form() {
        for (text, hash) in [
            ("a", 97),
            ("my-key", -1_061_197_122),
            ("user-1", -836_031_825),
            ("hello world", 1_794_106_052),
            ("gr\u{fc}\u{df}e", 98_768_023),
            ("\u{1f600}", 1_772_899),
            ("polygenelubricants", i32::MIN),
        ] {
            assert_eq!(java_string(text.as_bytes()), hash, "{text}");
        }
        assert_eq!(java_string(&[0xff]), 0xfffd);
    }
}
