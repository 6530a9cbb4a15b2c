//! What an async runtime has to offer, and nothing about Kafka.
//!
//! To bring Samsa to another runtime, implement [`Runtime`] with its [`Tcp`] and [`Timer`], hand it to
//! [`client`](crate::client), and let the runtime poll the [`Driver`](crate::Driver) that comes back. `samsa-tokio` is
//! about a hundred lines and does no more than that. A simulator is one more runtime: its clock, its network and its
//! ZooKeeper are models, and the same handles run in it.
//!
//! No trait here asks for `Send`: the driver of a runtime whose parts are `Send` is `Send` itself, and a thread-per-core
//! runtime needs none of it.

use std::future::Future;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use samsa_core::{Clock, Instant, Job, JobOutput, Now, SessionId, ZkNews, ZkOp, ZkRequestId};

/// An async runtime, as the driver uses it.
///
/// Futures are polled by the driver's own task, so none of them may block. They are [`Unpin`]; a boxed `async` block is.
pub trait Runtime {
    /// A connection.
    type Tcp: Tcp;
    /// An alarm.
    type Timer: Timer;
    /// From [`connect`](Self::connect).
    type Connecting: Future<Output = io::Result<Self::Tcp>> + Unpin;
    /// From [`resolve`](Self::resolve).
    type Resolving: Future<Output = io::Result<Vec<SocketAddr>>> + Unpin;
    /// From [`compute`](Self::compute).
    type Computing: Future<Output = JobOutput> + Unpin;
    /// Where ZooKeeper is reached; [`NoZooKeeper`](crate::NoZooKeeper) where it is not.
    type ZooKeeper: ZooKeeper;

    /// Both clocks. The driver reads them once a turn, which is when a clock of the handles may be set right by them.
    fn now(&self) -> Now;

    /// Where the handles read the time, on the same monotonic scale.
    fn clock(&self) -> Arc<dyn Clock>;

    /// A timer that is not set.
    fn timer(&self) -> Self::Timer;

    /// Dials, and switches Nagle's algorithm off (`TCP_NODELAY`). The driver bounds the time by dropping the future.
    fn connect(&self, address: SocketAddr) -> Self::Connecting;

    /// Asks the name service, away from the driver's thread. No address is no error.
    fn resolve(&self, host: &str, port: u16) -> Self::Resolving;

    /// Does `job.run()`, away from the driver's thread: it takes some CPU time.
    fn compute(&self, job: Job) -> Self::Computing;

    /// The way to ZooKeeper. Called once, when the driver is made.
    fn zookeeper(&self) -> Self::ZooKeeper;
}

/// A TCP connection. Both directions are polled from one task but wake apart: a pending read must not lose the waker
/// of a pending write.
pub trait Tcp {
    /// Reads what is there, at least one byte unless the peer has closed; 0 then.
    fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Writes as much as there is room for, in one call for all parts where the system can.
    fn poll_write_vectored(&mut self, cx: &mut Context<'_>, parts: &[IoSlice<'_>])
    -> Poll<io::Result<usize>>;
}

/// An alarm that is set again and again.
pub trait Timer {
    /// Rings at this time, and not at what was set before.
    fn reset(&mut self, at: Instant);

    /// Ready once it has rung. Ringing early costs a turn of the driver and is harmless else.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

/// A way to ZooKeeper: performs the operations of the engine and tells it what came of them.
///
/// Paths are below the chroot. What each call is answered by is said at [`ZkNews`]; the answers of a session come in
/// the order of asking. Each operation ends within the session timeout, as
/// [`ZkError::ConnectionLost`](samsa_core::ZkError::ConnectionLost) if need be.
pub trait ZooKeeper {
    /// Opens a session.
    fn open(&mut self, session: SessionId, timeout: Duration);

    /// Performs an operation in the session that its id names.
    fn perform(&mut self, id: ZkRequestId, op: ZkOp);

    /// Closes a session, or gives up opening it. What was not answered is answered no more.
    fn close(&mut self, session: SessionId);

    /// What has happened.
    fn poll_news(&mut self, cx: &mut Context<'_>) -> Poll<ZkNews>;

    /// Ready when the servers have been told of every session that was closed. The driver waits for it at its end, for
    /// a second at most.
    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}
