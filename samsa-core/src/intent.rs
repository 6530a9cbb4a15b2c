//! What the driver is asked to do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::address::HostPort;
use crate::command::Reply;
use crate::event::Event;
use crate::id::{ConnId, JobId, OpId, ResolveId, SessionId, ZkRequestId};
use crate::producer::compression::{CompressedBatch, CompressionJob};
use crate::topology::BrokerInfo;
use crate::wake::Wakers;
use crate::zookeeper::ZkOp;

/// One thing to do, from [`Engine::poll_intent`](crate::Engine::poll_intent). Draining late is harmless.
#[derive(Debug)]
#[non_exhaustive]
pub enum Intent {
    /// Ask the name service; answered by [`Input::Resolved`](crate::Input::Resolved).
    Resolve {
        /// Under this name.
        id: ResolveId,
        /// Whom.
        address: HostPort,
    },
    /// Dial; answered by [`Input::Connected`](crate::Input::Connected) or
    /// [`Input::ConnectFailed`](crate::Input::ConnectFailed).
    Connect {
        /// Under this name.
        conn: ConnId,
        /// Where to.
        address: SocketAddr,
    },
    /// Close a connection, or give up dialling it. Not answered: the engine has forgotten it.
    Close {
        /// Which.
        conn: ConnId,
    },
    /// Open a ZooKeeper session; answered by [`ZkNews::Session`](crate::ZkNews::Session).
    OpenSession {
        /// Under this name.
        session: SessionId,
        /// The session timeout to ask for.
        timeout: Duration,
    },
    /// Close a ZooKeeper session. Not answered.
    CloseSession {
        /// Which.
        session: SessionId,
    },
    /// Perform a ZooKeeper operation; answered by [`ZkNews::Reply`](crate::ZkNews::Reply).
    ZooKeeper {
        /// Under this name.
        id: ZkRequestId,
        /// What.
        op: ZkOp,
    },
    /// Run a job where it does not hold up IO; answered by [`Input::Computed`](crate::Input::Computed).
    Compute {
        /// Under this name.
        id: JobId,
        /// What: `job.run()`.
        job: Job,
    },
    /// Give a command its answer.
    Complete {
        /// Which command.
        op: OpId,
        /// The answer.
        reply: Reply,
    },
    /// Wake these tasks, after `handle` has returned.
    Wake(Wakers),
    /// What the synchronous getters read from now on.
    Snapshot(Snapshot),
    /// Something was seen.
    Event(Event),
}

/// Pure work which owns all that it needs.
#[derive(Debug)]
#[non_exhaustive]
pub enum Job {
    /// Compress the body of a batch.
    Compress(CompressionJob),
}

impl Job {
    /// Does the work; the same input gives the same output.
    pub fn run(self) -> JobOutput {
        match self {
            Self::Compress(job) => JobOutput::Compressed(job.run()),
        }
    }
}

/// What a [`Job`] gave.
#[derive(Debug)]
#[non_exhaustive]
pub enum JobOutput {
    /// Of [`Job::Compress`].
    Compressed(CompressedBatch),
}

/// What synchronous getters show.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Snapshot {
    /// The brokers of the cluster, by id.
    Brokers(Arc<[BrokerInfo]>),
}
