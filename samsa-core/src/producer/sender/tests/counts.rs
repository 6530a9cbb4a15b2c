//! What is counted for who watches over the client.

use super::*;
use crate::metrics::PublishMetrics;

fn counts(play: &Play) -> PublishMetrics {
    play.sender.metrics().0
}

#[test]
fn what_a_topic_is_refused_for_counts_as_failed() {
    let mut play = Play::new(|_| ());
    play.world.refusals.insert("events".to_owned(), ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    let tickets = [play.publish("a"), play.publish("b")];
    assert!(tickets.iter().all(|ticket| matches!(error(ticket).failure(), PublishFailure::Refused(_))));
    assert_eq!(counts(&play).failed_records, 2);
}

#[test]
fn what_waits_for_its_topic_when_the_client_closes_counts_as_failed() {
    let mut play = Play::new(|_| ());
    let ticket = play.publish("a");
    play.hears(ProducerInput::Close { op: OpId(1), until: play.now().mono });
    play.passes(BACKOFF);
    assert_eq!(*error(&ticket).failure(), PublishFailure::Closed);
    assert_eq!(counts(&play).failed_records, 1);
}

#[test]
fn a_batch_that_is_refused_and_goes_elsewhere_counts_as_retried() {
    let mut play = Play::with_leaders(&[1, 2]);
    let _ticket = play.publish("x");
    let first = play.sends();
    assert_eq!(counts(&play).retried_batches, 0);
    play.hears_error(&first, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    play.passes(BACKOFF);
    let again = play.sends();
    assert_ne!(again.broker, first.broker);
    assert_eq!(counts(&play).retried_batches, 1);
    play.hears_written(&again, 0);
    assert_eq!((counts(&play).retried_batches, counts(&play).written.batches), (1, 1));
}

#[test]
fn a_batch_that_gave_its_place_in_the_sequence_back_counts_as_retried() {
    let mut play = Play::configured(&[1], |config| config.batch_bytes = 180);
    let _confirmed = play.publish_to(0, "0");
    let sent = play.sends();
    play.hears_written(&sent, 0);
    let _tickets = ["x", "y", "z"].map(|value| {
        let value = value.repeat(100);
        let value = Some(value.as_bytes());
        play.append(&OutgoingRecord { partition: Some(0), value, ..Default::default() })
    });
    play.hears(ProducerInput::BatchesReady);
    let in_flight = [play.sends(), play.sends()];
    play.hears_error(&in_flight[0], ErrorCode::INVALID_RECORD);
    play.hears_error(&in_flight[1], ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    play.passes(BACKOFF);
    assert_eq!(play.sends().values(), ["y".repeat(100)], "the same again");
    assert_eq!((counts(&play).retried_batches, counts(&play).failed_records), (1, 1));
}

#[test]
fn the_halves_of_a_batch_that_was_split_are_new() {
    let mut play = Play::with_leaders(&[1]);
    let _tickets = ["a", "b"].map(|value| {
        let value = Some(value.as_bytes());
        play.append(&OutgoingRecord { partition: Some(0), value, ..Default::default() })
    });
    play.hears(ProducerInput::BatchesReady);
    let whole = play.sends();
    play.hears_error(&whole, ErrorCode::MESSAGE_TOO_LARGE);
    for offset in 0..2 {
        let half = play.sends();
        play.hears_written(&half, offset);
    }
    let counts = counts(&play);
    assert_eq!((counts.split_batches, counts.retried_batches, counts.written.batches), (1, 0, 2));
}

#[test]
fn a_batch_whose_outcome_was_told_waits_no_more_though_its_fate_is_not_known() {
    let mut play = Play::with_leaders(&[1]);
    let ticket = play.publish_to(0, "x");
    let sent = play.sends();
    let waiting =
        |play: &Play| play.sender.metrics().1.iter().map(|of| of.waiting_batches).collect::<Vec<_>>();
    assert_eq!(waiting(&play), [1]);
    play.disconnects(1);
    play.hears_failure(&sent, possibly_sent());
    play.passes(TIMEOUT);
    assert_eq!(error(&ticket).certainty(), Certainty::PossiblySent);
    assert!(waiting(&play).is_empty());
    assert_eq!(counts(&play).failed_records, 1);
}

#[test]
fn a_partition_whose_records_wait_for_a_leader_is_listed() {
    let mut play = Play::with_leaders(&[1, 1]);
    play.has_leaders(&[Some(1), None]);
    let _ticket = play.publish_to(1, "x");
    let published = play.sender.metrics().1;
    let listed: Vec<_> = published.iter().map(|of| (of.partition, of.leader, of.waiting_batches)).collect();
    assert_eq!(listed, [(1, None, 0)]);
}
