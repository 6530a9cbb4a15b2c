//! For the tests of both protocols: clients with a connection each to the coordinator of one group, and a clock.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use samsa_core::{HostPort, Instant, Now, UnixMillis};
use samsa_proto::api::find_coordinator::FindCoordinatorRequest;
use samsa_proto::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use samsa_proto::wire::Encode;
use samsa_proto::{ErrorCode, Message, Request, decode_response, encode_request};

use super::coordinator::{OFFSETS_TOPIC, partition_of};
use crate::cluster::{ClusterConfig, Committed, Input, ModelCluster, Output, Release, ServerConn};
use crate::rng::Rng;

pub(super) const GROUP: &str = "readers";
pub(super) const TOPIC: &str = "events";

/// Clients are numbered, and connect when they are first heard.
pub(super) struct Script {
    pub(super) cluster: ModelCluster,
    pub(super) now: Now,
    /// By the connection's number, which is the client's.
    heard: BTreeMap<u64, VecDeque<Bytes>>,
    pub(super) commits: Vec<Committed>,
    pub(super) complaints: Vec<String>,
}

impl Script {
    /// A cluster with a topic of so many partitions, whose coordinators have loaded all.
    pub(super) fn start(release: Release, brokers: u16, partitions: usize) -> Self {
        Self::with(ClusterConfig { release, brokers, replication: brokers, ..Default::default() }, partitions)
    }

    /// One broker of the newest release, with four partitions.
    pub(super) fn newest() -> Self {
        Self::start(Release::V4_4, 1, 4)
    }

    pub(super) fn with(config: ClusterConfig, partitions: usize) -> Self {
        let addresses = (1..=config.brokers).map(|id| HostPort { host: format!("k{id}"), port: 9092 });
        let cluster = ModelCluster::new(config, addresses.collect(), Rng::new(1));
        let now = Now { mono: Instant::START, wall: UnixMillis(1_000_000) };
        let (heard, commits, complaints) = Default::default();
        let mut script = Self { cluster, now, heard, commits, complaints };
        for broker in script.cluster.broker_ids() {
            script.cluster.handle(now, Input::Start { broker, blank: false });
        }
        script.cluster.fill(now, TOPIC, &vec![Vec::new(); partitions]);
        script.connect(u64::MAX, 1);
        script.tell(u64::MAX, 0, &FindCoordinatorRequest { key: GROUP, ..Default::default() });
        script.pass(1_000);
        script.commit(0, "", -1, 0, 0);
        script.pass(1_000);
        script
    }

    pub(super) fn coordinator(&self) -> i32 {
        self.cluster.state.topics[OFFSETS_TOPIC].partition(partition_of(GROUP)).unwrap().leader.unwrap()
    }

    /// The coordinator stops, and another broker takes over. All connections are gone.
    pub(super) fn move_coordinator(&mut self) {
        let former = self.coordinator();
        self.cluster.handle(self.now, Input::Stop(former));
        self.pass(3_000);
        assert_ne!(self.coordinator(), former);
        for client in std::mem::take(&mut self.heard).into_keys() {
            self.cluster.handle(self.now, Input::Gone { conn: ServerConn(client) });
        }
        // The first word has it load the group.
        self.commit(0, "", -1, 0, 0);
        self.pass(600);
    }

    fn connect(&mut self, client: u64, broker: i32) {
        self.heard.insert(client, VecDeque::new());
        let conn = ServerConn(client);
        self.cluster.handle(self.now, Input::Accepted { conn, broker, is_former: false });
    }

    /// A client says something.
    pub(super) fn tell<R: Request + Message + Encode>(&mut self, client: u64, version: i16, request: &R) {
        if !self.heard.contains_key(&client) {
            self.connect(client, self.coordinator());
        }
        let bytes = encode_request(7, Some("test"), version, request).unwrap().concat().into();
        self.cluster.handle(self.now, Input::Received { conn: ServerConn(client), bytes });
    }

    /// What a client hears next, if there is anything yet.
    pub(super) fn hear(&mut self, client: u64) -> Option<Bytes> {
        while let Some(output) = self.cluster.next_output() {
            match output {
                Output::Send { conn, frame } => {
                    let heard = self.heard.get_mut(&conn.0);
                    heard.unwrap().push_back(Bytes::from(frame.concat()).slice(4..));
                }
                Output::Committed(committed) => self.commits.push(committed),
                Output::Complaint(text) | Output::Misstep { text, .. } => self.complaints.push(text),
                _ => {}
            }
        }
        self.heard.get_mut(&client)?.pop_front()
    }

    /// Lets so many milliseconds pass, with all that happens in them.
    pub(super) fn pass(&mut self, millis: u64) {
        let end = self.now.mono + Duration::from_millis(millis);
        while let Some(at) = self.cluster.deadline().filter(|at| *at <= end) {
            self.now.mono = at;
            self.cluster.handle(self.now, Input::Tick);
            assert!(self.cluster.deadline().is_none_or(|next| next > at), "nothing is due twice");
        }
        self.now.mono = end;
    }

    /// A client says that it has read all before an offset. Only the first word to a coordinator may be in vain.
    pub(super) fn commit(
        &mut self,
        client: u64,
        member: &str,
        epoch: i32,
        partition: i32,
        offset: i64,
    ) -> ErrorCode {
        let version = *self.cluster.config().release.versions(OffsetCommitRequest::KEY).unwrap().end();
        let version = version.min(9);
        let partition = OffsetCommitRequestPartition {
            partition_index: partition,
            committed_offset: offset,
            ..Default::default()
        };
        let topic =
            OffsetCommitRequestTopic { name: TOPIC, partitions: vec![partition], ..Default::default() };
        let request = OffsetCommitRequest {
            group_id: GROUP,
            generation_id_or_member_epoch: epoch,
            member_id: member,
            topics: vec![topic],
            ..Default::default()
        };
        self.pass(1);
        self.tell(client, version, &request);
        let mut last = None;
        while let Some(frame) = self.hear(client) {
            last = Some(frame);
        }
        let Some(frame) = last else { return ErrorCode::REQUEST_TIMED_OUT };
        let Ok((_, response)) = decode_response::<OffsetCommitRequest<'_>>(version, &frame) else {
            return ErrorCode::CORRUPT_MESSAGE;
        };
        response.topics[0].partitions[0].error_code
    }
}
