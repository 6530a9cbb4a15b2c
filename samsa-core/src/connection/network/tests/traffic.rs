//! What is counted for who watches over the client.

use super::*;
use crate::metrics::BrokerMetrics;

fn metrics(script: &Script) -> BrokerMetrics {
    let [of_it] = &script.net.metrics()[..] else { panic!("one broker") };
    of_it.clone()
}

/// Requests that were made, had a response, had none, and wait for one. The first is the sum of the others.
fn requests(script: &Script) -> [u64; 4] {
    let BrokerMetrics { requests, failed_requests, requests_in_flight, .. } = metrics(script);
    let of_it = metrics(script);
    let latencies = [of_it.publish_latency, of_it.fetch_latency, of_it.other_latency];
    let responses = latencies.iter().map(|latency| latency.count).sum();
    [requests, responses, failed_requests, requests_in_flight as u64]
}

#[test]
fn a_broker_is_listed_from_its_first_dialling_on_by_its_address() {
    let mut script = Script::start();
    assert!(script.net.metrics().is_empty());
    script.asks(Role::Produce);
    let of_it = metrics(&script);
    assert_eq!((of_it.broker, of_it.address.as_str()), (Some(BrokerId(1)), "127.0.0.1:9092"));
    assert_eq!((of_it.connections, of_it.connects), (1, 0));
}

#[test]
fn a_broker_whose_name_is_not_resolved_yet_is_listed() {
    let mut script = Script::start();
    script.broker_listens_at("kafka:9092");
    script.asks(Role::Produce);
    let of_it = metrics(&script);
    assert_eq!((of_it.address.as_str(), of_it.connections), ("kafka:9092", 0));
}

#[test]
fn a_broker_that_is_forgotten_keeps_the_address_that_it_had() {
    let mut script = Script::start();
    let conn = script.ready(Role::Control);
    script.net.disconnected(script.now, conn, "reset");
    script.net.set_brokers(script.now, BTreeMap::new());
    assert!(!script.net.knows(BROKER));
    assert_eq!(metrics(&script).address, "127.0.0.1:9092");
}

#[test]
fn what_a_reader_asks_beside_its_fetches_is_none_of_them() {
    for (role, owner, expected) in [
        (Role::Produce, Owner::Producer(1), [1, 0, 0]),
        (Role::Control, Owner::Producer(1), [1, 0, 0]),
        (Role::Fetch(READER), Owner::Consumer(1), [0, 1, 0]),
        (Role::Control, Owner::Consumer(1), [0, 0, 1]),
        (Role::Control, Owner::Cluster, [0, 0, 1]),
    ] {
        let mut script = Script::start();
        let conn = script.ready(role);
        let request = &MetadataRequest::default();
        let timeout = Duration::from_secs(30);
        let call = Call { request, version: 9, timeout, owner, response_bytes: 1000 };
        script.net.send(script.now, conn, &call).unwrap();
        script.hears_metadata(conn, 1);
        let of_it = metrics(&script);
        let latencies = [of_it.publish_latency, of_it.fetch_latency, of_it.other_latency];
        assert_eq!(latencies.map(|latency| latency.count), expected, "{owner:?} by {role}");
    }
}

#[test]
fn every_request_has_a_response_or_fails_or_is_in_flight() {
    let mut script = Script::start();
    let fetch = script.ready(Role::Fetch(READER));
    let control = script.ready(Role::Control);
    for _ in 0..3 {
        script.requests(fetch);
    }
    script.requests(control);
    assert_eq!(requests(&script), [4, 0, 0, 4]);
    script.hears_metadata(fetch, 1);
    assert_eq!(requests(&script), [4, 1, 0, 3]);
    script.net.release(script.now, Role::Fetch(READER));
    assert_eq!(requests(&script), [4, 1, 2, 1], "nobody waits for those of a reader that is closed");
    script.net.disconnected(script.now, control, "reset");
    assert_eq!(requests(&script), [4, 1, 3, 0]);
}

#[test]
fn the_opening_of_a_connection_is_no_request() {
    let mut script = Script::start();
    script.asks(Role::Control);
    let conn = script.dials();
    script.net.connected(script.now, conn);
    assert_eq!(script.net.in_flight(conn), 1);
    assert_eq!(requests(&script), [0; 4]);
}

#[test]
fn quotas_that_hold_a_connection_at_the_same_time_count_once() {
    let (mut script, conn) = throttle::throttled();
    assert_eq!((metrics(&script).throttles, metrics(&script).throttled), (1, Duration::from_millis(700)));
    script.passes(Duration::from_millis(200));
    let response = MetadataResponse { throttle_time_ms: 700, ..Default::default() };
    let frame = encode_response::<MetadataRequest<'_>>(2, 9, &response).unwrap().concat();
    script.hears(conn, &frame);
    assert_eq!((metrics(&script).throttles, metrics(&script).throttled), (2, Duration::from_millis(900)));
}
