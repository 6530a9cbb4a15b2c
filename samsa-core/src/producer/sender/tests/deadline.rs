//! The delivery timeout, wherever it finds a batch.

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
    assert_eq!((play.buffer.used_bytes(), play.deadline()), (0, None));
}

#[test]
fn without_identity_the_wait_ends_while_a_request_is_in_flight_but_the_partition_waits_for_it() {
    let mut play = Play::configured(&[1], |config| config.idempotence = false);
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
fn a_topic_whose_leaders_nobody_has_ever_reached_is_not_called_unknown() {
    let mut play = Play::new(|_| ());
    let ticket = play.publish("hello");
    play.has_leaders(&[Some(1)]);
    play.disconnects(1);
    assert_eq!(outcome(&ticket), None);
    play.passes(TIMEOUT);
    let told = error(&ticket).to_string();
    assert!(told.contains("its leader, broker 1, cannot be reached: connection refused"), "{told}");
    assert!(!told.contains("not known"), "{told}");
}

#[test]
fn a_topic_without_a_leader_and_one_whose_leader_is_silent_are_not_called_unknown() {
    for (leader, why) in [
        (None, "none of its partitions has a leader"),
        (Some(1), "its leader, broker 1, has not told what it takes"),
    ] {
        let mut play = Play::new(|_| ());
        let ticket = play.publish("hello");
        play.has_leaders(&[leader]);
        play.passes(TIMEOUT);
        let told = error(&ticket).to_string();
        assert!(told.contains(why) && !told.contains("not known"), "{told}");
    }
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
