//! Partitions of Kafka 0.7. There each broker counts its own from 0, so that two numbers name one; this client has one number
//! for it.
//!
//! It is the broker's times 100,000 and the partition's added, and reads as both: 300002 is partition 2 of broker 3. Whatever
//! knows partitions by a number knows those of 0.7 by this one, and nothing else than this file knows how it is made.

use std::fmt;

use samsa_proto::zookeeper::PartitionNode;

/// From one broker's first partition to the next one's. Brokers of 0.7 have fewer partitions of a topic than that.
const STRIDE: i32 = 100_000;

/// The highest broker all of whose partitions have a number.
const LAST_BROKER: i32 = 21_474;

/// A partition of a topic on a broker of Kafka 0.7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokerPartition {
    /// The broker's id.
    pub broker: i32,
    /// Its number on that broker, from 0.
    pub partition: u16,
}

impl BrokerPartition {
    /// The number by which this client knows it.
    ///
    /// ```
    /// use samsa_core::BrokerPartition;
    ///
    /// let partition = BrokerPartition { broker: 3, partition: 2 };
    /// assert_eq!(partition.number(), Ok(300_002));
    /// assert_eq!(BrokerPartition::of_number(300_002), Some(partition));
    /// ```
    pub fn number(self) -> Result<i32, UnnumberedPartition> {
        if (0..=LAST_BROKER).contains(&self.broker) {
            Ok(self.broker * STRIDE + i32::from(self.partition))
        } else {
            Err(UnnumberedPartition { broker: self.broker })
        }
    }

    /// The partition of this number, if one has it.
    pub fn of_number(number: i32) -> Option<Self> {
        let partition = u16::try_from(number % STRIDE).ok()?;
        let broker = number / STRIDE;
        (0..=LAST_BROKER).contains(&broker).then_some(Self { broker, partition })
    }

    /// The name of its nodes in ZooKeeper.
    pub(crate) fn node(self) -> PartitionNode {
        PartitionNode { broker: Some(self.broker), partition: self.partition.into() }
    }
}

/// As its nodes in ZooKeeper are named, and as consumers of 0.7 sort by.
impl fmt::Display for BrokerPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node().fmt(f)
    }
}

/// A broker of Kafka 0.7 whose id is too large for its partitions to have a number, or below 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error(
    "this client has no number for the partitions of broker {broker}: of clusters of Kafka 0.7 it knows brokers 0 to {LAST_BROKER}; \
     give the broker a lower `brokerid`"
)]
pub struct UnnumberedPartition {
    /// The broker's id.
    pub broker: i32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_tells_broker_and_partition() {
        for (broker, partition, number) in [
            (0, 0, 0),
            (0, 7, 7),
            (10, 0, 1_000_000),
            (2, u16::MAX, 265_535),
            (LAST_BROKER, 9, 2_147_400_009),
        ] {
            let place = BrokerPartition { broker, partition };
            assert_eq!(place.number(), Ok(number));
            assert_eq!(BrokerPartition::of_number(number), Some(place));
            assert_eq!(place.to_string(), format!("{broker}-{partition}"));
        }
    }

    #[test]
    fn what_has_no_number_is_refused_by_its_broker() {
        for broker in [-1, LAST_BROKER + 1, i32::MIN, i32::MAX] {
            let error = BrokerPartition { broker, partition: 0 }.number().expect_err("it does not fit");
            assert!(error.to_string().contains(&format!("broker {broker}:")), "{error}");
        }
    }

    #[test]
    fn no_partition_has_a_number_between_those_of_two_brokers() {
        for number in [-1, -100_000, i32::MIN, 65_536, 99_999, i32::MAX] {
            assert_eq!(BrokerPartition::of_number(number), None, "{number}");
        }
    }
}
