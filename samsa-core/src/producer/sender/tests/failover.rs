//! Metadata is asked for while something waits for a leader, and only then.

use super::*;

/// Whether metadata was asked for since the last call.
fn asks(play: &mut Play) -> bool {
    std::mem::take(&mut play.world.is_hurried)
}

#[test]
fn a_broker_that_does_not_lead_has_metadata_asked_for_until_it_tells_of_another_one() {
    let mut play = Play::with_leaders(&[1]);
    play.connects(2, 9);
    let ticket = play.publish_to(0, "x");
    let sent = play.sends();
    assert!(!asks(&mut play));
    play.hears_error(&sent, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    assert!(asks(&mut play));
    for _ in 0..10 {
        play.has_leaders(&[Some(1)]);
        assert!(asks(&mut play));
    }

    play.has_leaders(&[Some(2)]);
    assert!(!asks(&mut play));
    let again = play.sends();
    assert_eq!((again.broker, &again.batches), (2, &sent.batches), "at once");
    play.hears_written(&again, 3);
    assert_eq!(receipt(&ticket).offset, Some(3));
    play.has_leaders(&[Some(2)]);
    assert!(!asks(&mut play));
}

#[test]
fn a_partition_without_leader_has_metadata_asked_for_while_something_waits_there() {
    let mut play = Play::with_leaders(&[1, 1]);
    play.has_leaders(&[Some(1), None]);
    assert!(!asks(&mut play), "nothing waits there");
    let _ticket = play.publish_to(1, "x");
    for _ in 0..10 {
        play.passes(limits::LEADERLESS);
        assert!(asks(&mut play));
    }
    play.has_leaders(&[Some(1), None]);
    assert!(asks(&mut play));
    play.has_leaders(&[Some(1), Some(1)]);
    assert_eq!((asks(&mut play), play.sends().values()), (false, vec!["x".to_owned()]));
}

#[test]
fn a_leader_that_cannot_be_reached_has_metadata_asked_for_until_it_can() {
    let mut play = Play::with_leaders(&[1]);
    play.disconnects(1);
    asks(&mut play);
    let _ticket = play.publish_to(0, "x");
    play.disconnects(1);
    assert!(asks(&mut play));
    play.has_leaders(&[Some(1)]);
    assert!(asks(&mut play));
    play.connects(1, 9);
    asks(&mut play);
    play.has_leaders(&[Some(1)]);
    assert_eq!((asks(&mut play), play.sends().broker), (false, 1));
}

/// A batch that may be stored was lost, and its time is over.
fn one_in_doubt() -> Play {
    let mut play = Play::with_leaders(&[1]);
    let ticket = play.publish_to(0, "x");
    let sent = play.sends();
    play.disconnects(1);
    play.hears_failure(&sent, possibly_sent());
    play.passes(TIMEOUT);
    assert_eq!(error(&ticket).certainty(), Certainty::PossiblySent);
    play
}

#[test]
fn metadata_is_not_hurried_for_a_batch_that_nobody_waits_for() {
    let without_leader: fn(&mut Play) = |play| play.has_leaders(&[None]);
    let without_connection: fn(&mut Play) = |play| play.disconnects(1);
    for goes_on in [without_leader, without_connection] {
        let mut play = one_in_doubt();
        goes_on(&mut play);
        play.passes(BACKOFF);
        asks(&mut play);
        play.world.refreshes = 0;
        goes_on(&mut play);
        play.passes(10 * TIMEOUT);
        assert!(!asks(&mut play));
        assert!(play.world.refreshes <= 1, "{}", play.world.refreshes);

        let _next = play.publish_to(0, "y");
        play.passes(limits::LEADERLESS);
        goes_on(&mut play);
        assert!(asks(&mut play), "somebody waits behind it");
    }
}

#[test]
fn a_leader_that_does_not_lead_is_asked_now_and_then_about_a_batch_that_nobody_waits_for() {
    let mut play = one_in_doubt();
    play.connects(1, 9);
    asks(&mut play);
    let mut attempts = 0;
    for _ in 0..600 {
        while let Some(sent) = play.take_request() {
            attempts += 1;
            play.hears_error(&sent, ErrorCode::NOT_LEADER_OR_FOLLOWER);
            assert!(!asks(&mut play));
        }
        play.passes(limits::LEADERLESS);
    }
    assert!((20..=70).contains(&attempts), "{attempts} in 30 s");
}

#[test]
fn metadata_is_asked_for_again_however_the_last_question_ended() {
    let mut play = Play::with_leaders(&[1]);
    let _ticket = play.publish_to(0, "x");
    let sent = play.sends();
    play.disconnects(1);
    play.hears_failure(&sent, possibly_sent());
    for _ in 0..10 {
        assert!(asks(&mut play));
        play.passes(limits::LEADERLESS);
    }
}

#[test]
fn a_broker_that_stands_still_is_doubted_now_and_then() {
    let mut play = Play::with_leaders(&[1]);
    let _ticket = play.publish_to(0, "x");
    let sent = play.sends();
    play.passes(limits::PRODUCE_ANSWER);
    assert!(asks(&mut play));
    play.passes(limits::PRODUCE_DOUBT / 2);
    assert!(!asks(&mut play));
    play.passes(limits::PRODUCE_DOUBT / 2);
    assert!(asks(&mut play));
    play.hears_written(&sent, 0);
    play.passes(limits::PRODUCE_ANSWER);
    assert!(!asks(&mut play));
}

#[test]
fn a_broker_that_stands_still_is_given_up_once_others_lead_what_was_sent_there() {
    let mut play = Play::with_leaders(&[1, 1]);
    play.connects(2, 9);
    let _tickets = [play.publish_to(0, "x"), play.publish_to(1, "y")];
    let first = play.sends();
    let second = play.sends();
    play.has_leaders(&[Some(2), Some(2)]);
    assert!(play.world.given_up.is_empty(), "it may answer still");

    play.passes(limits::PRODUCE_ANSWER);
    play.has_leaders(&[Some(1), Some(1)]);
    assert!(play.world.given_up.is_empty(), "it leads still");
    play.has_leaders(&[Some(2), Some(1)]);
    assert_eq!(play.world.given_up, [1]);
    play.hears_failure(&first, possibly_sent());
    assert_eq!(play.sends().broker, 2, "at once");
    play.hears_failure(&second, possibly_sent());
    play.sends_nothing();
}

#[test]
fn a_request_that_waits_for_its_turn_is_not_held_against_the_broker() {
    let mut play = Play::with_leaders(&[1, 1]);
    play.connects(2, 9);
    let _tickets = [play.publish_to(0, "slow"), play.publish_to(1, "y")];
    let slow = play.sends();
    play.passes(limits::PRODUCE_ANSWER);
    play.has_leaders(&[Some(1), Some(2)]);
    assert!(play.world.given_up.is_empty(), "the broker works at the first one, which it leads");

    play.hears_written(&slow, 0);
    play.has_leaders(&[Some(1), Some(2)]);
    assert!(play.world.given_up.is_empty(), "the second one has its turn only now");
    play.passes(limits::PRODUCE_ANSWER);
    play.has_leaders(&[Some(1), Some(2)]);
    assert_eq!(play.world.given_up, [1]);
}

#[test]
fn a_broker_that_throttles_owes_nothing() {
    let mut play = Play::with_leaders(&[1]);
    play.connects(2, 9);
    play.world.is_throttled = true;
    let _ticket = play.publish_to(0, "x");
    play.passes(TIMEOUT / 2);
    play.has_leaders(&[Some(2)]);
    assert!(!asks(&mut play));
    assert!(play.world.given_up.is_empty());
}

#[test]
fn a_leader_that_refuses_for_another_reason_leads_and_is_not_doubted_any_more() {
    let mut play = Play::configured(&[1], |config| config.delivery_timeout = 60 * BACKOFF);
    let _ticket = play.publish_to(0, "x");
    let sent = play.sends();
    play.disconnects(1);
    play.hears_failure(&sent, possibly_sent());
    play.connects(1, 9);
    play.passes(2 * limits::LEADERLESS);
    let mut attempts = 0;
    for _ in 0..200 {
        while let Some(sent) = play.take_request() {
            attempts += 1;
            play.hears_error(&sent, ErrorCode::NOT_ENOUGH_REPLICAS);
            play.passes(limits::LEADERLESS);
            asks(&mut play);
        }
        play.has_leaders(&[Some(1)]);
        play.passes(limits::LEADERLESS);
        assert!(!asks(&mut play));
    }
    assert!((5..=30).contains(&attempts), "{attempts} in ten seconds");
}

#[test]
fn what_the_leader_before_refused_is_not_held_against_the_next_one() {
    let mut play = Play::with_leaders(&[1]);
    play.connects(2, 9);
    let _ticket = play.publish_to(0, "x");
    for _ in 0..5 {
        let sent = play.sends();
        play.hears_error(&sent, ErrorCode::NOT_ENOUGH_REPLICAS);
        play.passes(BACKOFF);
    }
    let sent = play.sends();
    play.hears_error(&sent, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    play.has_leaders(&[Some(2)]);
    let sent = play.sends();
    assert_eq!(sent.broker, 2);
    play.hears_error(&sent, ErrorCode::NOT_ENOUGH_REPLICAS);
    play.passes(Duration::from_millis(150));
    assert_eq!(play.sends().broker, 2, "after a first, short wait");
}
