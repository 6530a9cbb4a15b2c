//! Leaders that a broker names which does not lead any more (KIP-951).

use super::*;
use crate::limits;

const MOVED: ErrorCode = ErrorCode::NOT_LEADER_OR_FOLLOWER;

/// Partition 0 is led by broker 1 in epoch 5; broker 2 is there as well.
fn led_by_1() -> Play {
    let mut play = Play::new(|_| ());
    play.world.leader_epoch = Some(5);
    play.connects(1, 10);
    play.connects(2, 10);
    play.has_leaders(&[Some(1)]);
    play
}

#[test]
fn a_later_leader_is_sent_the_batch_at_once() {
    let mut play = led_by_1();
    let _ticket = play.publish_to(0, "1");
    let sent = play.sends();
    play.world.hint = Some((2, 6));
    play.hears_error(&sent, MOVED);
    let again = play.sends();
    assert_eq!((again.broker, again.batches), (2, sent.batches));
    assert_eq!(play.world.introduced, [(2, "k:9092".to_owned())]);
}

#[test]
fn a_leader_that_is_no_later_is_not_believed() {
    for epoch in [4, 5] {
        let mut play = led_by_1();
        let _ticket = play.publish_to(0, "1");
        let sent = play.sends();
        play.world.hint = Some((2, epoch));
        play.hears_error(&sent, MOVED);
        play.sends_nothing();
        play.passes(BACKOFF);
        assert_eq!(play.sends().broker, 1);
    }
}

#[test]
fn metadata_from_before_does_not_undo_a_hint_and_later_metadata_does() {
    let mut play = led_by_1();
    let _ticket = play.publish_to(0, "1");
    let sent = play.sends();
    play.world.hint = Some((2, 6));
    play.hears_error(&sent, MOVED);
    let again = play.sends();
    play.hears_written(&again, 0);

    play.has_leaders(&[Some(1)]);
    let _next = play.publish_to(0, "2");
    let sent = play.sends();
    assert_eq!(sent.broker, 2);
    play.hears_written(&sent, 1);

    play.world.leader_epoch = Some(7);
    play.has_leaders(&[Some(1)]);
    let _last = play.publish_to(0, "3");
    assert_eq!(play.sends().broker, 1);
}

#[test]
fn brokers_that_name_each_other_are_not_asked_in_circles() {
    let mut play = led_by_1();
    let _ticket = play.publish_to(0, "1");
    for leader in [2, 1, 2] {
        let sent = play.sends();
        play.world.hint = Some((leader, 6));
        play.hears_error(&sent, MOVED);
        if leader == 1 {
            play.sends_nothing();
            return;
        }
    }
}

#[test]
fn brokers_that_name_ever_later_leaders_are_asked_without_a_wait_a_few_times_only() {
    let mut play = led_by_1();
    let _ticket = play.publish_to(0, "1");
    for epoch in 0..limits::HINTS_AT_ONCE as i32 {
        let sent = play.sends();
        play.world.hint = Some((1, 6 + epoch));
        play.hears_error(&sent, MOVED);
    }
    let sent = play.sends();
    play.world.hint = Some((1, 60));
    play.hears_error(&sent, MOVED);
    play.sends_nothing();
    play.passes(BACKOFF);
    assert_eq!(play.sends().broker, 1);
}

#[test]
fn a_hint_of_the_last_epoch_is_dropped_once_its_leader_refuses_or_is_not_reached() {
    let ends: [fn(&mut Play); 2] = [
        |play| {
            let sent = play.sends();
            assert_eq!(sent.broker, 2);
            play.hears_error(&sent, MOVED);
            play.passes(BACKOFF);
        },
        |play| {
            let sent = play.sends();
            assert_eq!(sent.broker, 2);
            play.hears_written(&sent, 0);
            play.disconnects(2);
        },
    ];
    for ends in ends {
        let mut play = led_by_1();
        let _ticket = play.publish_to(0, "1");
        let sent = play.sends();
        play.world.hint = Some((2, i32::MAX));
        play.hears_error(&sent, MOVED);
        ends(&mut play);
        let _next = play.publish_to(0, "2");
        assert_eq!(play.sends().broker, 1);
    }
}
