//! What a broker of Kafka 0.7 can say besides an answer.

use std::fmt;

/// The code in front of each response. Only FETCH and MULTIFETCH ever carry another one than [`None`](Self::None).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorCode {
    /// 0: there is none.
    None,
    /// -1: anything else. A topic name that the broker does not take gives it.
    Unknown,
    /// 1: the log does not reach to that offset, or no longer. Also what has been written but not yet flushed.
    OffsetOutOfRange,
    /// 2: a message that cannot be right.
    InvalidMessage,
    /// 3: the broker has no such partition.
    WrongPartition,
    /// 4: a number of bytes that cannot be fetched.
    InvalidFetchSize,
    /// A code that Kafka 0.7 does not have.
    Other(i16),
}

impl ErrorCode {
    /// The meaning of a code on the wire.
    pub fn from_code(code: i16) -> Self {
        match code {
            0 => Self::None,
            -1 => Self::Unknown,
            1 => Self::OffsetOutOfRange,
            2 => Self::InvalidMessage,
            3 => Self::WrongPartition,
            4 => Self::InvalidFetchSize,
            other => Self::Other(other),
        }
    }

    /// The code on the wire.
    pub fn code(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Unknown => -1,
            Self::OffsetOutOfRange => 1,
            Self::InvalidMessage => 2,
            Self::WrongPartition => 3,
            Self::InvalidFetchSize => 4,
            Self::Other(other) => other,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("no error"),
            Self::Unknown => f.write_str("unknown error (-1); does the broker take the topic's name?"),
            Self::OffsetOutOfRange => f.write_str("the offset is outside the flushed log (1)"),
            Self::InvalidMessage => f.write_str("invalid message (2)"),
            Self::WrongPartition => f.write_str("the broker has no such partition (3)"),
            Self::InvalidFetchSize => f.write_str("invalid fetch size (4)"),
            Self::Other(code) => write!(f, "error {code}, which Kafka 0.7 does not have"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_keeps_its_number() {
        for code in [i16::MIN, -2, -1, 0, 1, 2, 3, 4, 5, i16::MAX] {
            assert_eq!(ErrorCode::from_code(code).code(), code);
        }
        assert_eq!(ErrorCode::from_code(1), ErrorCode::OffsetOutOfRange);
        assert_eq!(ErrorCode::from_code(5), ErrorCode::Other(5));
    }
}
