//! async-io, async-net and blocking, as the driver uses them.

use std::future::Future;
use std::io::{self, IoSlice};
use std::net::{SocketAddr, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_io::Async;
use futures_lite::io::{AsyncRead, AsyncWrite};
use samsa_client::runtime::{Runtime, Tcp, Timer};
use samsa_client::{Clock, ConnectString, Instant, Job, JobOutput, Now, SystemClock, SystemZooKeeper};

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The runtime under async-std and smol. It has threads of its own for readiness and for blocking work, so that any
/// executor may poll what uses it.
#[derive(Debug)]
pub struct AsyncIo {
    clock: Arc<SystemClock>,
    ensemble: Option<ConnectString>,
}

impl AsyncIo {
    pub(crate) fn new(ensemble: Option<&ConnectString>) -> Self {
        Self { clock: SystemClock::start(), ensemble: ensemble.cloned() }
    }
}

impl Runtime for AsyncIo {
    type Tcp = Socket;
    type Timer = Alarm;
    type Connecting = Boxed<io::Result<Socket>>;
    type Resolving = Boxed<io::Result<Vec<SocketAddr>>>;
    type Computing = blocking::Task<JobOutput>;
    type ZooKeeper = SystemZooKeeper;

    fn now(&self) -> Now {
        self.clock.renew()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    fn timer(&self) -> Alarm {
        Alarm { clock: Arc::clone(&self.clock), timer: async_io::Timer::never() }
    }

    fn connect(&self, address: SocketAddr) -> Self::Connecting {
        Box::pin(async move {
            let tcp = Async::<TcpStream>::connect(address).await?;
            tcp.get_ref().set_nodelay(true)?;
            Ok(Socket(tcp))
        })
    }

    fn resolve(&self, host: &str, port: u16) -> Self::Resolving {
        let host = host.to_owned();
        Box::pin(async_net::resolve((host, port)))
    }

    fn compute(&self, job: Job) -> Self::Computing {
        blocking::unblock(move || job.run())
    }

    fn zookeeper(&self) -> SystemZooKeeper {
        SystemZooKeeper::of(self.ensemble.as_ref())
    }
}

/// A TCP connection.
#[derive(Debug)]
pub struct Socket(Async<TcpStream>);

impl Tcp for Socket {
    fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, parts)
    }
}

/// A timer.
#[derive(Debug)]
pub struct Alarm {
    clock: Arc<SystemClock>,
    timer: async_io::Timer,
}

impl Timer for Alarm {
    fn reset(&mut self, at: Instant) {
        self.timer.set_at(self.clock.to_std(at));
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.timer).poll(cx).map(drop)
    }
}
