//! Partitions that lose their identity, and take another one.

use super::idempotence::{numbers, pipelined, publish};
use super::*;
use crate::producer::sender::place::{Place, Spot};

#[test]
fn batches_behind_a_refused_one_go_on_under_another_identity_when_all_are_answered() {
    let mut play = pipelined();
    let tickets = publish(&mut play, ["1", "2", "3"]);
    let sent = [(); 3].map(|()| play.sends());
    play.hears_error(&sent[0], ErrorCode::MESSAGE_TOO_LARGE);
    play.hears_error(&sent[1], ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    play.sends_nothing();
    play.hears_error(&sent[2], ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    assert_eq!(error(&tickets[0]).certainty(), Certainty::NotSent);
    for (offset, value) in [(1, "2"), (2, "3")] {
        let again = play.sends();
        assert_eq!((numbers(&again), again.values()), ((1, 1, offset as i32 - 1), vec![value.to_owned()]));
        play.hears_written(&again, offset);
    }
}

#[test]
fn what_may_be_stored_behind_a_refused_batch_never_takes_another_identity() {
    let mut play = pipelined();
    let tickets = publish(&mut play, ["1", "2", "3", "4"]);
    let sent = [(); 4].map(|()| play.sends());
    play.hears_error(&sent[0], ErrorCode::INVALID_RECORD);
    play.hears_error(&sent[1], ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    play.hears_failure(&sent[2], possibly_sent());
    play.hears_failure(&sent[3], not_sent());
    let [_never_sent] = publish(&mut play, ["5"]);
    play.passes(BACKOFF);
    assert_eq!(outcome(&tickets[1]), None);
    for ticket in &tickets[2..] {
        assert_eq!(error(ticket).certainty(), Certainty::PossiblySent);
    }
    let again = play.sends();
    assert_eq!((numbers(&again), again.values()), ((1, 1, 0), vec!["2".to_owned()]));
    play.hears_written(&again, 5);
    let next = play.sends();
    assert_eq!((numbers(&next), next.values()), ((1, 1, 1), vec!["5".to_owned()]));
}

#[test]
fn an_identity_that_the_broker_lost_is_renewed_for_that_partition_alone() {
    let (next_epoch, next_id) = ((1, 1, 0), (2, 0, 0));
    for (code, renewed) in [
        (ErrorCode::UNKNOWN_PRODUCER_ID, next_epoch),
        (ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, next_epoch),
        (ErrorCode::INVALID_PRODUCER_EPOCH, next_id),
        (ErrorCode::INVALID_PRODUCER_ID_MAPPING, next_id),
        (ErrorCode::PRODUCER_FENCED, next_id),
    ] {
        let mut play = Play::with_leaders(&[1, 1]);
        for partition in 0..2 {
            let _first = play.publish_to(partition, "0");
            let sent = play.sends();
            play.hears_written(&sent, 0);
        }
        let ticket = play.publish_to(0, "1");
        let sent = play.sends();
        play.hears_error(&sent, code);
        let again = play.sends();
        assert_eq!(numbers(&again), renewed, "{code:?}");
        play.hears_written(&again, 1);
        assert_eq!(receipt(&ticket).offset, Some(1));
        let _other = play.publish_to(1, "1");
        assert_eq!(numbers(&play.sends()), (1, 0, 1), "the other partition keeps its own");
    }
}

#[test]
fn a_broker_that_takes_no_identity_is_not_asked_without_rest() {
    for code in [ErrorCode::UNKNOWN_PRODUCER_ID, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER] {
        let mut play = pipelined();
        let [ticket] = publish(&mut play, ["1"]);
        for _ in 0..2 {
            let sent = play.sends();
            play.hears_error(&sent, code);
        }
        play.sends_nothing();
        play.passes(BACKOFF);
        let sent = play.sends();
        play.hears_written(&sent, 1);
        assert_eq!(receipt(&ticket).offset, Some(1));
    }
}

#[test]
fn a_batch_of_unknown_fate_ends_possibly_sent_when_the_broker_lost_its_identity() {
    let mut play = pipelined();
    let [ticket] = publish(&mut play, ["1"]);
    let sent = play.sends();
    play.hears_failure(&sent, possibly_sent());
    let [next] = publish(&mut play, ["2"]);
    play.passes(BACKOFF);
    let again = play.sends();
    play.hears_error(&again, ErrorCode::UNKNOWN_PRODUCER_ID);
    assert_eq!(error(&ticket).certainty(), Certainty::PossiblySent);
    let sent = play.sends();
    assert_eq!((numbers(&sent), sent.values()), ((1, 1, 0), vec!["2".to_owned()]));
    play.hears_written(&sent, 2);
    assert_eq!((receipt(&next).offset, play.buffer.used_bytes()), (Some(2), 0));
}

#[test]
fn a_new_identity_waits_for_what_is_in_flight() {
    let mut play = pipelined();
    let tickets = publish(&mut play, ["1", "2"]);
    let sent = [(); 2].map(|()| play.sends());
    play.hears_error(&sent[0], ErrorCode::INVALID_PRODUCER_EPOCH);
    play.passes(BACKOFF);
    play.sends_nothing();
    play.hears_written(&sent[1], 1);
    assert_eq!(receipt(&tickets[1]).offset, Some(1));
    assert_eq!(numbers(&play.sends()), (2, 0, 0));
}

#[test]
fn the_identity_outlives_the_topics_absence_but_not_a_topic_made_anew() {
    let mut play = pipelined();
    play.loses_topic("events");
    play.has_leaders(&[Some(1)]);
    let [_ticket] = publish(&mut play, ["1"]);
    let sent = play.sends();
    assert_eq!(numbers(&sent), (1, 0, 1));
    play.hears_failure(&sent, not_sent());
    play.has_topic("events", Some([8; 16]), &[Some(1)]);
    play.passes(BACKOFF);
    assert_eq!(numbers(&play.sends()), (1, 1, 0));
}

#[test]
fn after_the_last_epoch_a_partition_takes_another_id() {
    let mut play = pipelined();
    let place = Place { topic: 0, spot: Spot::Partition(0) };
    let sequence = play.sender.partition(place).unwrap().sequence.as_mut().unwrap();
    sequence.producer.epoch = i16::MAX - 1;
    for renewed in [(1, i16::MAX, 0), (2, 0, 0)] {
        let [ticket] = publish(&mut play, ["1"]);
        let sent = play.sends();
        play.hears_error(&sent, ErrorCode::UNKNOWN_PRODUCER_ID);
        let again = play.sends();
        assert_eq!(numbers(&again), renewed);
        play.hears_written(&again, 1);
        assert_eq!(receipt(&ticket).offset, Some(1));
    }
}

#[test]
fn not_even_a_partition_whose_identity_is_spent_is_written_in_an_older_format() {
    let mut play = pipelined();
    let [_first] = publish(&mut play, ["1"]);
    let sent = play.sends();
    play.connects(2, 2);
    play.has_leaders(&[Some(2)]);
    play.hears_error(&sent, ErrorCode::UNKNOWN_PRODUCER_ID);
    let [ticket] = publish(&mut play, ["2"]);
    play.passes(BACKOFF);
    play.sends_nothing();
    assert_eq!(*error(&ticket).failure(), PublishFailure::Refused(ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT));
}
