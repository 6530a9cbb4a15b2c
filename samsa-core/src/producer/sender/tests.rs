//! The sender's table, line by line.

use std::time::Duration;

use bytes::Bytes;
use samsa_proto::ErrorCode;
use samsa_proto::records::{Codec, Format, Header};

use super::script::{Play, TIMEOUT, error, not_sent, outcome, possibly_sent, receipt};
use crate::command::Reply;
use crate::config::{Acks, Compression};
use crate::error::{AppendError, Certainty, PublishFailure};
use crate::id::OpId;
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
    assert_eq!(play.sender.deadline(), None);
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
    assert_eq!((play.buffer.used_bytes(), play.sender.deadline()), (0, None));
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
    play.hears_error(&first, ErrorCode::MESSAGE_TOO_LARGE);

    let error = error(&refused);
    assert_eq!(*error.failure(), PublishFailure::Refused(ErrorCode::MESSAGE_TOO_LARGE));
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

mod deadline {
    use super::*;

    #[test]
    fn a_batch_that_never_left_fails_as_not_sent() {
        let mut play = Play::with_leaders(&[1]);
        play.has_leaders(&[None]);
        let ticket = play.publish_to(0, "1");
        play.passes(TIMEOUT / 2);
        assert_eq!(outcome(&ticket), None);
        play.passes(TIMEOUT / 2);
        assert_eq!(error(&ticket).certainty(), Certainty::NotSent);
        assert!(error(&ticket).is_retriable());
        assert_eq!((play.buffer.used_bytes(), play.sender.deadline()), (0, None));
    }

    #[test]
    fn the_wait_ends_while_a_request_is_in_flight_but_the_partition_waits_for_it() {
        let mut play = Play::with_leaders(&[1]);
        let first = play.publish_to(0, "1");
        let sent = play.sends();
        play.passes(Duration::from_secs(5));
        let second = play.publish_to(0, "2");
        play.passes(Duration::from_secs(5));
        assert_eq!(error(&first).certainty(), Certainty::PossiblySent);
        assert_eq!(outcome(&second), None);
        play.sends_nothing();

        play.hears_failure(&sent, possibly_sent());
        play.passes(BACKOFF);
        let next = play.sends();
        assert_eq!(next.values(), ["2"], "what is over is not sent again");
        play.hears_written(&next, 8);
        assert_eq!(receipt(&second).offset, Some(8));
    }

    #[test]
    fn batches_behind_a_silent_request_fail_as_not_sent() {
        let mut play = Play::with_leaders(&[1]);
        let first = play.publish_to(0, "1");
        let _sent = play.sends();
        play.passes(TIMEOUT);
        let second = play.publish_to(0, "2");
        play.passes(TIMEOUT);
        assert_eq!(error(&first).certainty(), Certainty::PossiblySent);
        assert_eq!(error(&second).certainty(), Certainty::NotSent);
    }

    #[test]
    fn an_answer_after_the_deadline_changes_nothing_but_lets_the_next_batch_go() {
        let mut play = Play::with_leaders(&[1]);
        let first = play.publish_to(0, "1");
        let sent = play.sends();
        play.passes(TIMEOUT);
        let _second = play.publish_to(0, "2");
        play.hears_written(&sent, 4);
        assert_eq!(error(&first).certainty(), Certainty::PossiblySent);
        assert_eq!(play.sends().values(), ["2"]);
    }

    #[test]
    fn no_partition_is_held_up_by_anothers_dead_leader() {
        let mut play = Play::with_leaders(&[1, 2]);
        play.disconnects(2);
        let dead = play.publish_to(1, "dead");
        for number in 0..20 {
            let ticket = play.publish_to(0, "alive");
            let sent = play.sends();
            play.hears_written(&sent, number);
            assert_eq!(receipt(&ticket).offset, Some(number));
            play.passes(Duration::from_secs(1));
        }
        assert!(error(&dead).to_string().contains("connection refused"), "{}", error(&dead));
    }
}

mod linger {
    use super::*;

    const LINGER: Duration = Duration::from_millis(5);

    fn lingering() -> Play {
        Play::configured(&[1], |config| {
            config.linger = LINGER;
            config.batch_bytes = 8 << 10;
            config.buffer_bytes = 64 << 10;
            config.message_bytes = 32 << 10;
        })
    }

    /// So that the topic is settled.
    fn warm() -> Play {
        let mut play = lingering();
        let _ticket = play.publish_to(0, "warm");
        play.passes(LINGER);
        let sent = play.sends();
        play.hears_written(&sent, 0);
        play
    }

    #[test]
    fn a_batch_waits_for_more_until_the_linger_time_is_over() {
        let mut play = warm();
        let _one = play.publish_to(0, "1");
        play.passes(LINGER / 2);
        let _two = play.publish_to(0, "2");
        play.sends_nothing();
        play.passes(LINGER / 2);
        assert_eq!(play.sends().values(), ["1", "2"]);
    }

    #[test]
    fn a_full_batch_does_not_wait() {
        let mut play = warm();
        for _ in 0..3 {
            let _ticket = play.publish_to(0, &"x".repeat(4000));
        }
        assert_eq!(play.sends().values().len(), 2);
    }

    #[test]
    fn a_flush_does_not_let_anything_linger() {
        let mut play = warm();
        let _bound = play.publish_to(0, "1");
        let _free = play.publish("2");
        let until = play.now().mono + TIMEOUT;
        play.hears(ProducerInput::Flush { op: OpId(1), until });
        let first = play.sends();
        play.hears_written(&first, 1);
        assert_eq!([first.values(), play.sends().values()].concat(), ["1", "2"]);
    }

    #[test]
    fn a_buffer_without_room_does_not_let_anything_linger() {
        let mut play = warm();
        let _ticket = play.publish_to(0, "1");
        let mut partition = 0;
        play.has_leaders(&vec![Some(1); 100]);
        loop {
            partition += 1;
            let record =
                OutgoingRecord { partition: Some(partition), value: Some(b"x"), ..Default::default() };
            if play.buffer.topic("events").append(&record, play.now()).is_err() {
                break;
            }
        }
        play.hears(ProducerInput::BatchesReady);
        assert_eq!(play.sends().batches.len(), partition as usize);
    }
}

mod keyless {
    use super::*;

    #[test]
    fn each_batch_sticks_to_one_partition_and_they_are_used_evenly() {
        let mut play = Play::with_leaders(&[1, 2, 3]);
        let mut used = [0; 3];
        for round in 0..30 {
            let tickets = ["a", "b"].map(|value| {
                play.append(&OutgoingRecord { value: Some(value.as_bytes()), ..Default::default() })
            });
            play.hears(ProducerInput::BatchesReady);
            let sent = play.sends();
            assert_eq!(sent.values(), ["a", "b"]);
            used[sent.batches[0].partition as usize] += 1;
            play.hears_written(&sent, round);
            drop(tickets);
        }
        assert_eq!(used, [10; 3]);
    }

    #[test]
    fn partitions_without_a_reachable_leader_get_nothing() {
        let mut play = Play::with_leaders(&[1, 2, 3]);
        play.has_leaders(&[None, Some(2), Some(3)]);
        play.disconnects(3);
        for round in 0..10 {
            let _ticket = play.publish("x");
            let sent = play.sends();
            assert_eq!(sent.partitions(), [1]);
            play.hears_written(&sent, round);
        }
    }

    #[test]
    fn a_slow_broker_gets_less() {
        let mut play = Play::with_leaders(&[1, 2]);
        let _slow = play.publish("slow");
        let never_answered = play.sends();
        for round in 0..10 {
            let _ticket = play.publish("x");
            let sent = play.sends();
            assert_ne!(sent.broker, never_answered.broker);
            play.hears_written(&sent, round);
        }
    }

    #[test]
    fn what_was_certainly_not_sent_moves() {
        let mut play = Play::with_leaders(&[1, 2]);
        let ticket = play.publish("x");
        let first = play.sends();
        play.disconnects(first.broker);
        play.hears_failure(&first, not_sent());
        let again = play.sends();
        assert_ne!(again.broker, first.broker);
        play.hears_written(&again, 7);
        assert_eq!(receipt(&ticket).partition, again.batches[0].partition);
    }

    #[test]
    fn what_was_possibly_sent_stays() {
        let mut play = Play::with_leaders(&[1, 2]);
        let ticket = play.publish("x");
        let first = play.sends();
        play.disconnects(first.broker);
        play.hears_failure(&first, possibly_sent());
        play.passes(BACKOFF);
        play.sends_nothing();
        play.connects(first.broker, 9);
        let again = play.sends();
        assert_eq!(again.batches, first.batches);
        play.hears_written(&again, 7);
        assert_eq!(receipt(&ticket).partition, first.batches[0].partition);
    }

    #[test]
    fn a_refusal_without_offset_moves_and_one_with_offset_stays() {
        for (base_offset, moves) in [(-1, true), (5, false)] {
            let mut play = Play::with_leaders(&[1, 2]);
            let _ticket = play.publish("x");
            let first = play.sends();
            play.hears_answer(&first, |_| (ErrorCode::NOT_LEADER_OR_FOLLOWER, base_offset));
            play.passes(BACKOFF);
            assert_eq!(play.sends().broker != first.broker, moves);
        }
    }

    #[test]
    fn keyed_records_do_not_starve_keyless_ones() {
        let mut play = Play::with_leaders(&[1]);
        let _keyed = play.publish_to(0, "keyed");
        let free = play.publish("free");
        for round in 0..4 {
            let sent = play.sends();
            let _more = play.publish_to(0, "keyed");
            play.hears_written(&sent, round);
        }
        assert!(outcome(&free).is_some());
    }

    #[test]
    fn they_wait_for_a_leader_until_the_deadline() {
        let mut play = Play::with_leaders(&[1]);
        let warm = play.publish("x");
        let sent = play.sends();
        play.hears_written(&sent, 0);
        drop(warm);
        play.has_leaders(&[None]);
        let ticket = play.publish("y");
        play.passes(TIMEOUT);
        assert_eq!(error(&ticket).certainty(), Certainty::NotSent);
        assert!(error(&ticket).to_string().contains("no partition has a leader"), "{}", error(&ticket));
    }
}

mod formats {
    use super::*;

    #[test]
    fn each_leader_is_sent_its_own_format() {
        for (newest, version, format) in [
            (0, 0, Format::V0),
            (1, 1, Format::V0),
            (2, 2, Format::V1),
            (3, 3, Format::V2),
            (13, 13, Format::V2),
        ] {
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
        assert_eq!(
            *error(&ticket).failure(),
            PublishFailure::Refused(ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT)
        );
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
        let ticket =
            play.append(&OutgoingRecord { headers: &headers, value: Some(b"x"), ..Default::default() });
        play.hears(ProducerInput::BatchesReady);
        play.connects(1, 2);
        play.has_leaders(&[Some(1)]);
        let topic = std::sync::Arc::from("events");
        let failure = PublishFailure::Unacceptable(AppendError::HeadersUnsupported { topic });
        assert_eq!(*error(&ticket).failure(), failure);
        assert_eq!(error(&ticket).message().headers, [("trace".to_owned(), None)]);
        assert_eq!(play.buffer.used_bytes(), 0);
    }
}

mod compression {
    use super::*;

    #[test]
    fn a_batch_is_compressed_before_it_goes_and_stays_so() {
        let mut play = Play::configured(&[1], |config| config.compression = Compression::Lz4);
        let ticket = play.publish_to(0, &"hello ".repeat(100));
        play.sends_nothing();
        play.computes();
        let first = play.sends();
        assert_eq!(first.batches[0].read().header().codec, Codec::Lz4);
        play.hears_failure(&first, possibly_sent());
        play.passes(BACKOFF);
        let again = play.sends();
        assert_eq!(again.batches, first.batches);
        play.hears_written(&again, 3);
        assert_eq!(receipt(&ticket).offset, Some(3));
        assert_eq!(play.buffer.used_bytes(), 0);
    }

    #[test]
    fn a_batch_whose_time_is_over_while_it_is_compressed_is_given_up() {
        let mut play = Play::configured(&[1], |config| config.compression = Compression::Lz4);
        let ticket = play.publish_to(0, "1");
        play.passes(TIMEOUT);
        assert_eq!(error(&ticket).certainty(), Certainty::NotSent);
        play.computes();
        play.sends_nothing();
        let _next = play.publish_to(0, "2");
        play.computes();
        assert_eq!(play.sends().values(), ["2"]);
    }
}

mod waits {
    use super::*;

    fn replies(play: &mut Play) -> Vec<(OpId, String)> {
        play.world.replies.drain(..).map(|(op, reply)| (op, format!("{reply:?}"))).collect()
    }

    #[test]
    fn a_flush_is_answered_when_what_came_before_has_its_outcome() {
        let mut play = Play::with_leaders(&[1, 1]);
        let _before = play.publish_to(0, "before");
        let before = play.sends();
        let until = play.now().mono + TIMEOUT;
        play.hears(ProducerInput::Flush { op: OpId(1), until });
        let _after = play.publish_to(1, "after");
        let _after_request = play.sends();
        assert!(play.world.replies.is_empty());

        play.hears_written(&before, 0);
        assert_eq!(replies(&mut play), [(OpId(1), format!("{:?}", Reply::Flush(0)))]);
    }

    #[test]
    fn a_flush_waits_for_records_whose_topic_it_is_the_first_to_settle() {
        let mut play = Play::with_leaders(&[1]);
        let value = Some(&b"1"[..]);
        let _ticket = play.append(&OutgoingRecord { value, ..Default::default() });
        let until = play.now().mono + TIMEOUT;
        play.hears(ProducerInput::Flush { op: OpId(1), until });
        assert!(play.world.replies.is_empty());

        let sent = play.sends();
        play.hears_written(&sent, 0);
        assert_eq!(replies(&mut play), [(OpId(1), format!("{:?}", Reply::Flush(0)))]);
    }

    #[test]
    fn a_flush_with_nothing_to_wait_for_is_answered_at_once() {
        let mut play = Play::with_leaders(&[1]);
        let until = play.now().mono + TIMEOUT;
        play.hears(ProducerInput::Flush { op: OpId(1), until });
        assert_eq!(replies(&mut play), [(OpId(1), format!("{:?}", Reply::Flush(0)))]);
    }

    #[test]
    fn a_flush_whose_time_is_over_says_how_many_records_are_open() {
        let mut play = Play::with_leaders(&[1]);
        play.has_leaders(&[None]);
        let tickets = ["1", "2", "3"].map(|value| play.publish_to(0, value));
        let until = play.now().mono + Duration::from_secs(2);
        play.hears(ProducerInput::Flush { op: OpId(1), until });
        play.passes(Duration::from_secs(2));
        assert_eq!(replies(&mut play), [(OpId(1), format!("{:?}", Reply::Flush(3)))]);
        assert!(tickets.iter().all(|ticket| outcome(ticket).is_none()));
    }

    #[test]
    fn a_close_refuses_later_records_and_waits_for_the_earlier_ones() {
        let mut play = Play::with_leaders(&[1]);
        let ticket = play.publish_to(0, "1");
        let sent = play.sends();
        let until = play.now().mono + TIMEOUT;
        play.hears(ProducerInput::Close { op: OpId(1), until });
        let record = OutgoingRecord { value: Some(b"late"), ..Default::default() };
        let refused = play.buffer.topic("events").append(&record, play.now()).unwrap_err();
        assert_eq!(refused, AppendError::Closed);
        assert!(!play.sender.is_closed());

        play.hears_written(&sent, 0);
        assert_eq!(receipt(&ticket).offset, Some(0));
        assert_eq!(replies(&mut play), [(OpId(1), format!("{:?}", Reply::Close(0)))]);
        assert!(play.sender.is_closed());
    }

    #[test]
    fn a_close_whose_time_is_over_gives_up_what_is_left() {
        let mut play = Play::with_leaders(&[1, 1]);
        let in_flight = play.publish_to(0, "1");
        let sent = play.sends();
        play.has_leaders(&[Some(1), None]);
        let waiting = [play.publish_to(1, "2"), play.publish_to(1, "3")];
        let until = play.now().mono + Duration::from_secs(1);
        play.hears(ProducerInput::Flush { op: OpId(1), until: until + TIMEOUT });
        play.hears(ProducerInput::Close { op: OpId(2), until });
        play.passes(Duration::from_secs(1));

        assert_eq!(error(&in_flight).certainty(), Certainty::PossiblySent);
        for ticket in waiting {
            assert_eq!(error(&ticket).certainty(), Certainty::NotSent);
            assert_eq!(*error(&ticket).failure(), PublishFailure::Closed);
        }
        let close = (OpId(2), format!("{:?}", Reply::Close(3)));
        assert_eq!(replies(&mut play), [close, (OpId(1), format!("{:?}", Reply::Flush(0)))]);
        assert!(play.sender.is_closed());
        assert_eq!((play.buffer.used_bytes(), play.sender.deadline()), (0, None));
        play.hears_written(&sent, 0);
    }

    #[test]
    fn an_abort_gives_every_ticket_and_command_its_outcome() {
        let mut play = Play::with_leaders(&[1, 1]);
        let in_flight = play.publish_to(0, "1");
        let _sent = play.sends();
        play.has_leaders(&[Some(1), None]);
        let waiting = play.publish_to(1, "2");
        let unsettled = play.buffer.topic("other");
        let unseen = unsettled.append(&OutgoingRecord::default(), play.now()).unwrap();
        let until = play.now().mono + TIMEOUT;
        play.hears(ProducerInput::Flush { op: OpId(1), until });

        let mut out = crate::out::Out::default();
        play.sender.abort(&mut out);

        assert_eq!(error(&in_flight).certainty(), Certainty::PossiblySent);
        assert_eq!(error(&waiting).certainty(), Certainty::NotSent);
        assert_eq!(*error(&unseen).failure(), PublishFailure::Closed);
        let flush = format!("{:?}", Reply::Flush(3));
        assert!(
            matches!(out.pop(), Some(crate::Intent::Complete { op: OpId(1), reply }) if format!("{reply:?}") == flush)
        );
        assert_eq!((play.buffer.used_bytes(), play.sender.deadline()), (0, None));
    }
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
    let mut lines = Vec::new();
    play.sender.explain(&mut lines);
    let lines: Vec<String> = lines.iter().map(|line| format!("{}: {}", line.who, line.what)).collect();
    let expected = [
        "messages for topic \"events\" partition 0: the answer of broker 1",
        "messages for topic \"events\" partition 1: a leader",
    ];
    assert_eq!(lines, expected);
}
