//! What reading a znode can say when it holds something else than it should.

use std::fmt;

use thiserror::Error;

/// The znodes that this crate can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ZnodeKind {
    /// `/brokers/ids/N`
    Broker,
    /// `/brokers/topics/T`
    Topic,
    /// `/brokers/topics/T/partitions/P/state`
    PartitionState,
    /// `/controller`
    Controller,
    /// `/controller_epoch`
    ControllerEpoch,
    /// `/cluster/id`
    ClusterId,
    /// `/brokers/topics/T/N` of Kafka 0.7
    PartitionCount,
    /// `/consumers/G/ids/C`
    ConsumerRegistration,
    /// `/consumers/G/owners/T/P`
    Owner,
    /// The name of a node under `/consumers/G/owners/T` or `/consumers/G/offsets/T`
    PartitionNode,
    /// `/consumers/G/offsets/T/P`
    Offset,
}

impl fmt::Display for ZnodeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Broker => "broker registration (/brokers/ids/N)",
            Self::Topic => "topic (/brokers/topics/T)",
            Self::PartitionState => "partition state (/brokers/topics/T/partitions/P/state)",
            Self::Controller => "controller (/controller)",
            Self::ControllerEpoch => "controller epoch (/controller_epoch)",
            Self::ClusterId => "cluster id (/cluster/id)",
            Self::PartitionCount => "partition count of Kafka 0.7 (/brokers/topics/T/N)",
            Self::ConsumerRegistration => "consumer registration (/consumers/G/ids/C)",
            Self::Owner => "partition owner (/consumers/G/owners/T/P)",
            Self::PartitionNode => {
                "partition node name (under /consumers/G/owners/T or /consumers/G/offsets/T)"
            }
            Self::Offset => "committed offset (/consumers/G/offsets/T/P)",
        })
    }
}

/// A znode whose data is not what its kind calls for.
///
/// The reader is given only bytes; whoever read the znode knows its path and can say it beside this.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{kind}: expected {expected}, found {found}")]
pub struct ZnodeError {
    /// Which znode was read.
    pub kind: ZnodeKind,
    /// What should stand there, with the field where it is about one.
    pub expected: String,
    /// What stands there, shortened.
    pub found: String,
}

impl ZnodeError {
    pub(super) fn new(kind: ZnodeKind, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { kind, expected: expected.into(), found: found.into() }
    }

    /// For data that is wrong as a whole.
    pub(super) fn data(kind: ZnodeKind, expected: impl Into<String>, data: &[u8]) -> Self {
        Self::new(kind, expected, shown(data))
    }
}

/// How much of foreign data an error repeats, in bytes.
const SHOWN: usize = 120;

/// Foreign data as it can stand in a message: one line, escaped, shortened.
pub(super) fn shown(data: &[u8]) -> String {
    if data.is_empty() {
        return "no data".to_owned();
    }
    let text = String::from_utf8_lossy(&data[..data.len().min(SHOWN)]);
    let more =
        if data.len() > SHOWN { format!(" and {} more bytes", data.len() - SHOWN) } else { String::new() };
    format!("{text:?}{more}")
}

/// A JSON value as it can stand in a message; JSON is on one line and escaped already.
pub(super) fn shortened(text: &str) -> String {
    text.char_indices().nth(SHOWN).map_or(text.to_owned(), |(end, _)| format!("{}...", &text[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_znode_and_both_sides_of_the_surprise() {
        let error = ZnodeError::data(ZnodeKind::Offset, "a decimal number", b"abc\n");
        assert_eq!(
            error.to_string(),
            "committed offset (/consumers/G/offsets/T/P): expected a decimal number, found \"abc\\n\""
        );
    }

    #[test]
    fn an_error_repeats_only_the_beginning_of_large_data() {
        let found = shown(&[b'x'; 1000]);
        assert_eq!(found, format!("\"{}\" and 880 more bytes", "x".repeat(120)));
    }

    #[test]
    fn an_empty_znode_is_said_to_hold_no_data() {
        assert_eq!(shown(b""), "no data");
    }
}
