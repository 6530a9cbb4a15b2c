//! From when on an answer is late.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

impl Script {
    /// In how long the oldest answer is late.
    fn late_in(&self) -> Option<Duration> {
        self.net.late_from(BROKER, Role::Control).map(|late| late - self.now.mono)
    }
}

#[test]
fn an_answer_is_held_back_after_four_times_as_long_as_a_quick_one_takes() {
    let mut script = Script::start();
    let conn = script.ready(Role::Control);
    let ms = Duration::from_millis;
    let answers =
        [(ms(30), 4 * SECOND), (ms(30), ms(120)), (SECOND, ms(120)), (ms(1), ms(240)), (ms(1), ms(20))];
    for (number, (took, held)) in (1..).zip(answers) {
        script.requests(conn);
        script.sent(conn);
        let from = script.net.held_from(BROKER, Role::Control).unwrap();
        assert_eq!(from - script.now.mono, held, "request {number}");
        script.passes(took);
        script.hears_metadata(conn, number);
    }
}

#[test]
fn only_the_oldest_request_is_owed_an_answer_and_the_next_one_from_then_on() {
    let mut script = Script::start();
    let conn = script.ready(Role::Control);
    assert_eq!(script.late_in(), None);
    script.requests(conn);
    script.requests(conn);
    script.sent(conn);
    assert_eq!(script.late_in(), Some(limits::PRODUCE_ANSWER));
    script.passes(SECOND / 4);
    script.hears_metadata(conn, 1);
    assert_eq!(script.late_in(), Some(limits::PRODUCE_ANSWER));
}

#[test]
fn what_was_not_handed_to_the_driver_is_not_owed() {
    let mut script = Script::start();
    let conn = script.ready(Role::Control);
    script.requests(conn);
    script.passes(10 * SECOND);
    assert_eq!(script.late_in(), None);
    script.sent(conn);
    assert_eq!(script.late_in(), Some(limits::PRODUCE_ANSWER));
}

#[test]
fn the_time_in_which_a_broker_throttles_does_not_count() {
    let (mut script, conn) = throttle::throttled();
    assert_eq!(script.late_in(), Some(Duration::from_millis(700) + limits::PRODUCE_ANSWER));
    script.hears_metadata(conn, 2);
    script.requests(conn);
    assert_eq!(script.late_in(), None, "it is held back");
    script.passes(Duration::from_millis(700));
    script.sent(conn);
    assert_eq!(script.late_in(), Some(limits::PRODUCE_ANSWER));
}

#[test]
fn a_request_on_a_slow_line_is_not_owed_an_answer_while_it_gets_on() {
    let mut script = Script::start();
    let conn = script.ready(Role::Control);
    script.requests(conn);
    script.requests(conn);
    script.net.transmit(conn, &mut Vec::new());
    script.passes(SECOND);
    assert_eq!(script.late_in(), Some(Duration::ZERO), "it stands still");
    script.net.transmitted(script.now, conn, 5);
    assert_eq!(script.late_in(), Some(limits::PRODUCE_ANSWER));
}

#[test]
fn what_is_written_behind_the_oldest_request_is_no_progress() {
    let mut script = Script::start();
    let conn = script.ready(Role::Control);
    script.requests(conn);
    script.sent(conn);
    script.passes(SECOND / 2);
    script.requests(conn);
    script.sent(conn);
    assert_eq!(script.late_in(), Some(limits::PRODUCE_ANSWER / 2));
}

#[test]
fn who_takes_long_is_given_twice_as_long_and_half_of_that_when_it_is_faster_again() {
    let mut script = Script::start();
    let conn = script.ready(Role::Control);
    let paces = [(3000, 6000), (3000, 6000), (100, 3000), (100, 1500), (100, 1000), (600, 1200)];
    script.requests(conn);
    script.sent(conn);
    for (correlation_id, (took, then)) in (1..).zip(paces) {
        script.passes(Duration::from_millis(took));
        script.hears_metadata(conn, correlation_id);
        assert!(matches!(script.learns(), News::Response { .. }));
        script.requests(conn);
        script.sent(conn);
        assert_eq!(script.late_in(), Some(Duration::from_millis(then)), "after answer {correlation_id}");
    }
}
