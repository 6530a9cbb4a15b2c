//! Brokers that throttle.

use super::*;

/// A connection with two requests in flight; the answer to the first wants the client to wait for 700 ms.
pub(super) fn throttled() -> (Script, ConnId) {
    let mut script = Script::start();
    let conn = script.ready(Role::Control);
    script.requests(conn);
    script.requests(conn);
    assert_eq!(script.sent(conn), [(3, 1), (3, 2)]);
    let response = MetadataResponse { throttle_time_ms: 700, ..Default::default() };
    let frame = encode_response::<MetadataRequest<'_>>(1, 9, &response).unwrap().concat();
    script.hears(conn, &frame);
    assert!(
        matches!(script.learns(), News::Throttled { peer: BROKER, lasts, .. } if lasts.as_millis() == 700)
    );
    assert!(matches!(script.learns(), News::Response { .. }));
    (script, conn)
}

#[test]
fn a_throttled_connection_is_sent_nothing_until_the_time_is_over() {
    let (mut script, conn) = throttled();
    script.requests(conn);
    assert_eq!(script.net.held_until(script.now, conn), Some(script.now.mono + Duration::from_millis(700)));
    assert_eq!(script.net.poll_writable(), None);
    assert_eq!(script.sent(conn), []);
    assert_eq!(script.net.deadline().unwrap().why, "throttled connection");

    script.passes(Duration::from_millis(699));
    assert_eq!(script.sent(conn), []);
    script.passes(Duration::from_millis(1));
    assert_eq!(script.net.held_until(script.now, conn), None);
    assert_eq!(script.net.poll_writable(), Some(conn));
    assert_eq!(script.sent(conn), [(3, 3)]);
}

#[test]
fn what_a_throttled_connection_holds_back_is_never_sent_once_it_is_given_up() {
    let (mut script, conn) = throttled();
    script.net.give_up_unsent(script.now, BROKER, Role::Control, "nobody wants it any more");
    script.does_nothing();
    script.requests(conn);
    script.net.give_up_unsent(script.now, BROKER, Role::Control, "nobody wants it any more");
    assert!(matches!(script.net.poll_intent(), Some(Intent::Close { .. })));
    let failures = [script.learns(), script.learns()];
    assert!(
        matches!(
            &failures,
            [
                News::Failed { failure: Failure::PossiblySent(_), .. },
                News::Failed { failure: Failure::NotSent(_), .. }
            ]
        ),
        "{failures:?}"
    );
}

#[test]
fn what_waits_for_a_broker_that_throttles_waits_so_much_longer() {
    let (mut script, conn) = throttled();
    script.passes(Duration::from_secs(30));
    assert_eq!(script.asks(Role::Control), Some(conn), "the second request has its 30 s, and 700 ms");
    script.passes(Duration::from_millis(700));
    assert_eq!(script.asks(Role::Control), None);
}

#[test]
fn answers_that_throttle_at_the_same_time_do_not_add_up() {
    let (mut script, conn) = throttled();
    script.requests(conn);
    let response = MetadataResponse { throttle_time_ms: 700, ..Default::default() };
    let frame = encode_response::<MetadataRequest<'_>>(2, 9, &response).unwrap().concat();
    script.hears(conn, &frame);
    script.passes(Duration::from_millis(700));
    script.passes(Duration::from_millis(29_999));
    assert_eq!(script.asks(Role::Control), Some(conn));
    script.passes(Duration::from_millis(1));
    assert_eq!(script.asks(Role::Control), None, "the third request has its 30 s, and 700 ms once");
}
