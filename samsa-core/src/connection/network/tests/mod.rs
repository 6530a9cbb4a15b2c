//! Scripts: what the machines ask, what the driver reports, what the broker says.

mod advice;
mod age;
mod dialling;
mod explaining;
mod leaving;
mod pace;
mod throttle;
mod traffic;

use std::time::Duration;

use samsa_proto::api::api_versions::{ApiVersion, ApiVersionsRequest, ApiVersionsResponse};
use samsa_proto::api::metadata::{MetadataRequest, MetadataResponse};
use samsa_proto::{ErrorCode, encode_response};

use super::*;
use crate::config::Discovery;
use crate::connection::Owner;
use crate::id::ReaderId;
use crate::limits;

const READER: ReaderId = ReaderId(1);
const BROKER: Peer = Peer::Broker(BrokerId(1));
const MAX_DIAL_WAIT: Duration = Duration::from_secs(1);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

struct Script {
    net: Network,
    now: Now,
}

impl Script {
    /// A network in which broker 1 listens at 127.0.0.1:9092.
    fn start() -> Self {
        let config = Config::new(Discovery::Bootstrap(Vec::new()));
        let mut script = Self { net: Network::new(&config, Rng::new(1)), now: Now::default() };
        script.broker_listens_at("127.0.0.1:9092");
        script
    }

    fn broker_listens_at(&mut self, address: &str) {
        let brokers = BTreeMap::from([(BrokerId(1), address.parse().unwrap())]);
        self.net.set_brokers(self.now, brokers);
    }

    fn asks(&mut self, role: Role) -> Option<ConnId> {
        self.net.connection(self.now, BROKER, role)
    }

    fn passes(&mut self, time: Duration) {
        self.now.mono = self.now.mono + time;
        self.net.tick(self.now);
    }

    fn dials(&mut self) -> ConnId {
        match self.net.poll_intent() {
            Some(Intent::Connect { conn, .. }) => conn,
            other => panic!("no dialling but {other:?}"),
        }
    }

    fn does_nothing(&mut self) {
        assert!(self.net.poll_intent().is_none());
        assert!(self.net.poll_news().is_none());
    }

    /// What was sent on this connection: the api key and correlation id of each whole request.
    fn sent(&mut self, conn: ConnId) -> Vec<(i16, i32)> {
        let mut segments = Vec::new();
        self.net.transmit(conn, &mut segments);
        let bytes = segments.concat();
        self.net.transmitted(self.now, conn, bytes.len());
        let mut rest = bytes.as_slice();
        let mut requests = Vec::new();
        while let Some((length, behind)) = rest.split_first_chunk::<4>() {
            let (frame, behind) = behind.split_at(u32::from_be_bytes(*length) as usize);
            let (header, _) = samsa_proto::decode_request_header(frame).unwrap();
            requests.push((header.api_key, header.correlation_id));
            rest = behind;
        }
        requests
    }

    fn hears(&mut self, conn: ConnId, bytes: &[u8]) {
        let RecvBuf::Read(mut buffer) = self.net.recv_buf(conn) else { panic!("nothing can be read") };
        buffer.unfilled()[..bytes.len()].copy_from_slice(bytes);
        buffer.advance(bytes.len());
        self.net.received(self.now, conn, buffer);
    }

    fn hears_versions(&mut self, conn: ConnId) {
        let metadata = ApiVersion { api_key: 3, min_version: 0, max_version: 9, ..Default::default() };
        let response = ApiVersionsResponse { api_keys: vec![metadata], ..Default::default() };
        let frame = encode_response::<ApiVersionsRequest<'_>>(0, 4, &response).unwrap().concat();
        self.hears(conn, &frame);
    }

    fn hears_metadata(&mut self, conn: ConnId, correlation_id: i32) {
        let response = MetadataResponse::default();
        let frame = encode_response::<MetadataRequest<'_>>(correlation_id, 9, &response).unwrap().concat();
        self.hears(conn, &frame);
    }

    fn hears_metadata_0(&mut self, conn: ConnId) {
        let response = MetadataResponse::default();
        let frame = encode_response::<MetadataRequest<'_>>(0, 0, &response).unwrap().concat();
        self.hears(conn, &frame);
    }

    /// A connection that went the whole way.
    fn ready(&mut self, role: Role) -> ConnId {
        assert_eq!(self.asks(role), None);
        let conn = self.dials();
        self.net.connected(self.now, conn);
        assert_eq!(self.sent(conn), [(18, 0)]);
        self.hears_versions(conn);
        assert!(matches!(self.net.poll_news(), Some(News::Ready { peer: BROKER, .. })));
        assert_eq!(self.asks(role), Some(conn));
        conn
    }

    /// Bad luck, three times in a row.
    fn takes_the_broker_for_an_old_one(&mut self) -> ConnId {
        self.asks(Role::Produce);
        let first = self.dials();
        self.net.connected(self.now, first);
        assert_eq!(self.sent(first), [(18, 0)]);
        self.net.disconnected(self.now, first, "closed");

        let probe = self.dials();
        self.net.connected(self.now, probe);
        assert_eq!(self.sent(probe), [(3, 0)], "metadata, which every broker answers");
        self.hears_metadata_0(probe);
        assert!(matches!(self.net.poll_intent(), Some(Intent::Close { conn }) if conn == probe));

        let again = self.dials();
        self.net.connected(self.now, again);
        assert_eq!(self.sent(again), [(18, 0)]);
        self.net.disconnected(self.now, again, "closed");

        let plain = self.dials();
        self.net.connected(self.now, plain);
        assert!(matches!(self.learns(), News::Ready { peer: BROKER, role: Role::Produce }));
        plain
    }

    fn requests(&mut self, conn: ConnId) {
        self.requests_at_most(conn, 1000);
    }

    fn requests_at_most(&mut self, conn: ConnId, response_bytes: usize) {
        let call = Call {
            request: &MetadataRequest::default(),
            version: 9,
            timeout: Duration::from_secs(30),
            owner: Owner::Cluster,
            response_bytes,
        };
        self.net.send(self.now, conn, &call).unwrap();
    }

    fn learns(&mut self) -> News {
        self.net.poll_news().expect("news")
    }

    fn learns_that_it_is_unreachable(&mut self, because: &str) {
        match self.learns() {
            News::Unreachable { peer: BROKER, reason, .. } => assert!(reason.contains(because), "{reason}"),
            other => panic!("{other:?}"),
        }
    }

    fn learns_of_failure(&mut self) -> Failure {
        match self.learns() {
            News::Failed { owner: Owner::Cluster, failure } => failure,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_connection_can_be_used_once_the_broker_has_told_its_versions() {
    let mut script = Script::start();
    let conn = script.ready(Role::Control);
    assert_eq!(script.net.version::<MetadataRequest<'_>>(conn), Some(9));
    assert_eq!(script.net.broker_version::<MetadataRequest<'_>>(BrokerId(1)), Some(9));
    assert_eq!(script.net.version::<ApiVersionsRequest<'_>>(conn), None, "it was not offered");
}

#[test]
fn each_kind_of_work_has_a_connection_of_its_own() {
    let mut script = Script::start();
    let produce = script.ready(Role::Produce);
    let fetch = script.ready(Role::Fetch(READER));
    assert_ne!(produce, fetch);
}

#[test]
fn work_that_nobody_does_any_more_keeps_no_connection() {
    let mut script = Script::start();
    let fetch = script.ready(Role::Fetch(READER));
    let other = script.ready(Role::Fetch(ReaderId(2)));
    script.requests(fetch);

    script.net.release(script.now, Role::Fetch(READER));
    assert!(matches!(script.net.poll_intent(), Some(Intent::Close { conn }) if conn == fetch));
    script.does_nothing();
    assert!(matches!(script.net.recv_buf(fetch), RecvBuf::Gone));
    assert_eq!(script.asks(Role::Fetch(ReaderId(2))), Some(other));
}

#[test]
fn whoever_fills_a_connection_leaves_places_for_what_all_wait_for() {
    let mut script = Script::start();
    let conn = script.ready(Role::Metadata);
    while script.net.has_room(conn) {
        script.requests(conn);
    }
    assert_eq!(script.net.in_flight(conn), limits::REQUESTS_IN_FLIGHT - limits::REQUESTS_KEPT_FREE);
    (0..limits::REQUESTS_KEPT_FREE).for_each(|_| script.requests(conn));
    script.net.assert_bounds();
}

#[test]
fn responses_come_in_the_order_of_the_requests() {
    let mut script = Script::start();
    let conn = script.ready(Role::Control);
    script.requests(conn);
    script.requests(conn);
    assert_eq!(script.sent(conn), [(3, 1), (3, 2)]);
    assert_eq!(script.net.in_flight(conn), 2);

    script.hears_metadata(conn, 1);
    assert!(matches!(script.learns(), News::Response { owner: Owner::Cluster, version: 9, .. }));
    assert_eq!(script.net.in_flight(conn), 1);
}

#[test]
fn a_wrong_correlation_id_costs_the_connection_and_fails_what_was_in_flight() {
    let mut script = Script::start();
    let conn = script.ready(Role::Control);
    script.requests(conn);
    script.requests(conn);
    script.sent(conn);

    script.hears_metadata(conn, 2);
    assert!(matches!(script.net.poll_intent(), Some(Intent::Close { conn: closed }) if closed == conn));
    assert!(matches!(script.learns_of_failure(), Failure::PossiblySent(_)));
    assert!(matches!(script.learns_of_failure(), Failure::PossiblySent(_)));
    script.learns_that_it_is_unreachable("came as 2");
    assert!(matches!(script.net.recv_buf(conn), RecvBuf::Gone));
}

#[test]
fn what_was_not_handed_to_the_driver_was_certainly_not_sent() {
    let mut script = Script::start();
    let conn = script.ready(Role::Control);
    script.requests(conn);
    script.sent(conn);
    script.requests(conn);

    script.net.disconnected(script.now, conn, "reset");
    assert!(matches!(script.learns_of_failure(), Failure::PossiblySent(_)));
    assert!(matches!(script.learns_of_failure(), Failure::NotSent(_)));
}

#[test]
fn news_of_a_connection_that_is_gone_changes_nothing() {
    let mut script = Script::start();
    let old = script.ready(Role::Control);
    script.net.disconnected(script.now, old, "reset");
    script.learns_that_it_is_unreachable("reset");
    script.passes(MAX_DIAL_WAIT);
    let new = script.ready(Role::Control);

    script.net.disconnected(script.now, old, "late news");
    script.net.connect_failed(script.now, old, "late news");
    script.net.connected(script.now, old);
    script.does_nothing();
    assert_eq!(script.asks(Role::Control), Some(new));
}

#[test]
fn a_response_that_does_not_come_costs_the_connection() {
    let mut script = Script::start();
    let conn = script.ready(Role::Control);
    script.requests(conn);
    script.sent(conn);
    script.passes(Duration::from_secs(30));
    assert!(matches!(script.learns_of_failure(), Failure::PossiblySent(_)));
    script.learns_that_it_is_unreachable("no response in time");
}

#[test]
fn an_oversized_response_waits_unread_without_a_deadline_until_it_is_allowed() {
    let mut script = Script::start();
    let conn = script.ready(Role::Fetch(READER));
    script.requests_at_most(conn, 5);
    script.sent(conn);

    script.hears_metadata(conn, 1);
    let News::Oversized { bytes, .. } = script.learns() else { panic!("it was not oversized") };
    assert!(bytes > 5);
    assert!(matches!(script.net.recv_buf(conn), RecvBuf::Paused));
    assert!(script.net.deadline().is_none());

    script.net.allow(script.now, conn);
    assert!(matches!(script.learns(), News::Response { .. }));
}

#[test]
fn the_time_that_a_response_waits_unread_does_not_count() {
    let mut script = Script::start();
    let conn = script.ready(Role::Fetch(READER));
    script.requests_at_most(conn, 5);
    script.requests(conn);
    script.sent(conn);
    script.hears_metadata(conn, 1);
    assert!(matches!(script.learns(), News::Oversized { .. }));

    script.passes(Duration::from_secs(300));
    script.net.allow(script.now, conn);
    assert!(matches!(script.learns(), News::Response { .. }));
    script.passes(Duration::from_secs(29));
    script.does_nothing();
    script.hears_metadata(conn, 2);
    assert!(matches!(script.learns(), News::Response { .. }));
}

#[test]
fn a_request_on_a_connection_that_is_gone_fails_at_once() {
    let mut script = Script::start();
    let conn = script.ready(Role::Control);
    script.net.disconnected(script.now, conn, "reset");
    script.learns_that_it_is_unreachable("reset");
    script.requests(conn);
    assert!(matches!(script.learns_of_failure(), Failure::NotSent(_)));
}

/// Of what is told to be unreachable, whether it is a loss.
fn losses(script: &mut Script) -> Vec<bool> {
    let news = std::iter::from_fn(|| script.net.poll_news());
    let told = news.filter_map(|news| match news {
        News::Unreachable { is_loss, .. } => Some(is_loss),
        _ => None,
    });
    told.collect()
}

#[test]
fn the_end_of_a_connection_is_a_loss_only_when_somebody_waits_for_an_answer() {
    for (is_loss, requests) in [(false, 0), (true, 1)] {
        let mut script = Script::start();
        let conn = script.ready(Role::Control);
        for _ in 0..requests {
            script.requests(conn);
        }
        script.net.disconnected(script.now, conn, "closed by the broker");
        assert_eq!(losses(&mut script), [is_loss]);
    }
}

#[test]
fn a_client_that_ends_has_not_lost_the_broker_that_owes_it_an_answer() {
    let mut script = Script::start();
    let conn = script.ready(Role::Control);
    script.requests(conn);
    script.net.close_all(script.now, "the client was closed");
    assert_eq!(losses(&mut script), [false]);
}
