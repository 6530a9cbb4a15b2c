//! Keyless batches: where they go, and when they move.

use super::*;
use crate::producer::Ticket;

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

#[test]
fn what_could_not_be_sent_and_finds_no_other_leader_fails_at_its_deadline() {
    let mut play = Play::with_leaders(&[1, 2]);
    let ticket = play.publish("x");
    let sent = play.sends();
    play.disconnects(1);
    play.disconnects(2);
    play.hears_failure(&sent, not_sent());
    play.passes(TIMEOUT);
    assert_eq!(error(&ticket).certainty(), Certainty::NotSent);
}

#[test]
fn while_no_partition_has_a_leader_the_topic_is_wanted_again_and_again() {
    let mut play = Play::with_leaders(&[1, 2]);
    let _first = play.publish("0");
    let sent = play.sends();
    play.hears_written(&sent, 0);
    play.loses_topic("events");
    let ticket = play.publish("1");
    let (wanted, refreshes) = (play.world.wanted.len(), play.world.refreshes);
    play.passes(BACKOFF * 3);
    assert!(play.world.wanted.len() > wanted + 1);
    assert!(play.world.refreshes > refreshes);
    play.has_leaders(&[Some(1), Some(2)]);
    let sent = play.sends();
    play.hears_written(&sent, 1);
    assert_eq!(receipt(&ticket).offset, Some(1));
}

#[test]
fn what_every_partition_refused_goes_again_by_itself_once_one_has_rested() {
    let mut play = Play::with_leaders(&[1, 2]);
    let ticket = play.publish("x");
    for _ in 0..2 {
        let sent = play.sends();
        play.hears_error(&sent, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    }
    // Metadata that says the same comes while both rest, and nothing else ever does.
    play.has_leaders(&[Some(1), Some(2)]);
    play.sends_nothing();
    let deadline = play.deadline().expect("a deadline");
    assert!(deadline.at <= play.now().mono + Duration::from_secs(1), "{deadline:?}");
    play.passes(Duration::from_secs(1));
    let again = play.sends();
    play.hears_written(&again, 7);
    assert_eq!(receipt(&ticket).offset, Some(7));
}

/// A keyless message that waits for its leader, broker 2, which is dialled: what the partition was ready for was given back.
fn given_back() -> (Play, Ticket) {
    let mut play = Play::configured(&[2], |config| config.compression = Compression::Lz4);
    let ticket = play.publish("1");
    play.disconnects(2);
    play.computes();
    play.sends_nothing();
    play.disconnects(2);
    (play, ticket)
}

/// The same, and what the partition was ready for has waited for too long.
fn timed_out() -> (Play, Ticket) {
    let mut play = Play::with_leaders(&[2]);
    play.disconnects(2);
    let late = play.publish_to(0, "late");
    play.sends_nothing();
    play.passes(TIMEOUT);
    assert!(outcome(&late).is_some());
    let ticket = play.publish("1");
    (play, ticket)
}

#[test]
fn a_partition_that_was_ready_for_the_leader_before_is_open_at_the_next_one() {
    for waits in [given_back, timed_out] {
        let (mut play, _ticket) = waits();
        play.connects(1, 9);
        play.has_leaders(&[Some(1)]);
        let sent = play.sends();
        assert_eq!((sent.broker, sent.values()), (1, vec!["1".to_owned()]));
    }
}

#[test]
fn a_partition_that_is_ready_with_nothing_is_open_once_its_leader_is_reached() {
    for waits in [given_back, timed_out] {
        let (mut play, _ticket) = waits();
        play.connects(2, 9);
        assert_eq!(play.sends().values(), ["1"]);
    }
}
