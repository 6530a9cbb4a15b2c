//! The names of the nodes under `/consumers/G/owners/T` and `/consumers/G/offsets/T`.

use std::fmt;

use super::dialect::Dialect;
use super::error::{ZnodeError, ZnodeKind};

/// Which partition a node is about: `P` in the Scala dialect, `B-P` in the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartitionNode {
    /// The broker that holds the partition (Kafka 0.7) or leads it now (pykafka); none in the Scala dialect.
    pub broker: Option<i32>,
    /// The partition; in Kafka 0.7 counted from 0 on each broker.
    pub partition: i32,
}

impl PartitionNode {
    /// Reads the name of a node in a group that speaks `dialect`.
    pub fn from_name(name: &str, dialect: Dialect) -> Result<Self, ZnodeError> {
        let node = if dialect.names_brokers() {
            name.split_once('-').and_then(|(broker, partition)| {
                Some(Self { broker: Some(number(broker)?), partition: number(partition)? })
            })
        } else {
            number(name).map(|partition| Self { broker: None, partition })
        };
        node.ok_or_else(|| {
            let expected =
                if dialect.names_brokers() { "broker and partition, B-P" } else { "a partition, P" };
            ZnodeError::data(ZnodeKind::PartitionNode, expected, name.as_bytes())
        })
    }
}

fn number(text: &str) -> Option<i32> {
    text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()))
}

impl fmt::Display for PartitionNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.broker {
            Some(broker) => write!(f, "{broker}-{}", self.partition),
            None => write!(f, "{}", self.partition),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_names_its_partitions() {
        for (dialect, name, node) in [
            (Dialect::Scala, "11", PartitionNode { broker: None, partition: 11 }),
            (Dialect::Samsa, "1-11", PartitionNode { broker: Some(1), partition: 11 }),
            (Dialect::Scala07, "0-2", PartitionNode { broker: Some(0), partition: 2 }),
        ] {
            assert_eq!(PartitionNode::from_name(name, dialect), Ok(node));
            assert_eq!(node.to_string(), name);
        }
    }

    #[test]
    fn a_name_of_another_dialect_is_refused() {
        assert_eq!(
            PartitionNode::from_name("1-11", Dialect::Scala).expect_err("B-P").expected,
            "a partition, P"
        );
        for name in ["", "11", "-1", "-1-0", "1-+2", "1-2-3", "a-b"] {
            assert!(PartitionNode::from_name(name, Dialect::Samsa).is_err(), "{name}");
        }
    }
}
