//! Scripts over the machine and the network below it: a bootstrap address, a broker that answers for metadata.

use std::time::Duration;

use samsa_proto::api::api_versions::{ApiVersion, ApiVersionsRequest, ApiVersionsResponse};
use samsa_proto::api::metadata::{
    MetadataRequest, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use samsa_proto::{Request, encode_response};

use super::super::*;
use crate::address::HostPort;
use crate::connection::{Network, News, RecvBuf};
use crate::out::Out;
use crate::time::Now;

pub(super) const WITHIN: Duration = Duration::from_secs(60);

pub(super) struct Script {
    pub(super) cluster: Cluster,
    pub(super) config: Config,
    pub(super) net: Network,
    pub(super) out: Out,
    pub(super) now: Now,
    /// The connection to whoever is asked for metadata.
    pub(super) conn: Option<ConnId>,
}

impl Script {
    pub(super) fn start() -> Self {
        Self::at(&["127.0.0.1:9092"])
    }

    /// With these bootstrap addresses.
    pub(super) fn at(addresses: &[&str]) -> Self {
        let bootstrap: Vec<HostPort> = addresses.iter().map(|address| address.parse().unwrap()).collect();
        let config = Config::new(Discovery::Bootstrap(bootstrap.clone()));
        let mut net = Network::new(&config, Rng::new(1));
        net.set_bootstrap(&bootstrap);
        let cluster = Cluster::new(&config, Rng::new(2));
        Self { cluster, config, net, out: Out::default(), now: Now::default(), conn: None }
    }

    pub(super) fn with(&mut self, act: impl FnOnce(&mut Cluster, &mut Context<'_>)) {
        let mut cx = Context { now: self.now, config: &self.config, net: &mut self.net, out: &mut self.out };
        act(&mut self.cluster, &mut cx);
        self.settle();
    }

    pub(super) fn settle(&mut self) {
        while let Some(news) = self.net.poll_news() {
            let input = match news {
                News::Ready { .. } => ClusterInput::Ready,
                News::Unreachable { peer, reason, .. } => ClusterInput::Unreachable { peer, reason },
                News::Response { version, frame, .. } => ClusterInput::Response { version, frame },
                News::Failed { failure, .. } => ClusterInput::Failed(failure),
                News::Oversized { .. } => panic!("metadata is never oversized"),
                News::Throttled { .. } => continue,
            };
            let mut cx =
                Context { now: self.now, config: &self.config, net: &mut self.net, out: &mut self.out };
            self.cluster.handle(&mut cx, input);
        }
    }

    pub(super) fn ticks_at_its_deadline(&mut self) {
        let deadline = self.cluster.deadline().expect("a deadline");
        self.now.mono = self.now.mono.max(deadline.at);
        self.with(|cluster, cx| cluster.handle(cx, ClusterInput::Tick));
    }

    /// The next connection is dialled, made, and tells its versions.
    pub(super) fn connects(&mut self) {
        self.connects_to_one_that_speaks(12);
    }

    pub(super) fn connects_to_one_that_speaks(&mut self, max_version: i16) {
        let mut dialled = std::iter::from_fn(|| self.net.poll_intent()).filter_map(|intent| match intent {
            Intent::Connect { conn, .. } => Some(conn),
            _ => None,
        });
        let conn = dialled.next().expect("somebody is dialled");
        self.conn = Some(conn);
        self.net.connected(self.now, conn);
        self.sent();
        let metadata = ApiVersion { api_key: 3, min_version: 0, max_version, ..Default::default() };
        let response = ApiVersionsResponse { api_keys: vec![metadata], ..Default::default() };
        self.hears::<ApiVersionsRequest<'_>>(0, 4, &response);
    }

    pub(super) fn reaches_its_contact(&mut self) {
        let peer = self.cluster.contacts.current().expect("somebody to ask");
        if let Some(conn) = self.net.established(peer, Role::Metadata) {
            self.conn = Some(conn);
            return;
        }
        // It may have to wait until it may dial again.
        let dials = self.net.deadline().filter(|deadline| deadline.why == "dialling again");
        self.now.mono = dials.map_or(self.now.mono, |dials| self.now.mono.max(dials.at));
        self.net.tick(self.now);
        self.connects();
    }

    pub(super) fn hears_nothing_for(&mut self, time: Duration) {
        self.now.mono = self.now.mono + time;
        self.net.tick(self.now);
        self.with(|cluster, cx| cluster.handle(cx, ClusterInput::Tick));
    }

    pub(super) fn sent(&mut self) -> Vec<u8> {
        let conn = self.conn.expect("a connection");
        let mut segments = Vec::new();
        self.net.transmit(conn, &mut segments);
        let bytes = segments.concat();
        self.net.transmitted(self.now, conn, bytes.len());
        bytes
    }

    pub(super) fn hears<R: Request>(
        &mut self,
        correlation_id: i32,
        version: i16,
        response: &R::Response<'_>,
    ) {
        let conn = self.conn.expect("a connection");
        let bytes = encode_response::<R>(correlation_id, version, response).unwrap().concat();
        let RecvBuf::Read(mut buffer) = self.net.recv_buf(conn) else { panic!("nothing can be read") };
        buffer.unfilled()[..bytes.len()].copy_from_slice(&bytes);
        buffer.advance(bytes.len());
        self.net.received(self.now, conn, buffer);
        self.settle();
    }

    /// The question for metadata that was sent, as the topics that it names and whether they may be created; the
    /// answer names a broker, and these topics with one partition each.
    pub(super) fn is_asked(&mut self) -> (i32, Vec<String>, bool) {
        let bytes = self.sent();
        let (header, body) = samsa_proto::decode_request_header(&bytes[4..]).unwrap();
        let request: MetadataRequest<'_> = samsa_proto::decode(header.api_version, body).unwrap();
        let names = request.topics.unwrap().iter().map(|topic| topic.name.unwrap().to_owned()).collect();
        (header.correlation_id, names, request.allow_auto_topic_creation)
    }

    pub(super) fn is_told(&mut self, correlation_id: i32, topics: Vec<MetadataResponseTopic<'_>>) {
        let broker =
            MetadataResponseBroker { node_id: 1, host: "127.0.0.1", port: 9092, ..Default::default() };
        let response = MetadataResponse { brokers: vec![broker], topics, ..Default::default() };
        self.hears::<MetadataRequest<'_>>(correlation_id, 12, &response);
    }

    /// It asks again when it is time to, whoever is next, and is told this.
    pub(super) fn is_told_again(&mut self, topic: MetadataResponseTopic<'_>) {
        self.ticks_at_its_deadline();
        self.reaches_its_contact();
        let (id, ..) = self.is_asked();
        self.is_told(id, vec![topic]);
    }

    pub(super) fn wants(&mut self, topic: &str, interest: Interest) {
        self.with(|cluster, cx| cluster.want(cx, &topic.into(), interest));
    }

    /// The cluster was seen once.
    pub(super) fn connected() -> Self {
        let mut script = Self::start();
        let op = OpId(1);
        script.with(|cluster, cx| cluster.handle(cx, ClusterInput::Connect { op, within: WITHIN }));
        script.connects();
        let (id, names, _) = script.is_asked();
        assert!(names.is_empty());
        script.is_told(id, Vec::new());
        script
    }

    /// The cluster was seen, with this topic.
    pub(super) fn that_knows(name: &str) -> Self {
        let mut script = Self::connected();
        script.wants(name, Interest::Publish);
        script.connects();
        let (id, ..) = script.is_asked();
        script.is_told(id, vec![topic(name)]);
        script
    }

    pub(super) fn answers(&mut self) -> Vec<Reply> {
        let replies = std::iter::from_fn(|| self.out.pop()).filter_map(|intent| match intent {
            Intent::Complete { reply, .. } => Some(reply),
            _ => None,
        });
        replies.collect()
    }
}

pub(super) fn topic(name: &str) -> MetadataResponseTopic<'_> {
    let partition = MetadataResponsePartition { leader_id: 1, leader_epoch: 3, ..Default::default() };
    MetadataResponseTopic { name: Some(name), partitions: vec![partition], ..Default::default() }
}

pub(super) fn troubled(name: &str, error_code: ErrorCode) -> MetadataResponseTopic<'_> {
    MetadataResponseTopic { name: Some(name), error_code, ..Default::default() }
}
