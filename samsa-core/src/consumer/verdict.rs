//! What an error code of a partition means for its reader.

use samsa_proto::ErrorCode;

/// What to do about a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Fine,
    /// Ask again later, after a look at fresh metadata.
    Again,
    /// The position lies outside of the log.
    OutOfRange,
    /// It will be the same whenever it is asked.
    Refused,
}

/// | code                                                                        | verdict      |
/// |-----------------------------------------------------------------------------|--------------|
/// | none                                                                        | `Fine`       |
/// | `OFFSET_OUT_OF_RANGE`                                                       | `OutOfRange` |
/// | whatever Apache calls retriable: the leader moved, is fenced, is not there,  | `Again`      |
/// | a topic that flaps out of a broker's view, a batch that failed its checksum |              |
/// | `UNKNOWN_SERVER_ERROR`, `BROKER_NOT_AVAILABLE`: a broker in trouble          | `Again`      |
/// | all others: not authorized, a codec this version cannot bring, ...          | `Refused`    |
pub(crate) fn verdict(code: ErrorCode) -> Verdict {
    match code {
        ErrorCode::NONE => Verdict::Fine,
        ErrorCode::OFFSET_OUT_OF_RANGE => Verdict::OutOfRange,
        ErrorCode::UNKNOWN_SERVER_ERROR | ErrorCode::BROKER_NOT_AVAILABLE => Verdict::Again,
        code if code.is_retriable() => Verdict::Again,
        _ => Verdict::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leader_that_moved_or_a_topic_that_flaps_is_asked_again() {
        for code in [
            ErrorCode::NOT_LEADER_OR_FOLLOWER,
            ErrorCode::LEADER_NOT_AVAILABLE,
            ErrorCode::FENCED_LEADER_EPOCH,
            ErrorCode::UNKNOWN_LEADER_EPOCH,
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            ErrorCode::UNKNOWN_TOPIC_ID,
            ErrorCode::OFFSET_NOT_AVAILABLE,
            ErrorCode::KAFKA_STORAGE_ERROR,
            ErrorCode::UNKNOWN_SERVER_ERROR,
        ] {
            assert_eq!(verdict(code), Verdict::Again, "{code}");
        }
    }

    #[test]
    fn what_will_not_change_stops_the_partition() {
        assert_eq!(verdict(ErrorCode::OFFSET_OUT_OF_RANGE), Verdict::OutOfRange);
        assert_eq!(verdict(ErrorCode::TOPIC_AUTHORIZATION_FAILED), Verdict::Refused);
        assert_eq!(verdict(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE), Verdict::Refused);
        assert_eq!(verdict(ErrorCode(9999)), Verdict::Refused);
    }
}
