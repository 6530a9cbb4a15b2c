//! A broker holds a request back until replicas have what was in it, and reads nothing else on that connection.

use super::script::Sent;
use super::*;
use crate::config::PublishConfig;

/// Broker 2 leads partition 0 and holds back a request with something for it. Then it comes to lead partition 1, too, for which
/// something waits.
fn held_back() -> (Play, Sent) {
    let mut play = Play::with_leaders(&[2, 1]);
    let _confirmed = play.publish_to(0, "a");
    let sent = play.sends();
    play.hears_written(&sent, 0);
    let _held = play.publish_to(0, "b");
    let held = play.sends();
    play.passes(limits::PRODUCE_ANSWER);
    play.has_leaders(&[Some(2), None]);
    let _waits = play.publish_to(1, "x");
    (play, held)
}

#[test]
fn what_came_to_a_leader_does_not_wait_behind_what_it_holds_back_for_another_partition() {
    let (mut play, held) = held_back();
    play.has_leaders(&[Some(2), Some(2)]);
    assert_eq!(play.world.left_behind, [2]);
    play.sends_nothing();
    play.connects(2, 9);
    let sent = play.sends();
    assert_eq!((sent.broker, sent.values()), (2, vec!["x".to_owned()]));
    play.hears_written(&sent, 5);
    play.hears_written(&held, 1);
    play.sends_nothing();
    assert!(play.world.given_up.is_empty());
}

#[test]
fn nothing_of_a_partition_goes_over_the_new_connection_before_the_answer_on_the_one_before() {
    let (mut play, held) = held_back();
    play.has_leaders(&[Some(2), Some(2)]);
    play.connects(2, 9);
    assert_eq!(play.sends().values(), ["x"]);
    let filler = "c".repeat(2 * PublishConfig::default().batch_bytes);
    let _behind = play.publish_to(0, &filler);
    play.sends_nothing();
    play.hears_written(&held, 1);
    assert_eq!(play.sends().values(), [filler]);
}

#[test]
fn a_connection_is_left_behind_for_nothing_but_what_came_since() {
    let mut play = Play::with_leaders(&[2, 2, 2]);
    let _held = play.publish_to(0, "a");
    play.sends();
    play.passes(limits::PRODUCE_ANSWER);
    let _led_all_along = play.publish_to(1, "b");
    assert_eq!(play.sends().values(), ["b"], "behind it");
    play.has_leaders(&[Some(2), Some(2), None]);
    let _out_of_sight = play.publish_to(2, "c");
    play.has_leaders(&[Some(2); 3]);
    assert_eq!(play.sends().values(), ["c"], "it has come from nobody else");
    assert!(play.world.left_behind.is_empty());

    let mut prompt = Play::with_leaders(&[2, 1]);
    let _ticket = prompt.publish_to(0, "a");
    prompt.sends();
    let _moved = prompt.publish_to(1, "x");
    let moved = prompt.sends();
    prompt.hears_error(&moved, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    prompt.has_leaders(&[Some(2), Some(2)]);
    assert_eq!(prompt.sends().values(), ["x"], "its answer is not late");
    assert!(prompt.world.left_behind.is_empty());
}

#[test]
fn what_cannot_be_sent_behind_is_sent_as_soon_as_a_request_counts_as_held_back() {
    let mut play = Play::with_leaders(&[2, 2, 2, 2, 2, 1]);
    for partition in 0..5 {
        let _held = play.publish_to(partition, "a");
        play.sends();
    }
    let _moves = play.publish_to(5, "x");
    let moves = play.sends();
    let since = play.now().mono;
    play.passes(Duration::from_millis(5));
    play.hears_error(&moves, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    play.has_leaders(&[Some(2); 6]);
    play.sends_nothing();
    assert!(play.world.left_behind.is_empty());
    assert_eq!(play.deadline().unwrap().at, since + limits::PRODUCE_HELD);
    play.passes(limits::PRODUCE_HELD);
    assert_eq!(play.world.left_behind, [2]);
    play.connects(2, 9);
    assert_eq!(play.sends().values(), ["x"]);
}

#[test]
fn one_connection_is_left_behind_at_a_time() {
    let (mut play, held) = held_back();
    play.has_leaders(&[Some(2), Some(2)]);
    play.connects(2, 9);
    let again = play.sends();
    play.passes(limits::PRODUCE_ANSWER);
    play.has_topic("others", Some([8; 16]), &[Some(1)]);
    play.has_topic("others", Some([8; 16]), &[Some(2)]);
    let value = Some("y".as_bytes());
    let record = OutgoingRecord { partition: Some(0), value, ..Default::default() };
    let _ticket = play.buffer.topic("others").append(&record, play.now()).unwrap();
    play.hears(ProducerInput::BatchesReady);
    assert_eq!(play.sends().values(), ["y"], "behind what is held back there");
    assert_eq!(play.world.left_behind, [2]);

    play.hears_written(&held, 1);
    play.hears_written(&again, 0);
}

#[test]
fn a_connection_that_was_left_behind_is_given_up_once_others_lead_what_it_owes() {
    let (mut play, held) = held_back();
    play.has_leaders(&[Some(2), Some(2)]);
    play.connects(2, 9);
    play.sends();
    play.has_leaders(&[Some(1), Some(2)]);
    assert_eq!(play.world.given_up, [2]);
    play.hears_failure(&held, possibly_sent());
    let again = play.sends();
    assert_eq!((again.broker, again.batches), (1, held.batches), "the same bytes, at once");
}

/// Something for each of the first two partitions, at once.
fn publish_to_both(play: &mut Play) {
    for partition in [Some(0), Some(1)] {
        let value = Some("x".as_bytes());
        let _ticket = play.append(&OutgoingRecord { partition, value, ..Default::default() });
    }
    play.hears(ProducerInput::BatchesReady);
}

#[test]
fn a_new_leader_tells_soon_what_its_followers_have_and_the_rest_goes_again() {
    let mut play = Play::with_leaders(&[1, 1]);
    play.connects(2, 9);
    publish_to_both(&mut play);
    let together = play.sends();
    let usual = together.timeout_ms;
    assert_eq!(usual, 15_000, "half of the request timeout: nobody led them before");
    play.hears_written(&together, 0);

    play.has_leaders(&[None, None]);
    publish_to_both(&mut play);
    play.has_leaders(&[Some(2), Some(2)]);
    let mut sent = play.sends();
    assert_eq!((sent.partitions(), sent.timeout_ms), (vec![0, 1], 200));
    play.hears_answer(&sent, |partition| {
        if partition == 0 { (ErrorCode::NONE, 1) } else { (ErrorCode::REQUEST_TIMED_OUT, -1) }
    });
    for _ in 0..3 {
        play.passes(Duration::from_millis(150));
        let again = play.sends();
        assert_eq!((again.partitions(), again.timeout_ms), (vec![1], 200), "soon, each time");
        assert_eq!(again.batches[0], *sent.batches.last().expect("one"), "the same bytes");
        play.hears_error(&again, ErrorCode::REQUEST_TIMED_OUT);
        sent = again;
    }
    play.passes(limits::NEW_LEADER);
    let last = play.sends();
    play.hears_error(&last, ErrorCode::REQUEST_TIMED_OUT);
    play.passes(Duration::from_secs(1));
    let again = play.sends();
    assert_eq!((again.partitions(), again.timeout_ms), (vec![1], usual), "it is new no more");
    play.hears_written(&again, 1);
    publish_to_both(&mut play);
    assert_eq!(play.sends().timeout_ms, usual);
}

#[test]
fn a_broker_that_came_to_lead_something_has_little_time_for_all_that_it_leads() {
    let mut play = Play::with_leaders(&[1, 2]);
    let _moves = play.publish_to(0, "a");
    let lost = play.sends();
    play.hears_error(&lost, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    play.has_leaders(&[Some(2), Some(2)]);
    assert_eq!(play.sends().timeout_ms, 200);
    let _stays = play.publish_to(1, "b");
    let stays = play.sends();
    assert_eq!((stays.partitions(), stays.timeout_ms), (vec![1], 200), "what moved would wait behind it");
}

#[test]
fn a_leader_that_was_out_of_sight_is_not_new() {
    let mut play = Play::with_leaders(&[1]);
    let _before = play.publish_to(0, "a");
    let before = play.sends();
    play.hears_written(&before, 0);
    play.has_leaders(&[None]);
    play.has_leaders(&[Some(1)]);
    let _since = play.publish_to(0, "b");
    assert_eq!(play.sends().timeout_ms, before.timeout_ms);
}

#[test]
fn what_could_be_stored_twice_waits_for_the_replicas_of_a_new_leader() {
    let mut play = Play::configured(&[1], |config| config.idempotence = false);
    play.connects(2, 9);
    let _before = play.publish_to(0, "a");
    let sent = play.sends();
    play.hears_written(&sent, 0);
    play.has_leaders(&[Some(2)]);
    let _since = play.publish_to(0, "b");
    assert_eq!(play.sends().timeout_ms, sent.timeout_ms);
}
