//! What happened.

use std::net::SocketAddr;

use crate::command::Command;
use crate::id::{ConnId, JobId, OpId, ResolveId};
use crate::intent::JobOutput;
use crate::zookeeper::ZkNews;
use std::time::Duration;

/// One thing that happened, for [`Engine::handle`](crate::Engine::handle). News of something that is gone is harmless.
#[derive(Debug)]
#[non_exhaustive]
pub enum Input {
    /// The deadline has come. Harmless when it has not.
    Tick,
    /// Application threads changed batches ([`Notices::BATCHES`](crate::Notices::BATCHES)).
    BatchesReady,
    /// The application gave fetch memory back, resumed a partition, or waits for more ([`Notices::CREDIT`](crate::Notices::CREDIT)).
    Credit,
    /// The application wants something.
    Command {
        /// Under this name it is answered.
        op: OpId,
        /// What.
        command: Command,
        /// The longest it may take.
        within: Duration,
    },
    /// Nobody waits for the answer to a command any more. A [question](Command::is_question) is dropped without one; an order
    /// goes on, and of orders only [`Command::Flush`] and [`Command::CommitOffsets`] have no answer then.
    Forget {
        /// Which command.
        op: OpId,
    },
    /// The name service answered; an empty list means that there is no such host.
    Resolved {
        /// Which question.
        id: ResolveId,
        /// The addresses, or what went wrong in words.
        addresses: Result<Vec<SocketAddr>, String>,
    },
    /// A connection is there.
    Connected {
        /// Which.
        conn: ConnId,
    },
    /// A connection could not be made.
    ConnectFailed {
        /// Which.
        conn: ConnId,
        /// How, in words.
        reason: String,
    },
    /// A connection ended: the peer closed it, or it broke.
    Disconnected {
        /// Which.
        conn: ConnId,
        /// How, in words.
        reason: String,
    },
    /// News of ZooKeeper.
    ZooKeeper(ZkNews),
    /// A job is done.
    Computed {
        /// Which.
        id: JobId,
        /// What it gave.
        output: JobOutput,
    },
}
