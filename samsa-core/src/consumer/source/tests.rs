//! What both sides know of a partition, whatever comes in between.

use super::Source;
use crate::consumer::progress::Progress;
use crate::consumer::tests::script::source;
use crate::group::Done;

#[test]
fn the_position_is_the_start_until_something_is_taken_and_again_after_a_seek() {
    let source = source(0);
    assert_eq!(source.position(), None);
    source.start_at(7);
    assert_eq!(source.position(), Some(7));
    let first = source.turn();
    source.take_to(first, 9);
    assert_eq!(source.position(), Some(9));

    source.begin_anew();
    assert_eq!(source.position(), None);
    source.start_at(3);
    source.take_to(first, 11);
    assert_eq!(source.position(), Some(3), "what was taken before does not count");
    assert!(!source.hands_out(first) && source.hands_out(source.turn()));
}

#[test]
fn what_is_in_hand_is_not_done() {
    let source = source(0);
    source.start_at(7);
    let turn = source.turn();
    let done = |offset| Some(Done { offset, turn });
    assert_eq!(source.done(false), done(7));
    source.hold(turn, 7);
    source.take_to(turn, 12);
    assert_eq!(source.done(false), done(7));
    let progress = Progress::new(&source, turn);
    progress.done_to(9);
    assert_eq!(source.done(false), done(9));
    progress.done();
    assert_eq!(source.done(false), done(12), "with what is for nobody behind it");
    progress.done_to(3);
    assert_eq!(source.done(false), done(12));
}

#[test]
fn what_is_handed_out_is_what_the_application_was_given_and_not_what_was_taken() {
    let source = source(0);
    source.start_at(100);
    let turn = source.turn();
    assert_eq!(source.handed_out(), None, "where it begins is nothing that was handed out");
    source.hold(turn, 100);
    source.take_to(turn, 200);
    assert_eq!(source.handed_out(), None);
    let progress = Progress::new(&source, turn);
    assert!(progress.hand_out(120));
    progress.done_to(120);
    assert_eq!(source.handed_out(), Some(Done { offset: 120, turn }));
    assert_eq!(source.handed_out(), source.done(false));
    source.begin_anew();
    assert_eq!(source.handed_out(), None, "a seek has left it behind");
    assert!(!progress.hand_out(121));
    assert_eq!(source.handed_out(), None);
}

#[test]
fn what_is_revoked_is_not_handed_out_and_does_not_count() {
    let source = source(0);
    source.start_at(0);
    let turn = source.turn();
    let progress = Progress::new(&source, turn);
    assert!(progress.hand_out(1));
    source.revoke();
    assert!(!progress.hand_out(2));
    assert_eq!(source.handed_out(), Some(Done { offset: 1, turn }));
}

#[test]
fn by_marks_only_what_was_marked_is_done() {
    let source = source(0);
    source.start_at(7);
    source.take_to(source.turn(), 12);
    assert_eq!(source.done(true), None);
    source.mark_to(source.turn(), 10);
    source.mark_to(source.turn(), 9);
    assert_eq!(source.done(true).map(|done| done.offset), Some(10));
    source.begin_anew();
    assert_eq!(source.done(true), None);
}

#[test]
fn what_is_revoked_is_not_handed_out_and_can_still_be_marked() {
    let source = source(0);
    source.start_at(7);
    source.revoke();
    assert!(!source.hands_out(source.turn()) && !source.is_current(source.turn()));
    source.mark_to(source.turn(), 8);
    assert_eq!(source.done(true).map(|done| done.offset), Some(8));
}

#[test]
fn what_was_fetched_before_a_reset_is_done_in_its_own_turn() {
    let source = source(0);
    source.start_at(0);
    let old = source.turn();
    source.take_to(old, 60);
    source.was_reset(90);
    let new = source.turn();
    assert!(new > old && source.hands_out(old), "it comes first");
    source.take_to(old, 80);
    assert_eq!(source.done(false), Some(Done { offset: 80, turn: old }));
    source.take_to(new, 0);
    assert_eq!(source.done(false), Some(Done { offset: 0, turn: new }));
}

#[test]
fn when_nothing_is_left_of_what_came_before_a_reset_it_is_done_up_to_where_it_is_read_on() {
    let source = source(0);
    source.start_at(0);
    let old = source.turn();
    source.hold(old, 0);
    source.take_to(old, 60);
    let progress = Progress::new(&source, old);
    assert!(progress.hand_out(60));
    source.was_reset(90);
    source.resumes_at(5);
    let new = source.turn();
    let done =
        || [source.done(false), source.done(true)].map(|done| done.map(|done| (done.offset, done.turn)));
    assert_eq!(done(), [Some((0, old)), None], "that is in hand");
    progress.done();
    assert_eq!(done(), [Some((60, old)), None], "there is more");
    source.take_to(old, 90);
    assert_eq!(done(), [Some((5, new)), None], "what was handed out is not marked");
    source.mark_to(old, 59);
    assert_eq!(done(), [Some((5, new)), Some((59, old))]);
    source.mark_to(old, 60);
    assert_eq!(done(), [Some((5, new)); 2]);
    source.take_to(new, 8);
    assert_eq!(done(), [Some((8, new)), Some((60, old))]);
}

#[test]
fn what_came_before_a_reset_and_is_revoked_comes_no_more() {
    for is_done in [true, false] {
        let source = source(0);
        source.start_at(0);
        let turn = source.turn();
        source.hold(turn, 0);
        source.take_to(turn, 60);
        let progress = Progress::new(&source, turn);
        assert!(progress.hand_out(40));
        source.was_reset(90);
        source.resumes_at(5);
        source.revoke();
        progress.done_to(if is_done { 40 } else { 39 });
        assert_eq!(source.done(false).map(|done| done.offset), Some(if is_done { 5 } else { 39 }));
    }
}

#[test]
fn what_is_lost_again_before_anything_came_of_it_leaves_what_came_before() {
    let source = source(0);
    source.start_at(100);
    source.was_reset(100);
    assert_eq!(source.done(false).map(|done| done.offset), Some(100), "it is not known where it is read on");
    for resumed in [7, 3] {
        source.resumes_at(resumed);
        let done = Some(Done { offset: resumed, turn: source.turn() });
        assert_eq!([source.done(false), source.done(true)], [done; 2]);
        source.was_reset(resumed);
    }
    source.resumes_at(0);
    source.was_reset(40);
    source.resumes_at(0);
    assert_eq!(
        source.done(false).map(|done| done.offset),
        Some(100),
        "what came in between is not taken yet"
    );
}

#[test]
fn a_mark_for_what_came_before_a_seek_does_not_count() {
    let source = source(0);
    let old = source.turn();
    source.begin_anew();
    source.mark_to(old, 90);
    assert_eq!(source.done(true), None);
    let turn = source.turn();
    source.mark_to(turn, 5);
    assert_eq!(source.done(true), Some(Done { offset: 5, turn }));
}

#[test]
fn a_partition_that_comes_back_does_not_have_the_turns_that_it_had() {
    let (buffer, _) = crate::consumer::tests::script::buffer();
    let before = Source::new(0, &buffer);
    let again = Source::new(0, &buffer);
    assert!(before.turn() < again.turn() && !again.hands_out(before.turn()));
}

#[test]
fn the_lag_is_what_lies_before_the_end() {
    let source = source(0);
    source.start_at(7);
    assert_eq!(source.lag(), None);
    source.ends_at(10);
    for (position, lag) in [(7, 3), (10, 0), (12, 0), (i64::MIN, i64::MIN.unsigned_abs() + 10)] {
        source.start_at(position);
        assert_eq!(source.lag(), Some(lag), "from {position}");
    }
}
