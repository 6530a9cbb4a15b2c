//! What the sender sees of the rest of the engine. Its tests put a scripted world in this place.

use std::sync::Arc;

use samsa_proto::ErrorCode;
use samsa_proto::api::init_producer_id::InitProducerIdRequest;
use samsa_proto::api::produce::ProduceRequest;
use samsa_proto::wire::{EncodeError, UnknownTags};

use crate::address::HostPort;
use crate::cluster::{Cluster, Interest, TopicView, Urgency};
use crate::command::Reply;
use crate::connection::{Call, Owner, Peer, Role};
use crate::id::{BrokerId, ConnId, JobId, OpId};
use crate::intent::{Intent, Job};
use crate::limits;
use crate::out::Context;
use crate::time::Instant;
use crate::wake::Wakers;

/// Whether a question was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Sent,
    /// No broker can be asked now; news will come.
    NotYet,
    /// The broker does not know such a question.
    Unsupported,
}

pub(crate) trait World {
    fn now(&self) -> Instant;
    /// A topic with at least one partition, if it is known.
    fn topic(&self, name: &str) -> Option<&TopicView>;
    /// Why the brokers will never tell of this topic.
    fn refusal(&self, name: &str) -> Option<ErrorCode>;
    /// Asks for a topic; the cluster may create it.
    fn want(&mut self, name: &Arc<str>);
    fn refresh(&mut self, why: &'static str);
    /// The same, while messages wait for a leader; to be called again when the answer did not help.
    fn hurry(&mut self, why: &'static str);
    /// From when on the oldest answer that a broker owes is late, if it owes one.
    fn late_from(&self, broker: BrokerId) -> Option<Instant>;
    /// From when on a broker seems to hold back the oldest request on a connection that can be left behind.
    fn held_from(&self, broker: BrokerId) -> Option<Instant>;
    /// Leaves the connection to a broker, the one that was left behind first: its requests are lost.
    fn give_up(&mut self, broker: BrokerId, why: &str);
    /// What is sent to a broker from now on goes over a new connection; the one before gets the answers that it is owed.
    fn leave_behind(&mut self, broker: BrokerId);
    fn last_trouble(&self) -> &str;
    /// The connection to a broker, if it can be used now. If not, news of it will come.
    fn connection(&mut self, broker: BrokerId) -> Option<ConnId>;
    /// The newest Produce version on a connection.
    fn version(&self, conn: ConnId) -> Option<i16>;
    /// The newest Produce version of a broker that has ever told it.
    fn broker_version(&self, broker: BrokerId) -> Option<i16>;
    fn send(
        &mut self,
        conn: ConnId,
        request: &ProduceRequest<'_>,
        version: i16,
        token: u64,
    ) -> Result<(), EncodeError>;
    /// Asks any broker for a producer id.
    fn ask_producer_id(&mut self, token: u64) -> Asked;
    /// The same of this broker, if it is connected.
    fn ask_producer_id_of(&mut self, broker: BrokerId, token: u64) -> Asked;
    /// Where a broker listens, if that was not known.
    fn introduce(&mut self, broker: BrokerId, address: HostPort);
    fn compute(&mut self, id: JobId, job: Job);
    fn complete(&mut self, op: OpId, reply: Reply);
    fn wake(&mut self, wakers: &mut Wakers);
}

/// The real one.
pub(crate) struct Surroundings<'a, 'b> {
    pub(crate) cx: &'a mut Context<'b>,
    pub(crate) cluster: &'a mut Cluster,
}

impl World for Surroundings<'_, '_> {
    fn now(&self) -> Instant {
        self.cx.now.mono
    }

    fn topic(&self, name: &str) -> Option<&TopicView> {
        self.cluster.topic(name)
    }

    fn refusal(&self, name: &str) -> Option<ErrorCode> {
        self.cluster.refusal(name)
    }

    fn want(&mut self, name: &Arc<str>) {
        self.cluster.want(self.cx, name, Interest::Publish);
    }

    fn refresh(&mut self, why: &'static str) {
        self.cluster.refresh(self.cx, why, Urgency::Soon);
    }

    fn hurry(&mut self, why: &'static str) {
        self.cluster.refresh(self.cx, why, Urgency::Hurry);
    }

    fn late_from(&self, broker: BrokerId) -> Option<Instant> {
        self.cx.net.late_from(Peer::Broker(broker), Role::Produce)
    }

    fn held_from(&self, broker: BrokerId) -> Option<Instant> {
        self.cx.net.held_from(Peer::Broker(broker), Role::Produce)
    }

    fn give_up(&mut self, broker: BrokerId, why: &str) {
        self.cx.net.give_up(self.cx.now, Peer::Broker(broker), Role::Produce, why);
    }

    fn leave_behind(&mut self, broker: BrokerId) {
        self.cx.net.leave_behind(self.cx.now, Peer::Broker(broker), Role::Produce);
    }

    fn last_trouble(&self) -> &str {
        self.cluster.last_trouble()
    }

    fn connection(&mut self, broker: BrokerId) -> Option<ConnId> {
        self.cx.net.connection(self.cx.now, Peer::Broker(broker), Role::Produce)
    }

    fn version(&self, conn: ConnId) -> Option<i16> {
        self.cx.net.version::<ProduceRequest<'static>>(conn)
    }

    fn broker_version(&self, broker: BrokerId) -> Option<i16> {
        self.cx.net.broker_version::<ProduceRequest<'static>>(broker)
    }

    fn send(
        &mut self,
        conn: ConnId,
        request: &ProduceRequest<'_>,
        version: i16,
        token: u64,
    ) -> Result<(), EncodeError> {
        let call = Call {
            request,
            version,
            timeout: self.cx.config.request_timeout,
            owner: Owner::Producer(token),
            response_bytes: limits::RESPONSE_BYTES,
        };
        self.cx.net.send(self.cx.now, conn, &call)
    }

    fn ask_producer_id(&mut self, token: u64) -> Asked {
        self.cluster.contact(self.cx).map_or(Asked::NotYet, |conn| self.ask_producer_id_on(conn, token))
    }

    fn ask_producer_id_of(&mut self, broker: BrokerId, token: u64) -> Asked {
        self.connection(broker).map_or(Asked::NotYet, |conn| self.ask_producer_id_on(conn, token))
    }

    fn introduce(&mut self, broker: BrokerId, address: HostPort) {
        self.cx.net.introduce(broker, address);
    }

    fn compute(&mut self, id: JobId, job: Job) {
        self.cx.out.intend(Intent::Compute { id, job });
    }

    fn complete(&mut self, op: OpId, reply: Reply) {
        self.cx.out.complete(op, reply);
    }

    fn wake(&mut self, wakers: &mut Wakers) {
        self.cx.out.wake(wakers);
    }
}

impl Surroundings<'_, '_> {
    fn ask_producer_id_on(&mut self, conn: ConnId, token: u64) -> Asked {
        let Some(version) = self.cx.net.version::<InitProducerIdRequest<'static>>(conn) else {
            return Asked::Unsupported;
        };
        // As Apache's client has it: the timeout counts in transactions only.
        let request = InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: i32::MAX,
            producer_id: -1,
            producer_epoch: -1,
            unknown_tags: UnknownTags::default(),
        };
        let call = Call {
            request: &request,
            version,
            timeout: self.cx.config.request_timeout,
            owner: Owner::Producer(token),
            response_bytes: limits::RESPONSE_BYTES,
        };
        self.cx.net.send(self.cx.now, conn, &call).map_or(Asked::Unsupported, |()| Asked::Sent)
    }
}
