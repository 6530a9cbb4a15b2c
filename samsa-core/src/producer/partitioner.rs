//! Which partition a key belongs to.

/// Partition of a key among `partitions`, as the Java client computes it: the positive part of murmur2, modulo the
/// number of partitions. Changes when partitions are added, as it does there.
pub(crate) fn murmur2_partition(key: &[u8], partitions: u32) -> u32 {
    (murmur2(key) & 0x7fff_ffff) % partitions
}

/// `MurmurHash2`, 32 bits, with the seed of the Java client.
pub(crate) fn murmur2(data: &[u8]) -> u32 {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// From Apache Kafka's own unit test of `Utils.murmur2`.
    #[test]
    fn the_hash_is_the_one_of_the_java_client() {
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

    #[test]
    fn a_key_always_lands_on_a_partition_that_exists() {
        for partitions in [1, 2, 3, 50, 200_000] {
            for key in 0..1000_u32 {
                assert!(murmur2_partition(&key.to_be_bytes(), partitions) < partitions);
            }
        }
    }

    #[test]
    fn a_negative_hash_loses_its_sign_not_its_value() {
        // -973932308 + 2^31
        assert_eq!(murmur2_partition(b"21", 1000), 1_173_551_340 % 1000);
    }
}
