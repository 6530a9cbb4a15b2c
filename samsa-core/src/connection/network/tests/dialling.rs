//! Who is dialled, and when again.

use super::*;

#[test]
fn a_broker_that_cannot_be_reached_is_dialled_again_only_after_a_wait() {
    let mut script = Script::start();
    script.asks(Role::Control);
    let conn = script.dials();
    script.net.connect_failed(script.now, conn, "refused");
    script.learns_that_it_is_unreachable("refused");

    assert_eq!(script.asks(Role::Control), None);
    script.does_nothing();
    let again = script.net.deadline().expect("a deadline for dialling again");
    assert!(again.at > script.now.mono);
    script.passes(again.at - script.now.mono);
    script.dials();
}

#[test]
fn waits_between_dials_grow_until_a_response_comes() {
    let mut script = Script::start();
    let mut waits = Vec::new();
    script.asks(Role::Control);
    for _ in 0..6 {
        let conn = script.dials();
        script.net.connect_failed(script.now, conn, "refused");
        script.learns_that_it_is_unreachable("refused");

        script.asks(Role::Control);
        let again = script.net.deadline().expect("a deadline for dialling again");
        waits.push(again.at - script.now.mono);
        script.passes(again.at - script.now.mono);
    }
    assert!(waits.first() < waits.last(), "{waits:?}");
    assert!(waits.iter().all(|wait| *wait <= MAX_DIAL_WAIT));
}

#[test]
fn a_connection_that_brings_no_first_answer_is_given_up_in_time() {
    let mut script = Script::start();
    script.asks(Role::Control);
    let conn = script.dials();
    script.net.connected(script.now, conn);
    script.sent(conn);

    let deadline = script.net.deadline().expect("a deadline for the handshake");
    assert_eq!(deadline.why, "handshake");
    script.passes(deadline.at - script.now.mono);
    assert!(matches!(script.net.poll_intent(), Some(Intent::Close { conn: closed }) if closed == conn));
    assert!(script.net.poll_news().is_none(), "its age is looked into first");
}

#[test]
fn a_broker_that_moves_is_left_and_found_at_its_new_address() {
    let mut script = Script::start();
    let old = script.ready(Role::Control);
    script.broker_listens_at("127.0.0.1:9093");
    assert!(matches!(script.net.poll_intent(), Some(Intent::Close { conn }) if conn == old));
    script.learns_that_it_is_unreachable("another address");
    script.ready(Role::Control);
}

#[test]
fn a_name_is_resolved_and_each_of_its_addresses_is_tried() {
    let mut script = Script::start();
    script.broker_listens_at("k1:9092");
    script.asks(Role::Control);
    let Some(Intent::Resolve { id, .. }) = script.net.poll_intent() else { panic!("not resolved") };
    let addresses = ["10.0.0.1:9092", "10.0.0.2:9092"].map(|address| address.parse().unwrap());
    script.net.resolved(script.now, id, Ok(addresses.into()));

    let first = script.dials();
    script.net.connect_failed(script.now, first, "refused");
    let second = script.dials();
    script.net.connect_failed(script.now, second, "refused");
    script.learns_that_it_is_unreachable("refused");
}

#[test]
fn an_address_that_swallows_the_dial_is_followed_by_the_next() {
    let mut script = Script::start();
    script.broker_listens_at("k1:9092");
    script.asks(Role::Control);
    let Some(Intent::Resolve { id, .. }) = script.net.poll_intent() else { panic!("not resolved") };
    let addresses = ["10.0.0.1:9092", "10.0.0.2:9092"].map(|address| address.parse().unwrap());
    script.net.resolved(script.now, id, Ok(addresses.into()));

    let first = script.dials();
    script.passes(CONNECT_TIMEOUT);
    assert!(matches!(script.net.poll_intent(), Some(Intent::Close { conn }) if conn == first));
    script.dials();
    assert!(script.net.poll_news().is_none());
}

#[test]
fn a_broker_that_swallows_dials_leaves_room_for_the_others() {
    let mut script = Script::start();
    let address: HostPort = "127.0.0.1:9092".parse().unwrap();
    let brokers = [1, 2].map(|id| (BrokerId(id), address.clone()));
    script.net.set_brokers(script.now, brokers.into());
    for reader in 0..20 {
        script.asks(Role::Fetch(ReaderId(reader)));
    }
    for _ in 0..limits::DIALS_TO_ONE_PEER {
        script.dials();
    }
    assert!(script.net.poll_intent().is_none());
    script.net.connection(script.now, Peer::Broker(BrokerId(2)), Role::Produce);
    script.dials();
}

#[test]
fn a_broker_that_an_answer_leaves_out_keeps_its_connection() {
    let mut script = Script::start();
    let conn = script.ready(Role::Produce);
    script.net.set_brokers(script.now, BTreeMap::new());
    script.does_nothing();
    assert_eq!(script.asks(Role::Produce), Some(conn));
}

#[test]
fn who_waits_to_dial_a_broker_that_moves_is_told() {
    let mut script = Script::start();
    script.asks(Role::Produce);
    let conn = script.dials();
    script.net.connect_failed(script.now, conn, "refused");
    script.learns_that_it_is_unreachable("refused");
    script.asks(Role::Produce);

    script.broker_listens_at("127.0.0.1:9093");
    script.learns_that_it_is_unreachable("another address");
    script.asks(Role::Produce);
    script.dials();
}

#[test]
fn a_name_without_address_is_unreachable() {
    let mut script = Script::start();
    script.broker_listens_at("k1:9092");
    script.asks(Role::Control);
    let Some(Intent::Resolve { id, .. }) = script.net.poll_intent() else { panic!("not resolved") };
    script.net.resolved(script.now, id, Ok(Vec::new()));
    script.learns_that_it_is_unreachable("no address");
}

#[test]
fn no_more_dials_are_under_way_than_the_cap() {
    let mut script = Script::start();
    let address: HostPort = "127.0.0.1:9092".parse().unwrap();
    let brokers = (0..100).map(|id| (BrokerId(id), address.clone())).collect();
    script.net.set_brokers(script.now, brokers);
    for id in 0..100 {
        script.net.connection(script.now, Peer::Broker(BrokerId(id)), Role::Produce);
    }
    let mut dialled = Vec::new();
    while let Some(Intent::Connect { conn, .. }) = script.net.poll_intent() {
        dialled.push(conn);
    }
    assert_eq!(dialled.len(), limits::DIALS);

    script.net.connect_failed(script.now, dialled[0], "refused");
    script.dials();
    assert!(script.net.poll_intent().is_none());
}

#[test]
fn nobody_is_dialled_after_the_end_whoever_asks() {
    let mut script = Script::start();
    let conn = script.ready(Role::Control);
    assert_eq!(script.asks(Role::Produce), None);
    let dialled = script.dials();
    script.net.close_all(script.now, "the client was closed");

    let closed = [script.net.poll_intent(), script.net.poll_intent()];
    assert!(
        matches!(closed, [Some(Intent::Close { conn: a }), Some(Intent::Close { conn: b })] if [a, b] == [conn, dialled])
    );
    script.learns_that_it_is_unreachable("the client was closed");
    script.learns_that_it_is_unreachable("the client was closed");
    assert_eq!(script.asks(Role::Control), None);
    script.passes(MAX_DIAL_WAIT);
    script.does_nothing();
}

#[test]
fn brokers_are_introduced_up_to_a_limit() {
    let mut script = Script::start();
    for id in 0..limits::ADDRESSES as i32 + 10 {
        script.net.introduce(BrokerId(id), "127.0.0.1:9093".parse().unwrap());
    }
    assert_eq!(script.net.addresses.len(), limits::ADDRESSES);
}
