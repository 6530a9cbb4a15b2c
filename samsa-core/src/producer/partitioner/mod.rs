//! Which partition a key belongs to.

mod hash;

use std::fmt;
use std::sync::Arc;

/// Chooses the partition of a message that has a key and was given no partition.
///
/// All but [`rendezvous`](Self::Rendezvous) divide a hash by the number of partitions: when partitions are added, most
/// keys move. Clients that publish to one topic have to agree, or a key is in several partitions.
///
/// ```
/// use samsa_core::Partitioner;
///
/// let by_first_byte = Partitioner::custom(|key, partitions| {
///     key.first().map_or(0, |first| u32::from(*first) % partitions)
/// });
/// assert_eq!(by_first_byte.partition(b"b", 4), 2);
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Partitioner {
    /// The positive part of murmur2, modulo the number of partitions: what Java's client does. The default.
    #[default]
    Murmur2,
    /// The absolute value of Java's `String.hashCode`, modulo the number of partitions: what the Scala producers of 0.7
    /// and 0.8 do with keys that are strings. The key is read as UTF-8. The one hash that has no absolute value, -2^31,
    /// goes to partition 0, as from 0.8.2 on; 0.7 refuses it.
    JavaHash,
    /// SHA-1 as a number of 160 bits, modulo the number of partitions: what pykafka's `hashing_partitioner` does. (The
    /// samsa that it came from took Python's own hash, which differs between processes.)
    Sha1,
    /// The partition with the highest weight for the key (rendezvous hashing, Thaler and Ravishankar 1998): when
    /// partitions are added, only those keys move which go to the new ones. Samsa's own. It takes about a
    /// nanosecond for each partition of the topic.
    Rendezvous,
    /// One's own.
    Custom(CustomPartitioner),
}

/// A partitioner of the application, made by [`Partitioner::custom`].
#[derive(Clone)]
pub struct CustomPartitioner(Arc<Choice>);

type Choice = dyn Fn(&[u8], u32) -> u32 + Send + Sync;

impl Partitioner {
    /// One's own: from a key and the number of partitions, which is at least 1, to the number of a partition. It must say
    /// the same each time. A message for which it names a partition that is not there is not accepted.
    ///
    /// It is called on the thread that publishes, or, for what was published before the topic was known, by the driver: it
    /// must not block.
    pub fn custom(choose: impl Fn(&[u8], u32) -> u32 + Send + Sync + 'static) -> Self {
        Self::Custom(CustomPartitioner(Arc::new(choose)))
    }

    /// The partition of a key among `partitions`; 0 when there are none.
    pub fn partition(&self, key: &[u8], partitions: u32) -> u32 {
        match self {
            _ if partitions == 0 => 0,
            Self::Murmur2 => (hash::murmur2(key) & 0x7fff_ffff) % partitions,
            Self::JavaHash => hash::java_string(key).checked_abs().unwrap_or(0) as u32 % partitions,
            Self::Sha1 => hash::sha1_modulo(key, partitions),
            Self::Rendezvous => hash::rendezvous(key, partitions),
            Self::Custom(custom) => custom.0(key, partitions),
        }
    }

    /// Its name in settings.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Murmur2 => "murmur2",
            Self::JavaHash => "java_hash",
            Self::Sha1 => "sha1",
            Self::Rendezvous => "rendezvous",
            Self::Custom(_) => "custom",
        }
    }
}

impl fmt::Debug for Partitioner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for CustomPartitioner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomPartitioner")
    }
}

/// Two of one's own are equal when they are clones.
impl PartialEq for Partitioner {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Custom(one), Self::Custom(other)) => Arc::ptr_eq(&one.0, &other.0),
            (one, other) => one.name() == other.name(),
        }
    }
}

impl Eq for Partitioner {}

#[cfg(test)]
mod tests {
    use super::*;

    fn partitions(partitioner: &Partitioner, key: &str, counts: &[u32]) -> Vec<u32> {
        counts.iter().map(|count| partitioner.partition(key.as_bytes(), *count)).collect()
    }

    #[test]
    fn a_key_always_lands_on_a_partition_that_exists() {
        use Partitioner::{JavaHash, Murmur2, Rendezvous, Sha1};
        for partitioner in [Murmur2, JavaHash, Sha1, Rendezvous] {
            for partitions in [1, 2, 3, 50, 200] {
                for key in 0..300_u32 {
                    assert!(partitioner.partition(&key.to_be_bytes(), partitions) < partitions);
                }
            }
            assert_eq!(partitioner.partition(b"key", 0), 0);
        }
    }

    #[test]
    fn a_negative_murmur2_loses_its_sign_not_its_value() {
        // -973932308 + 2^31
        assert_eq!(Partitioner::Murmur2.partition(b"21", 1000), 1_173_551_340 % 1000);
    }

    /// `Math.abs("..".hashCode()) % n`, printed by `OpenJDK`.
    #[test]
    fn java_hash_is_the_scala_producer_s() {
        for (key, of_twelve) in [("a", 1), ("my-key", 6), ("user-1", 9), ("hello world", 8), ("", 0)] {
            assert_eq!(partitions(&Partitioner::JavaHash, key, &[12]), [of_twelve], "{key}");
        }
        // Its hash is -2^31.
        assert_eq!(partitions(&Partitioner::JavaHash, "polygenelubricants", &[12]), [0]);
    }

    /// `int(sha1(key).hexdigest(), 16) % n`, as in pykafka's partitioners.py, printed by Python.
    #[test]
    fn sha1_is_pykafka_s() {
        let counts = [1, 3, 4, 7, 12, 1000, 200_000];
        for (key, expected) in [
            ("a", [0, 1, 0, 4, 4, 152, 36_152]),
            ("my-key", [0, 2, 0, 3, 8, 916, 8_916]),
            ("user-1", [0, 1, 0, 6, 4, 988, 104_988]),
            ("hello world", [0, 1, 1, 3, 1, 533, 151_533]),
            ("", [0, 1, 1, 3, 1, 305, 191_305]),
        ] {
            assert_eq!(partitions(&Partitioner::Sha1, key, &counts), expected, "{key}");
        }
    }

    #[test]
    fn with_rendezvous_keys_move_to_the_new_partition_only_and_no_more_than_its_share() {
        let keys = 0..10_000_u32;
        for before in [1, 4, 9, 30] {
            let place = |key: u32, count| Partitioner::Rendezvous.partition(&key.to_be_bytes(), count);
            let moved: Vec<u32> =
                keys.clone().filter(|key| place(*key, before) != place(*key, before + 1)).collect();
            assert!(moved.iter().all(|key| place(*key, before + 1) == before));
            let share = keys.len() / (before as usize + 1);
            assert!(moved.len().abs_diff(share) < share / 5 + 50, "{} of {share}", moved.len());
        }
    }

    #[test]
    fn with_rendezvous_each_partition_gets_its_share() {
        let mut counts = [0_usize; 7];
        for key in 0..70_000_u32 {
            counts[Partitioner::Rendezvous.partition(format!("user-{key}").as_bytes(), 7) as usize] += 1;
        }
        assert!(counts.iter().all(|count| count.abs_diff(10_000) < 500), "{counts:?}");
    }

    /// Keys that were published stay where they are when Samsa is replaced by a later one.
    #[test]
    fn rendezvous_never_changes() {
        let places = ["", "a", "user-1", "hello world"]
            .map(|key| partitions(&Partitioner::Rendezvous, key, &[2, 5, 100]));
        assert_eq!(places, [[1, 4, 14], [0, 0, 42], [1, 1, 87], [0, 3, 19]]);
    }
}
