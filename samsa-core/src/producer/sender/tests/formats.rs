//! Each leader's record format.

use super::*;

#[test]
fn each_leader_is_sent_its_own_format() {
    for (newest, version, format) in
        [(0, 0, Format::V0), (1, 1, Format::V0), (2, 2, Format::V1), (3, 3, Format::V2), (13, 13, Format::V2)]
    {
        let mut play = Play::new(|_| ());
        play.connects(1, newest);
        play.has_leaders(&[Some(1)]);
        let ticket = play.publish_to(0, "hello");
        let sent = play.sends();
        assert_eq!(sent.version, version);
        assert_eq!(sent.batches[0].read().header().format, format);
        play.hears_written(&sent, 0);
        assert_eq!(receipt(&ticket).timestamp.is_some(), format != Format::V0);
    }
}

#[test]
fn a_topic_without_id_is_sent_by_name() {
    let mut play = Play::new(|_| ());
    play.connects(1, 13);
    play.has_topic("events", None, &[Some(1)]);
    let _ticket = play.publish_to(0, "hello");
    assert_eq!(play.sends().version, 12);
}

#[test]
fn what_is_certainly_not_sent_is_written_anew_for_an_older_leader() {
    let mut play = Play::with_leaders(&[1]);
    play.connects(2, 2);
    let _ticket = play.publish_to(0, "hello");
    let first = play.sends();
    play.hears_failure(&first, not_sent());
    play.has_leaders(&[Some(2)]);
    play.passes(BACKOFF);
    let again = play.sends();
    assert_eq!((again.version, again.values()), (2, vec!["hello".to_owned()]));
    assert_eq!(again.batches[0].read().header().format, Format::V1);
}

#[test]
fn what_was_possibly_sent_is_not_written_anew() {
    let mut play = Play::with_leaders(&[1]);
    play.connects(2, 2);
    let ticket = play.publish_to(0, "hello");
    let first = play.sends();
    play.hears_failure(&first, possibly_sent());
    play.has_leaders(&[Some(2)]);
    play.passes(BACKOFF);
    play.sends_nothing();
    assert_eq!(*error(&ticket).failure(), PublishFailure::Refused(ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT));
    assert_eq!(error(&ticket).certainty(), Certainty::PossiblySent);
}

#[test]
fn a_newer_leader_is_sent_the_same_bytes_in_an_older_request() {
    let mut play = Play::new(|_| ());
    play.connects(1, 2);
    play.has_leaders(&[Some(1)]);
    play.connects(2, 9);
    let _ticket = play.publish_to(0, "hello");
    let first = play.sends();
    play.hears_failure(&first, possibly_sent());
    play.has_leaders(&[Some(2)]);
    play.passes(BACKOFF);
    let again = play.sends();
    assert_eq!((again.version, again.batches), (2, first.batches));
}

#[test]
fn accepted_headers_that_turn_out_unsupported_are_an_error() {
    let mut play = Play::new(|_| ());
    let headers = [Header::new("trace", None)];
    let ticket = play.append(&OutgoingRecord { headers: &headers, value: Some(b"x"), ..Default::default() });
    play.hears(ProducerInput::BatchesReady);
    play.connects(1, 2);
    play.has_leaders(&[Some(1)]);
    let topic = std::sync::Arc::from("events");
    let failure = PublishFailure::Unacceptable(AppendError::HeadersUnsupported { topic });
    assert_eq!(*error(&ticket).failure(), failure);
    assert_eq!(error(&ticket).message().headers, [("trace".to_owned(), None)]);
    assert_eq!(play.buffer.used_bytes(), 0);
}

#[test]
fn a_leader_that_keeps_messages_of_old_is_sent_such_and_asked_again_later() {
    let mut play = Play::with_leaders(&[1]);
    let ticket = play.publish_to(0, "1");
    let refused = play.sends();
    assert!(refused.batches[0].read().header().identity.is_some());
    play.hears_error(&refused, ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT);
    let again = play.sends();
    assert_eq!((again.version, again.values()), (2, vec!["1".to_owned()]), "at once");
    assert_eq!(again.batches[0].read().header().format, Format::V1);
    play.hears_written(&again, 7);
    assert_eq!(receipt(&ticket).offset, Some(7));

    let headers = [Header::new("trace", None)];
    let ticket = play.append(&OutgoingRecord { headers: &headers, partition: Some(0), ..Default::default() });
    play.hears(ProducerInput::BatchesReady);
    let refused = PublishFailure::Unacceptable(AppendError::HeadersUnsupported { topic: "events".into() });
    assert_eq!((error(&ticket).failure(), error(&ticket).certainty()), (&refused, Certainty::NotSent));
    let _next = play.publish_to(0, "2");
    let next = play.sends();
    assert_eq!(next.version, 2, "without a question");
    play.hears_written(&next, 8);

    play.passes(Duration::from_secs(60));
    let _later = play.publish_to(0, "3");
    let later = play.sends();
    assert_eq!(later.version, 9);
    assert!(later.batches[0].read().header().identity.is_some());
}

#[test]
fn what_may_be_stored_with_an_identity_is_not_sent_without_one() {
    let mut play = Play::with_leaders(&[1]);
    let ticket = play.publish_to(0, "1");
    let sent = play.sends();
    play.hears_failure(&sent, possibly_sent());
    play.passes(BACKOFF);
    let again = play.sends();
    assert_eq!(again.batches, sent.batches);
    let next = play.publish_to(0, "2");
    play.hears_error(&again, ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT);
    play.sends_nothing();
    let refused = PublishFailure::Refused(ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT);
    assert_eq!((error(&ticket).failure(), error(&ticket).certainty()), (&refused, Certainty::PossiblySent));
    assert_eq!((error(&next).failure(), error(&next).certainty()), (&refused, Certainty::NotSent));
    assert_eq!(play.buffer.used_bytes(), 0);
}

#[test]
fn what_was_written_with_an_identity_is_not_followed_by_messages_of_old_after_another_identity() {
    let mut play = Play::with_leaders(&[1]);
    let _first = play.publish_to(0, "1");
    let sent = play.sends();
    play.hears_written(&sent, 0);
    let ticket = play.publish_to(0, "2");
    let sent = play.sends();
    play.hears_error(&sent, ErrorCode::UNKNOWN_PRODUCER_ID);
    let renewed = play.sends();
    play.hears_error(&renewed, ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT);
    play.sends_nothing();
    let refused = PublishFailure::Refused(ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT);
    assert_eq!((error(&ticket).failure(), error(&ticket).certainty()), (&refused, Certainty::NotSent));

    play.passes(Duration::from_secs(60));
    let _later = play.publish_to(0, "3");
    assert!(play.sends().batches[0].read().header().identity.is_some(), "the leader is asked again");
}

#[test]
fn a_refusal_with_an_offset_may_be_stored_and_nothing_follows_without_an_identity() {
    let mut play = Play::with_leaders(&[1]);
    let ticket = play.publish_to(0, "1");
    let sent = play.sends();
    play.hears_answer(&sent, |_| (ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT, 5));
    play.sends_nothing();
    assert_eq!(error(&ticket).certainty(), Certainty::PossiblySent);
}

#[test]
fn keyless_messages_leave_a_partition_with_numbers_whose_leader_keeps_messages_of_old() {
    let mut play = Play::with_leaders(&[1, 2]);
    for partition in 0..2 {
        let _first = play.publish_to(partition, "0");
        let sent = play.sends();
        play.hears_written(&sent, 0);
    }
    let mut refusals = 0;
    for round in 1..5 {
        let ticket = play.publish("x");
        let mut sent = play.sends();
        if sent.broker == 1 {
            refusals += 1;
            play.hears_error(&sent, ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT);
            sent = play.sends();
        }
        assert_eq!((sent.broker, sent.version), (2, 9));
        play.hears_written(&sent, round);
        assert_eq!(receipt(&ticket).partition, 1);
    }
    assert_eq!(refusals, 1, "it is not asked again at once");
}

#[test]
fn a_format_that_is_refused_where_something_was_stored_with_an_identity_is_an_error() {
    let mut play = Play::with_leaders(&[1]);
    let _first = play.publish_to(0, "1");
    let sent = play.sends();
    play.hears_written(&sent, 0);
    let ticket = play.publish_to(0, "2");
    let sent = play.sends();
    play.hears_error(&sent, ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT);
    play.sends_nothing();
    assert_eq!(*error(&ticket).failure(), PublishFailure::Refused(ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT));
    assert_eq!(error(&ticket).certainty(), Certainty::NotSent);
}

#[test]
fn what_the_leader_before_keeps_is_not_held_against_the_next_one() {
    let mut play = Play::with_leaders(&[1]);
    play.connects(2, 9);
    let ticket = play.publish_to(0, "1");
    let sent = play.sends();
    play.has_leaders(&[Some(2)]);
    play.hears_error(&sent, ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT);
    let again = play.sends();
    assert_eq!((again.broker, again.version, &again.batches), (2, 9, &sent.batches), "at once");
    play.hears_written(&again, 3);
    assert_eq!(receipt(&ticket).offset, Some(3));
}

#[test]
fn what_is_written_after_the_minute_is_written_as_the_leader_takes_it() {
    let mut play = Play::with_leaders(&[1]);
    let written = |play: &Play| play.sender.topics[0].partitions[0].told.map(|form| form.format);
    let _first = play.publish_to(0, "1");
    let sent = play.sends();
    play.hears_error(&sent, ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT);
    let again = play.sends();
    play.hears_written(&again, 0);
    assert_eq!(written(&play), Some(Format::V1));
    play.passes(Duration::from_secs(60));
    let _later = play.publish_to(0, "2");
    assert_eq!(play.sends().version, 9);
    assert_eq!(written(&play), Some(Format::V2));
}
