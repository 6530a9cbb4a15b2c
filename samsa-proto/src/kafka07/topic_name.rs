//! Which names a topic of Kafka 0.7 may have.

use thiserror::Error;

use crate::zookeeper::path::{self, NameFault};

/// The longest name that is safe, in bytes: the broker's directory is named by topic and partition, and file systems take
/// 255 bytes.
pub const LONGEST_TOPIC: usize = 249;

/// A name that a broker of Kafka 0.7 refuses, or suffers from.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TopicNameError {
    /// The broker refuses the name. Beyond the basic plane it does not, but ZooKeeper does, and the broker does not start
    /// again.
    #[error("topic {name:?} cannot be used with Kafka 0.7: {fault}; choose another name")]
    Character {
        /// The name as given.
        name: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// The broker's file system would refuse it.
    #[error(
        "the topic's name has {bytes} bytes, at most {LONGEST_TOPIC} are safe with Kafka 0.7; choose a shorter one"
    )]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
}

/// Checks a name before anything is sent: most faults close the connection, and one keeps the broker from starting.
pub fn check_topic(name: &str) -> Result<(), TopicNameError> {
    if name.len() > LONGEST_TOPIC {
        return Err(TopicNameError::TooLong { bytes: name.len() });
    }
    path::check(name).map_err(|fault| TopicNameError::Character { name: name.to_owned(), fault })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_brokers_of_0_7_take_are_taken() {
        for name in ["samsa", "тема-é", " ", ":", "*", "\\", "-", "x-1", "..."] {
            assert_eq!(check_topic(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn names_that_close_the_connection_or_stop_the_broker_are_refused() {
        for name in ["", ".", "..", "a/b", "a\u{1}", "a\u{7f}", "a\u{e000}", "a\u{fffd}", "\u{1f600}"] {
            assert!(matches!(check_topic(name), Err(TopicNameError::Character { .. })), "{name:?}");
        }
        assert_eq!(check_topic(&"é".repeat(125)), Err(TopicNameError::TooLong { bytes: 250 }));
    }
}
