//! What a member asks its coordinator, as requests on a connection.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use samsa_proto::api::api_versions::{ApiVersion, ApiVersionsRequest, ApiVersionsResponse};
use samsa_proto::api::offset_commit::OffsetCommitRequest;
use samsa_proto::api::offset_fetch::{
    OffsetFetchRequest, OffsetFetchResponse, OffsetFetchResponsePartition, OffsetFetchResponseTopic,
};
use samsa_proto::{Request, decode_request_header, encode_response};

use super::super::{GroupInput, Groups, OffsetStorage};
use super::script::{Nodes, own};
use super::{Commit, SECOND};
use crate::cluster::Cluster;
use crate::command::{GroupSpec, Reply};
use crate::config::{Config, Discovery, FetchConfig, GroupTimes};
use crate::connection::{Network, Peer, RecvBuf, Role};
use crate::consumer::Consumer;
use crate::id::{BrokerId, ConnId, OpId};
use crate::intent::Intent;
use crate::offset::Offset;
use crate::out::{Context, Out};
use crate::rng::Rng;
use crate::time::Now;
use crate::wake::DriverSignal;
use crate::zookeeper::{ZkNews, ZkSessionState};

const PARTITIONS: i32 = 40;
const BROKER: BrokerId = BrokerId(3);

/// A client with one member, whose coordinator it is connected to.
struct Client {
    config: Config,
    net: Network,
    out: Out,
    now: Now,
    cluster: Cluster,
    consumer: Consumer,
    groups: Groups,
    nodes: Nodes,
    conn: ConnId,
    /// What the application was answered: its membership lasts as long.
    replies: Vec<Reply>,
}

impl Client {
    fn new() -> Self {
        let config =
            Config::new(Discovery::ZooKeeper { ensemble: "z:2181".to_owned(), session_timeout: 6 * SECOND });
        let signal = Arc::<DriverSignal>::default();
        let mut net = Network::new(&config, Rng::new(1));
        let conn = connected(&mut net, Now::default());
        let mut nodes = Nodes::in_session(7);
        nodes.put(&own::topic(), &own::registration(PARTITIONS));
        Self {
            out: Out::default(),
            now: Now::default(),
            cluster: Cluster::new(&config, Rng::new(1)),
            consumer: Consumer::new(Arc::clone(&signal), Rng::new(1)),
            groups: Groups::new(signal, Rng::new(1)),
            config,
            net,
            nodes,
            conn,
            replies: Vec::new(),
        }
    }

    fn handles(&mut self, input: GroupInput) {
        let Self { config, net, out, now, cluster, consumer, groups, .. } = self;
        groups.handle(&mut Context { now: *now, config, net, out }, cluster, consumer, input);
    }

    /// It is known now who the coordinator is.
    fn finds_the_coordinator(&mut self) {
        for entry in self.groups.members.values_mut() {
            entry.coordinator.is_at(BROKER);
        }
        self.handles(GroupInput::LookAgain);
    }

    /// It joins. Its coordinator is there to be asked who is in the group, and not when the offsets are to be read.
    fn joins(&mut self, spec: GroupSpec) {
        self.handles(GroupInput::Join { op: OpId(1), spec: Box::new(spec), within: 10 * SECOND });
        self.zookeeper_answers();
        self.finds_the_coordinator();
        self.handles(GroupInput::Unreachable { peer: Peer::Broker(BROKER), reason: "gone".to_owned() });
        self.zookeeper_answers();
        self.now.mono = self.now.mono + SECOND;
    }

    /// ZooKeeper answers whatever it is asked.
    fn zookeeper_answers(&mut self) {
        while let Some(intent) = self.out.pop() {
            let news = match intent {
                Intent::OpenSession { session, timeout } => {
                    ZkNews::Session { session, state: ZkSessionState::Connected { id: 7, timeout } }
                }
                Intent::ZooKeeper { id, op } => ZkNews::Reply { id, result: self.nodes.perform(&op) },
                Intent::Complete { reply, .. } => {
                    self.replies.push(reply);
                    continue;
                }
                _ => continue,
            };
            self.handles(GroupInput::ZooKeeper(news));
        }
    }

    /// What was sent to the coordinator since the last call.
    fn sent(&mut self) -> Vec<i16> {
        let mut segments = Vec::new();
        self.net.transmit(self.conn, &mut segments);
        let bytes = segments.concat();
        self.net.transmitted(self.now, self.conn, bytes.len());
        let (mut bytes, mut keys) = (&bytes[..], Vec::new());
        while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
            let (frame, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
            keys.push(decode_request_header(frame).unwrap().0.api_key);
            bytes = rest;
        }
        keys
    }

    /// Of no partition an offset is committed, says the answer to what was sent last.
    fn hears_that_nothing_is_committed(&mut self) {
        let nothing = |partition_index| OffsetFetchResponsePartition {
            partition_index,
            committed_offset: -1,
            ..Default::default()
        };
        let partitions = (0..PARTITIONS).map(nothing).collect();
        let topic = OffsetFetchResponseTopic { name: "t", partitions, ..Default::default() };
        let response = OffsetFetchResponse { topics: vec![topic], ..Default::default() };
        let frame = encode_response::<OffsetFetchRequest<'_>>(0, 5, &response).unwrap().concat();
        let frame = bytes::Bytes::from(frame).slice(4..);
        self.handles(GroupInput::Response { token: self.groups.last_token, version: 5, frame });
    }
}

/// A connection to the coordinator, which has told its versions.
fn connected(net: &mut Network, now: Now) -> ConnId {
    net.set_brokers(now, BTreeMap::from([(BROKER, "127.0.0.1:9092".parse().unwrap())]));
    assert_eq!(net.connection(now, Peer::Broker(BROKER), Role::Group), None);
    let Some(Intent::Connect { conn, .. }) = net.poll_intent() else { panic!("nobody is dialled") };
    net.connected(now, conn);
    let version = |api_key| ApiVersion { api_key, min_version: 1, max_version: 5, ..Default::default() };
    let api_keys = [3, OffsetCommitRequest::KEY, OffsetFetchRequest::KEY].map(version).to_vec();
    let response = ApiVersionsResponse { api_keys, ..Default::default() };
    let mut sent = Vec::new();
    net.transmit(conn, &mut sent);
    net.transmitted(now, conn, sent.concat().len());
    let frame = encode_response::<ApiVersionsRequest<'_>>(0, 4, &response).unwrap().concat();
    let RecvBuf::Read(mut buffer) = net.recv_buf(conn) else { panic!("nothing can be read") };
    buffer.unfilled()[..frame.len()].copy_from_slice(&frame);
    buffer.advance(frame.len());
    net.received(now, conn, buffer);
    conn
}

fn spec() -> GroupSpec {
    GroupSpec {
        group: Arc::from("g"),
        topics: vec![Arc::from("t")],
        pattern: None,
        start: Offset::Exact(5),
        commit: Commit::Automatic,
        commit_interval: Duration::from_secs(5),
        assignor: None,
        times: GroupTimes::default(),
        streams: 1,
        offsets: Some(OffsetStorage::Brokers),
        protocol: None,
        python3_owners: false,
        fetch: FetchConfig::default(),
    }
}

#[test]
fn what_follows_from_one_answer_for_many_partitions_is_asked_as_one_request() {
    let mut client = Client::new();
    client.joins(spec());
    client.finds_the_coordinator();
    assert_eq!(client.sent(), [OffsetFetchRequest::KEY]);
    client.hears_that_nothing_is_committed();
    assert_eq!(
        client.sent(),
        [OffsetFetchRequest::KEY],
        "whether somebody has said meanwhile where it begins"
    );
    client.hears_that_nothing_is_committed();
    assert_eq!(client.sent(), [OffsetCommitRequest::KEY]);
}

/// One that is about to commit where its partitions begin.
fn before_its_commit() -> Client {
    let mut client = Client::new();
    client.joins(spec());
    client.finds_the_coordinator();
    client.sent();
    client.hears_that_nothing_is_committed();
    client.sent();
    client
}

#[test]
fn a_commit_waits_while_the_session_is_in_doubt() {
    let mut client = before_its_commit();
    client.now.wall.0 += 2_000;
    client.handles(GroupInput::Tick);
    client.hears_that_nothing_is_committed();
    assert!(client.sent().is_empty());
    client.zookeeper_answers();
    assert_eq!(client.sent(), [OffsetCommitRequest::KEY], "the session is there");
}

#[test]
fn a_connection_with_a_commit_that_is_not_sent_ends_with_the_session() {
    for is_sent in [false, true] {
        let mut client = before_its_commit();
        client.hears_that_nothing_is_committed();
        if is_sent {
            assert_eq!(client.sent(), [OffsetCommitRequest::KEY]);
        }
        let session = client.groups.members.values().find_map(|entry| entry.member.session_name()).unwrap();
        client.handles(GroupInput::ZooKeeper(ZkNews::Session { session, state: ZkSessionState::Expired }));
        let is_closed =
            matches!(client.net.poll_intent(), Some(Intent::Close { conn }) if conn == client.conn);
        assert_eq!(is_closed, !is_sent);
    }
}
