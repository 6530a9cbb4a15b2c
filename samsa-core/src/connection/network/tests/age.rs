//! Who is taken for a broker before 0.10.

use super::*;

#[test]
fn a_broker_that_only_ever_answers_metadata_is_spoken_to_as_one_before_0_10() {
    let mut script = Script::start();
    let plain = script.takes_the_broker_for_an_old_one();
    assert_eq!(script.net.version::<MetadataRequest<'_>>(plain), Some(0));
    assert_eq!(script.asks(Role::Produce), Some(plain));
}

#[test]
fn a_broker_that_was_taken_for_an_old_one_is_left_once_its_registration_says_otherwise() {
    let mut script = Script::start();
    let plain = script.takes_the_broker_for_an_old_one();
    script.net.set_registered(script.now, BTreeMap::from([(BrokerId(1), false)]));
    assert!(matches!(script.net.poll_intent(), Some(Intent::Close { conn }) if conn == plain));
    script.learns_that_it_is_unreachable("not as old");
    assert_eq!(script.net.broker_version::<MetadataRequest<'_>>(BrokerId(1)), None);

    script.asks(Role::Produce);
    script.passes(MAX_DIAL_WAIT);
    let again = script.dials();
    script.net.connected(script.now, again);
    assert_eq!(script.sent(again), [(18, 0)]);
    script.net.disconnected(script.now, again, "closed");
    script.learns_that_it_is_unreachable("closed");
    script.does_nothing();
}

#[test]
fn a_broker_that_is_frozen_for_a_while_is_not_taken_for_an_old_one() {
    let mut script = Script::start();
    script.asks(Role::Control);
    for expected in [(18, 0), (3, 0)] {
        let conn = script.dials();
        script.net.connected(script.now, conn);
        assert_eq!(script.sent(conn), [expected]);
        script.passes(limits::FIRST_ANSWER);
        assert!(matches!(script.net.poll_intent(), Some(Intent::Close { .. })));
    }
    script.learns_that_it_is_unreachable("in time");
    script.passes(MAX_DIAL_WAIT);
    script.ready(Role::Control);
}

#[test]
fn a_modern_broker_that_closes_is_asked_for_its_versions_again_and_nothing_else() {
    let mut script = Script::start();
    let conn = script.ready(Role::Control);
    script.net.disconnected(script.now, conn, "reset");
    script.learns_that_it_is_unreachable("reset");
    script.asks(Role::Control);
    script.passes(MAX_DIAL_WAIT);
    let again = script.dials();
    script.net.connected(script.now, again);
    assert_eq!(script.sent(again), [(18, 0)]);
    script.net.disconnected(script.now, again, "closed");
    script.learns_that_it_is_unreachable("closed");
    assert!(script.net.poll_intent().is_none());
}

#[test]
fn a_broker_that_refuses_to_tell_its_versions_is_not_taken_for_an_old_one() {
    let mut script = Script::start();
    script.asks(Role::Control);
    for refusal in [ErrorCode::UNKNOWN_SERVER_ERROR, ErrorCode::UNSUPPORTED_VERSION] {
        let conn = script.dials();
        script.net.connected(script.now, conn);
        assert_eq!(script.sent(conn), [(18, 0)]);
        let response = ApiVersionsResponse { error_code: refusal, ..Default::default() };
        script.hears(conn, &encode_response::<ApiVersionsRequest<'_>>(0, 0, &response).unwrap().concat());
        script.net.disconnected(script.now, conn, "closed");
        while !matches!(script.learns(), News::Unreachable { .. }) {}
        while script.net.poll_intent().is_some() {}
        script.asks(Role::Control);
        script.passes(MAX_DIAL_WAIT);
    }
    let conn = script.dials();
    script.net.connected(script.now, conn);
    assert_eq!(script.sent(conn), [(18, 0)], "its versions are asked for, whatever it said");
}

#[test]
fn a_link_that_was_dialled_to_a_frozen_broker_does_not_confirm_that_it_is_old() {
    let mut script = Script::start();
    script.asks(Role::Control);
    script.asks(Role::Produce);
    let (one, other) = (script.dials(), script.dials());
    script.net.connected(script.now, one);
    script.net.connected(script.now, other);
    script.net.disconnected(script.now, one, "no answer in time");
    let probe = script.dials();
    script.net.connected(script.now, probe);
    assert_eq!(script.sent(probe), [(3, 0)]);
    script.hears_metadata_0(probe);
    assert!(matches!(script.net.poll_intent(), Some(Intent::Close { .. })));
    let confirming = script.dials();

    script.net.disconnected(script.now, other, "no answer in time");
    script.learns_that_it_is_unreachable("in time");
    script.net.connected(script.now, confirming);
    script.hears_versions(confirming);
    assert!(matches!(script.learns(), News::Ready { role: Role::Control, .. }));
    assert_eq!(script.net.version::<MetadataRequest<'_>>(confirming), Some(9));
}
