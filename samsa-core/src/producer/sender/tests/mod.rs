//! The sender's table, line by line.

mod compression;
mod counts;
mod deadline;
mod failover;
mod formats;
mod guarantees;
mod headers;
mod held;
mod hints;
mod idempotence;
mod ids;
mod keyless;
mod linger;
mod renewal;
mod retries;
mod script;
mod swarm;
mod too_large;
mod waits;

use std::time::Duration;

use bytes::Bytes;
use samsa_proto::ErrorCode;
use samsa_proto::records::{Codec, Format, Header};

use self::script::{Play, TIMEOUT, error, not_sent, outcome, possibly_sent, receipt};
use crate::command::Reply;
use crate::config::{Acks, Compression, Retries};
use crate::error::{AppendError, Certainty, PublishFailure};
use crate::explanation::Explanation;
use crate::id::{BrokerId, OpId};
use crate::limits;
use crate::producer::{OutgoingRecord, ProducerInput};

const BACKOFF: Duration = Duration::from_secs(1);

#[test]
fn a_record_goes_at_once_and_its_ticket_gets_the_offset() {
    let mut play = Play::with_leaders(&[1]);
    let ticket = play.publish_to(0, "hello");

    let sent = play.sends();
    assert_eq!((sent.broker, sent.version, sent.acks), (1, 9, -1));
    assert_eq!(sent.values(), ["hello"]);
    assert_eq!(outcome(&ticket), None);

    play.hears_written(&sent, 42);
    assert_eq!((receipt(&ticket).partition, receipt(&ticket).offset), (0, Some(42)));
    assert_eq!(play.buffer.used_bytes(), 0);
    assert_eq!(play.deadline(), None);
}

#[test]
fn the_acknowledgement_asked_for_is_the_one_configured() {
    let mut play = Play::configured(&[1], |config| config.acks = Acks::Leader);
    let _ticket = play.publish_to(0, "hello");
    assert_eq!(play.sends().acks, 1);
}

#[test]
fn records_fill_a_batch_while_a_request_is_in_flight() {
    let mut play = Play::with_leaders(&[1]);
    let _first = play.publish_to(0, "1");
    let first = play.sends();
    let tickets = ["2", "3", "4"].map(|value| play.publish_to(0, value));
    play.sends_nothing();

    play.hears_written(&first, 0);

    let second = play.sends();
    assert_eq!(second.values(), ["2", "3", "4"]);
    play.hears_written(&second, 1);
    assert_eq!(tickets.map(|ticket| receipt(&ticket).offset), [Some(1), Some(2), Some(3)]);
}

#[test]
fn one_request_carries_batches_of_many_partitions() {
    let mut play = Play::with_leaders(&[1, 1, 2]);
    for partition in 0..3 {
        let value = partition.to_string();
        let record = OutgoingRecord {
            partition: Some(partition),
            value: Some(value.as_bytes()),
            ..Default::default()
        };
        let _ticket = play.append(&record);
    }
    play.hears(ProducerInput::BatchesReady);
    assert_eq!(play.sends().partitions(), [0, 1]);
    assert_eq!(play.sends().partitions(), [2]);
    play.sends_nothing();
}

#[test]
fn no_more_requests_are_in_flight_than_the_limit_and_the_next_goes_when_one_ends() {
    let most = limits::PRODUCE_REQUESTS_IN_FLIGHT as i32;
    let mut play = Play::with_leaders(&vec![1; most as usize + 2]);
    for partition in 0..most + 2 {
        let _ticket = play.publish_to(partition, "x");
    }
    let requests: Vec<_> = (0..most).map(|_| play.sends()).collect();
    play.sends_nothing();

    play.hears_written(&requests[0], 0);
    assert_eq!(play.sends().partitions(), [most, most + 1]);
}

#[test]
fn records_wait_for_their_topic_and_then_go_in_order() {
    let mut play = Play::new(|_| ());
    let tickets = ["1", "2"].map(|value| play.publish_to(0, value));
    assert_eq!(play.world.wanted, ["events"]);

    play.has_leaders(&[Some(1)]);
    play.sends_nothing();
    assert_eq!(play.world.asked.first(), Some(&1), "its format is not known: it is asked");

    play.connects(1, 9);
    let sent = play.sends();
    assert_eq!(sent.values(), ["1", "2"]);
    play.hears_written(&sent, 5);
    assert_eq!(tickets.map(|ticket| receipt(&ticket).offset), [Some(5), Some(6)]);
    assert_eq!(play.buffer.used_bytes(), 0);
}

#[test]
fn a_topic_that_stays_unknown_times_out_and_metadata_is_asked_for_again_and_again() {
    let mut play = Play::new(|_| ());
    let ticket = play.publish("hello");
    play.passes(TIMEOUT);
    let error = error(&ticket);
    assert_eq!(error.certainty(), Certainty::NotSent);
    assert!(matches!(error.failure(), PublishFailure::TimedOut { within: TIMEOUT, .. }));
    assert!(error.to_string().contains("the last trouble"), "{error}");
    assert_eq!(error.message().value, Some(Bytes::from_static(b"hello")));
    assert!(play.world.refreshes >= 5, "{}", play.world.refreshes);
    assert_eq!((play.buffer.used_bytes(), play.deadline()), (0, None));
}

#[test]
fn a_topic_that_is_refused_fails_at_once() {
    let mut play = Play::new(|_| ());
    play.world.refusals.insert("events".to_owned(), ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    let ticket = play.publish("hello");
    assert_eq!(*error(&ticket).failure(), PublishFailure::Refused(ErrorCode::TOPIC_AUTHORIZATION_FAILED));
}

#[test]
fn a_retriable_error_sends_the_same_bytes_again_after_a_while() {
    let mut play = Play::with_leaders(&[1]);
    let ticket = play.publish_to(0, "1");
    let first = play.sends();
    play.hears_error(&first, ErrorCode::NOT_ENOUGH_REPLICAS);
    let _later = play.publish_to(0, "2");
    play.sends_nothing();

    play.passes(BACKOFF);
    let again = play.sends();
    assert_eq!(again.batches, first.batches);
    play.hears_written(&again, 9);
    assert_eq!(receipt(&ticket).offset, Some(9));
    assert_eq!(play.sends().values(), ["2"], "order is kept");
}

#[test]
fn a_moved_leader_is_looked_up_and_followed() {
    let mut play = Play::with_leaders(&[1]);
    play.connects(2, 9);
    let _ticket = play.publish_to(0, "1");
    let first = play.sends();
    play.hears_error(&first, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    assert!(play.world.refreshes > 0);

    play.has_leaders(&[Some(2)]);
    play.passes(BACKOFF);
    let again = play.sends();
    assert_eq!((again.broker, again.batches), (2, first.batches));
}

#[test]
fn a_definite_refusal_fails_the_batch_and_the_next_one_goes() {
    let mut play = Play::with_leaders(&[1]);
    let refused = play.publish_to(0, "1");
    let first = play.sends();
    let _next = play.publish_to(0, "2");
    play.hears_error(&first, ErrorCode::INVALID_RECORD);

    let error = error(&refused);
    assert_eq!(*error.failure(), PublishFailure::Refused(ErrorCode::INVALID_RECORD));
    assert_eq!(error.certainty(), Certainty::NotSent);
    assert_eq!(error.message().value, Some(Bytes::from_static(b"1")));
    assert_eq!(play.sends().values(), ["2"]);
}

#[test]
fn a_refusal_after_an_attempt_without_answer_is_possibly_sent() {
    for ambiguous in [ErrorCode::REQUEST_TIMED_OUT, ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND] {
        let mut play = Play::with_leaders(&[1]);
        let ticket = play.publish_to(0, "1");
        let first = play.sends();
        play.hears_error(&first, ambiguous);
        play.passes(BACKOFF);
        let again = play.sends();
        play.hears_error(&again, ErrorCode::TOPIC_AUTHORIZATION_FAILED);
        assert_eq!(error(&ticket).certainty(), Certainty::PossiblySent, "{ambiguous:?}");
    }
}

#[test]
fn each_partition_of_a_request_has_its_own_fate() {
    let mut play = Play::with_leaders(&[1, 1]);
    let tickets = [0, 1].map(|partition| {
        play.append(&OutgoingRecord { partition: Some(partition), value: Some(b"x"), ..Default::default() })
    });
    play.hears(ProducerInput::BatchesReady);
    let sent = play.sends();
    play.hears_answer(&sent, |partition| match partition {
        0 => (ErrorCode::NONE, 3),
        _ => (ErrorCode::INVALID_RECORD, -1),
    });
    assert_eq!(receipt(&tickets[0]).offset, Some(3));
    assert_eq!(*error(&tickets[1]).failure(), PublishFailure::Refused(ErrorCode::INVALID_RECORD));
}

#[test]
fn a_response_that_lies_is_no_answer() {
    let mut play = Play::with_leaders(&[1]);
    let ticket = play.publish_to(0, "1");
    let first = play.sends();
    let mut lie = first.clone();
    lie.batches[0].partition = 5;
    play.hears_written(&lie, 0);
    assert_eq!(outcome(&ticket), None);

    play.passes(BACKOFF);
    let again = play.sends();
    let (token, version) = (again.token, again.version);
    play.hears(ProducerInput::Response { token, version, frame: Bytes::from_static(b"nonsense") });
    play.passes(TIMEOUT);
    assert_eq!(error(&ticket).certainty(), Certainty::PossiblySent);
}

#[test]
fn an_answer_that_comes_twice_or_for_nothing_changes_nothing() {
    let mut play = Play::with_leaders(&[1]);
    let ticket = play.publish_to(0, "1");
    let sent = play.sends();
    play.hears_written(&sent, 1);
    play.hears_written(&sent, 2);
    play.hears_failure(&sent, possibly_sent());
    assert_eq!(receipt(&ticket).offset, Some(1));
}

#[test]
fn a_topic_that_flaps_out_of_metadata_goes_on_when_it_is_back() {
    let mut play = Play::with_leaders(&[1]);
    let _first = play.publish_to(0, "1");
    let first = play.sends();
    play.loses_topic("events");
    play.hears_written(&first, 0);
    let second = play.publish_to(0, "2");
    play.sends_nothing();
    play.has_leaders(&[Some(1)]);
    let sent = play.sends();
    play.hears_written(&sent, 1);
    assert_eq!(receipt(&second).offset, Some(1));
}

#[test]
fn leaders_that_come_and_go_never_make_a_batch_go_twice() {
    let mut play = Play::with_leaders(&[1]);
    play.disconnects(1);
    let _ticket = play.publish_to(0, "1");
    for _ in 0..5 {
        play.has_leaders(&[Some(2)]);
        play.has_leaders(&[Some(1)]);
    }
    play.connects(1, 9);
    play.connects(2, 9);
    assert_eq!(play.sends().values(), ["1"]);
    play.sends_nothing();
}

#[test]
fn explain_names_what_each_partition_waits_for() {
    let mut play = Play::with_leaders(&[1, 1]);
    let _in_flight = play.publish_to(0, "1");
    play.has_leaders(&[Some(1), None]);
    let _waiting = play.publish_to(1, "2");
    let mut explanation = Explanation::default();
    play.sender.explain(play.now().mono, &mut explanation);
    let lines: Vec<String> =
        explanation.lines.iter().map(|line| format!("{}: {}", line.who, line.what)).collect();
    let expected = [
        "messages for topic \"events\" partition 0: the answer of broker 1",
        "messages for topic \"events\" partition 1: a leader",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn explain_says_since_when_and_until_when_at_the_latest() {
    let mut play = Play::with_leaders(&[1]);
    let (began, second) = (play.now().mono, Duration::from_secs(1));
    let times = |play: &Play| {
        let mut explanation = Explanation::default();
        play.sender.explain(play.now().mono, &mut explanation);
        (explanation.lines[0].since, explanation.lines[0].until)
    };
    let _ticket = play.publish_to(0, "1");
    play.passes(second);
    let sent = play.sends();
    assert_eq!(times(&play), (Some(began), Some(began + TIMEOUT)));

    play.hears_failure(&sent, possibly_sent());
    let (since, until) = times(&play);
    assert_eq!(since, Some(began));
    let now = play.now().mono;
    assert!(until.is_some_and(|until| now < until && until <= now + BACKOFF), "{until:?}");

    play.has_leaders(&[None]);
    play.passes(BACKOFF);
    assert_eq!(times(&play), (Some(began), Some(began + TIMEOUT)), "the rest is over, and nobody leads");

    play.has_leaders(&[Some(1)]);
    let _again = play.sends();
    play.passes(TIMEOUT);
    assert_eq!(times(&play), (Some(began), None), "its time is over, and it may be stored");
}
