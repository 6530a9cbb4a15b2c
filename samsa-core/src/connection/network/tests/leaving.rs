//! Connections that are left behind with what they owe.

use super::*;

/// A connection that owes an answer and is left behind, and the one that is made instead.
fn left() -> (Script, ConnId, ConnId) {
    let mut script = Script::start();
    let before = script.ready(Role::Control);
    script.requests(before);
    script.sent(before);
    script.net.leave_behind(script.now, BROKER, Role::Control);
    script.does_nothing();
    let now = script.ready(Role::Control);
    assert_ne!(before, now);
    (script, before, now)
}

fn is_closed(script: &mut Script, conn: ConnId) -> bool {
    matches!(script.net.poll_intent(), Some(Intent::Close { conn: closed }) if closed == conn)
}

#[test]
fn what_is_left_behind_gets_its_answers_and_is_closed_then() {
    let (mut script, before, now) = left();
    script.hears_metadata(before, 1);
    assert!(matches!(script.net.poll_news(), Some(News::Response { .. })));
    assert!(is_closed(&mut script, before));
    script.does_nothing();
    assert_eq!(script.asks(Role::Control), Some(now));
}

#[test]
fn the_loss_of_what_was_left_behind_is_none_of_the_new_connection() {
    let (mut script, before, now) = left();
    script.net.disconnected(script.now, before, "reset");
    assert!(matches!(script.net.poll_news(), Some(News::Failed { .. })));
    script.does_nothing();
    assert_eq!(script.asks(Role::Control), Some(now));
}

#[test]
fn what_was_left_behind_is_given_up_first() {
    let (mut script, before, now) = left();
    script.requests(now);
    script.sent(now);
    for conn in [before, now] {
        script.net.give_up(script.now, BROKER, Role::Control, "a test");
        assert!(is_closed(&mut script, conn));
    }
}

#[test]
fn an_answer_is_late_on_whichever_connection_it_is_owed() {
    let (mut script, before, now) = left();
    let late = script.net.late_from(BROKER, Role::Control).unwrap();
    assert_eq!(late, script.now.mono + limits::PRODUCE_ANSWER);
    script.passes(limits::PRODUCE_ANSWER / 2);
    script.requests(now);
    script.sent(now);
    assert_eq!(script.net.late_from(BROKER, Role::Control), Some(late));
    script.hears_metadata(before, 1);
    assert_eq!(script.net.late_from(BROKER, Role::Control), Some(script.now.mono + limits::PRODUCE_ANSWER));
}

#[test]
fn one_connection_is_left_behind_at_a_time() {
    let (mut script, _before, now) = left();
    script.net.leave_behind(script.now, BROKER, Role::Control);
    assert_eq!(script.asks(Role::Control), Some(now));
}

#[test]
fn what_owes_nothing_is_closed_at_once() {
    let mut script = Script::start();
    let conn = script.ready(Role::Control);
    script.net.leave_behind(script.now, BROKER, Role::Control);
    assert!(is_closed(&mut script, conn));
    script.does_nothing();
}

#[test]
fn a_broker_that_is_not_named_any_more_keeps_its_address_while_it_owes_an_answer() {
    let mut script = Script::start();
    let conn = script.ready(Role::Control);
    script.requests(conn);
    script.sent(conn);
    script.net.leave_behind(script.now, BROKER, Role::Control);
    script.net.set_brokers(script.now, BTreeMap::new());
    script.hears_metadata(conn, 1);
    assert!(matches!(script.net.poll_news(), Some(News::Response { .. })));
    assert!(is_closed(&mut script, conn));
    script.net.set_brokers(script.now, BTreeMap::new());
    assert!(!script.net.knows(BROKER));
}

#[test]
fn whoever_waits_for_a_place_to_be_dialled_has_that_of_what_is_released() {
    let mut script = Script::start();
    for role in [Role::Fetch(READER), Role::Control] {
        assert_eq!(script.asks(role), None);
        assert!(matches!(script.net.poll_intent(), Some(Intent::Connect { .. })));
    }
    assert_eq!(script.asks(Role::Produce), None);
    script.does_nothing();
    script.net.release(script.now, Role::Fetch(READER));
    assert!(matches!(script.net.poll_intent(), Some(Intent::Close { .. })));
    assert!(matches!(script.net.poll_intent(), Some(Intent::Connect { .. })));
}
