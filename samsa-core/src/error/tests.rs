//! Which errors pass, and that each says what to do.

use super::*;

fn topic() -> Arc<str> {
    "events".into()
}

const DENIED: ErrorCode = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
const PASSES: ErrorCode = ErrorCode::NOT_LEADER_OR_FOLLOWER;
const WITHIN: Duration = Duration::from_secs(1);

#[test]
fn of_a_message_that_was_not_accepted_only_want_of_room_passes() {
    assert!(AppendError::Full { limit: 1 }.is_retriable());
    for lasting in [
        AppendError::TooLarge { size: 2, limit: 1 },
        AppendError::SetTooLarge { count: 1, size: 2, limit: 1 },
        AppendError::EmptySet,
        AppendError::UnknownPartition { topic: topic(), partition: 3, count: 3 },
        AppendError::HeadersUnsupported { topic: topic() },
        AppendError::TooManyTopics { limit: 1 },
        AppendError::Closed,
    ] {
        assert!(!lasting.is_retriable(), "{lasting}");
        assert!(!PublishFailure::Unacceptable(lasting.clone()).is_retriable(), "{lasting}");
    }
    assert!(PublishFailure::Unacceptable(AppendError::Full { limit: 1 }).is_retriable());
}

#[test]
fn of_a_message_that_failed_passes_what_the_broker_or_the_time_was_the_reason_for() {
    let last = || "no leader".to_owned();
    for passing in [
        PublishFailure::TimedOut { within: WITHIN, last: last() },
        PublishFailure::NotRetried { last: last() },
        PublishFailure::Refused(PASSES),
    ] {
        assert!(passing.is_retriable(), "{passing}");
    }
    for lasting in [
        PublishFailure::Refused(DENIED),
        PublishFailure::TooLarge { count: 1, size: 2, code: ErrorCode::MESSAGE_TOO_LARGE },
        PublishFailure::Closed,
    ] {
        assert!(!lasting.is_retriable(), "{lasting}");
    }
}

#[test]
fn of_reading_passes_what_was_late_or_too_much_and_a_refusal_that_passes() {
    for passing in [
        ReadError::TimedOut { topic: topic(), within: WITHIN, last: String::new() },
        ReadError::Busy { open: 1 },
        ReadError::TopicRefused { topic: topic(), code: PASSES },
        ReadError::Refused { topic: topic(), partition: 0, code: PASSES },
    ] {
        assert!(passing.is_retriable(), "{passing}");
    }
    for lasting in [
        ReadError::UnknownTopic { topic: topic() },
        ReadError::UnknownPartition { topic: topic(), partition: 0 },
        ReadError::TopicRefused { topic: topic(), code: DENIED },
        ReadError::Refused { topic: topic(), partition: 0, code: DENIED },
        ReadError::OutOfRange { topic: topic(), partition: 0, offset: 1 },
        ReadError::Truncated { topic: topic(), partition: 0, offset: 2, from: 1 },
        ReadError::Corrupt { topic: topic(), partition: 0, offset: 1, reason: String::new() },
        ReadError::RackTooLong { bytes: 2, limit: 1 },
        ReadError::Closed,
    ] {
        assert!(!lasting.is_retriable(), "{lasting}");
    }
}

#[test]
fn to_wait_for_a_connection_once_more_may_help_unless_the_client_is_closed() {
    assert!(ConnectError::Unreachable { within: WITHIN, last: String::new() }.is_retriable());
    assert!(ConnectError::Busy { waiting: 1 }.is_retriable());
    assert!(!ConnectError::Closed.is_retriable());
}

#[test]
fn a_refusal_says_what_to_do_about_it() {
    let refused = |code| ReadError::Refused { topic: topic(), partition: 2, code }.to_string();
    let text = refused(DENIED);
    assert!(
        text.starts_with("topic \"events\" partition 2: the broker refused: TOPIC_AUTHORIZATION_FAILED"),
        "{text}"
    );
    assert!(
        text.ends_with("; grant this client the permission on the topic, then seek to read on"),
        "{text}"
    );
    assert!(
        refused(ErrorCode::INVALID_REQUEST).contains("; the broker's log may say more, then seek"),
        "a code of which nothing is known"
    );
    let missing = ReadError::UnknownPartition { topic: topic(), partition: 9 }.to_string();
    assert_eq!(missing, "topic \"events\" has no partition 9; its partitions() are those that there are");
    let refused = PublishFailure::Refused(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE).to_string();
    assert!(
        refused.ends_with("; choose another compression or message format, or upgrade the brokers"),
        "{refused}"
    );
    assert!(PublishFailure::Refused(PASSES).to_string().ends_with("; try again"));
}
