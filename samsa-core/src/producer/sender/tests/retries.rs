//! What may be stored and is not to be sent again.

use super::*;
use crate::connection::Failure;

/// A partition at a leader whose newest Produce version this is.
fn forbidding(newest: i16, idempotence: bool) -> Play {
    let mut play = Play::new(|config| {
        config.idempotence = idempotence;
        config.retries = Retries::OnlyNotSent;
    });
    play.connects(1, newest);
    play.has_leaders(&[Some(1)]);
    play
}

#[test]
fn what_may_be_stored_ends_at_once_and_the_next_goes() {
    for (newest, idempotence) in [(9, false), (2, true)] {
        let mut play = forbidding(newest, idempotence);
        let ticket = play.publish_to(0, "1");
        let sent = play.sends();
        let next = play.publish_to(0, "2");
        play.hears_failure(&sent, possibly_sent());
        let error = error(&ticket);
        assert_eq!(error.certainty(), Certainty::PossiblySent);
        let last = "connection reset".to_owned();
        assert_eq!(*error.failure(), PublishFailure::NotRetried { last });
        assert!(error.is_retriable(), "if the application does not mind");
        assert_eq!(error.message().value, Some(Bytes::from_static(b"1")));

        play.passes(BACKOFF);
        let sent = play.sends();
        assert_eq!(sent.values(), ["2"]);
        play.hears_written(&sent, 7);
        assert_eq!(receipt(&next).offset, Some(7));
        play.passes(BACKOFF);
        assert_eq!((play.buffer.used_bytes(), play.deadline()), (0, None));
    }
}

#[test]
fn an_answer_that_leaves_it_open_is_none() {
    for code in [ErrorCode::REQUEST_TIMED_OUT, ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND] {
        let mut play = forbidding(9, false);
        let ticket = play.publish_to(0, "1");
        let sent = play.sends();
        play.hears_error(&sent, code);
        assert_eq!(error(&ticket).certainty(), Certainty::PossiblySent);
        assert!(matches!(error(&ticket).failure(), PublishFailure::NotRetried { .. }), "{}", error(&ticket));
        play.passes(BACKOFF);
        play.sends_nothing();
    }
}

#[test]
fn what_is_certainly_not_stored_is_tried_until_the_deadline_all_the_same() {
    let mut play = forbidding(9, false);
    let ticket = play.publish_to(0, "1");
    for _ in 0..3 {
        let sent = play.sends();
        play.hears_failure(&sent, not_sent());
        play.passes(BACKOFF);
        let sent = play.sends();
        play.hears_error(&sent, ErrorCode::NOT_ENOUGH_REPLICAS);
        play.passes(BACKOFF);
    }
    let sent = play.sends();
    play.hears_written(&sent, 3);
    assert_eq!(receipt(&ticket).offset, Some(3));

    let ticket = play.publish_to(0, "2");
    let sent = play.sends();
    play.disconnects(1);
    play.hears_failure(&sent, not_sent());
    play.passes(TIMEOUT);
    assert!(matches!(error(&ticket).failure(), PublishFailure::TimedOut { .. }));
    assert_eq!(error(&ticket).certainty(), Certainty::NotSent);
}

#[test]
fn keyless_ones_move_only_while_they_are_certainly_not_stored() {
    let mut play = Play::configured(&[1, 2], |config| {
        config.idempotence = false;
        config.retries = Retries::OnlyNotSent;
    });
    let ticket = play.publish("x");
    let first = play.sends();
    play.hears_failure(&first, not_sent());
    let again = play.sends();
    assert_ne!(again.broker, first.broker);
    play.hears_failure(&again, possibly_sent());
    assert_eq!(error(&ticket).certainty(), Certainty::PossiblySent);
    play.passes(BACKOFF);
    play.sends_nothing();
}

#[test]
fn with_idempotence_in_force_nothing_changes() {
    let mut play = forbidding(9, true);
    let ticket = play.publish_to(0, "1");
    let first = play.sends();
    let lost: [Failure; 2] = [possibly_sent(), not_sent()];
    let mut sent = first.clone();
    for failure in lost {
        play.hears_failure(&sent, failure);
        play.passes(BACKOFF);
        sent = play.sends();
        assert_eq!(sent.batches, first.batches);
    }
    play.hears_written(&sent, 0);
    assert_eq!(receipt(&ticket).offset, Some(0));
}
