//! A reader that was asked for and is not ready yet: its partitions, or where they start, are still unknown.

use std::sync::Arc;

use samsa_proto::ErrorCode;

use crate::command::ReaderSpec;
use crate::error::ReadError;
use crate::id::OpId;
use crate::time::{Instant, TimeLimit};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening {
    pub(crate) op: OpId,
    pub(crate) time: TimeLimit,
}

/// What the cluster says of the topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// So many partitions.
    Partitions(usize),
    Unknown,
    /// It will not be told of, however often it is asked for.
    Refused(ErrorCode),
    NotYet,
}

impl Opening {
    /// Whether it failed: the topic or the partition is not there, or the time is over.
    pub(crate) fn failure(
        &self,
        now: Instant,
        spec: &ReaderSpec,
        known: Known,
        last: &str,
    ) -> Option<ReadError> {
        let topic = || Arc::clone(&spec.topic);
        match (known, spec.partition) {
            (Known::Unknown, _) => Some(ReadError::UnknownTopic { topic: topic() }),
            (Known::Refused(code), _) => Some(ReadError::TopicRefused { topic: topic(), code }),
            (Known::Partitions(count), Some(partition))
                if !(0..count as i64).contains(&i64::from(partition)) =>
            {
                Some(ReadError::UnknownPartition { topic: topic(), partition })
            }
            _ if self.time.is_over(now) => {
                Some(ReadError::TimedOut { topic: topic(), within: self.time.within, last: last.to_owned() })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::FetchConfig;
    use crate::offset::Offset;

    const TIME: TimeLimit = TimeLimit::new(Instant::START, Duration::from_secs(5));

    fn failure(now: Instant, partition: Option<i32>, known: Known) -> Option<ReadError> {
        let opening = Opening { op: OpId(1), time: TIME };
        let spec = ReaderSpec {
            topic: "events".into(),
            partition,
            start: Offset::Latest,
            fetch: FetchConfig::default(),
        };
        opening.failure(now, &spec, known, "no broker")
    }

    #[test]
    fn what_is_not_there_fails_at_once() {
        let unknown = failure(Instant::START, None, Known::Unknown);
        assert_eq!(unknown, Some(ReadError::UnknownTopic { topic: "events".into() }));
        let code = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
        let refused = failure(Instant::START, None, Known::Refused(code));
        assert_eq!(refused, Some(ReadError::TopicRefused { topic: "events".into(), code }));
        for partition in [-1, 3] {
            let missing = failure(Instant::START, Some(partition), Known::Partitions(3));
            assert_eq!(missing, Some(ReadError::UnknownPartition { topic: "events".into(), partition }));
        }
    }

    #[test]
    fn what_is_not_known_yet_is_waited_for_until_the_time_is_over() {
        assert_eq!(failure(Instant::START, Some(2), Known::Partitions(3)), None);
        assert_eq!(failure(Instant::START, None, Known::NotYet), None);
        let error = failure(TIME.until(), None, Known::NotYet);
        assert!(matches!(error, Some(ReadError::TimedOut { last, .. }) if last == "no broker"));
    }
}
