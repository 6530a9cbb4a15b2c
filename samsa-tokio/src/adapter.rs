//! Tokio, as the driver uses it.

use std::future::Future;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use samsa_client::runtime::{Runtime, Tcp, Timer};
use samsa_client::{
    Clock, ConnectString, Driver, Instant, Job, JobOutput, Launch, Now, SystemClock, SystemZooKeeper,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::Sleep;

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Runs clients on the Tokio runtime that they are connected in.
#[derive(Clone, Copy, Debug, Default)]
pub struct OnTokio;

impl Launch for OnTokio {
    type Runtime = Tokio;

    fn runtime(&self, ensemble: Option<&ConnectString>) -> Result<Tokio, &'static str> {
        let missing = "there is no Tokio runtime here: connect within #[tokio::main], a spawned task, or Runtime::block_on";
        let handle = Handle::try_current().map_err(|_| missing)?;
        Ok(Tokio { handle, clock: SystemClock::start(), ensemble: ensemble.cloned() })
    }

    fn spawn(&self, driver: Driver<Tokio>) {
        tokio::spawn(driver);
    }
}

/// A Tokio runtime.
#[derive(Debug)]
pub struct Tokio {
    handle: Handle,
    clock: Arc<SystemClock>,
    ensemble: Option<ConnectString>,
}

impl Runtime for Tokio {
    type Tcp = Socket;
    type Timer = Alarm;
    type Connecting = Boxed<io::Result<Socket>>;
    type Resolving = Boxed<io::Result<Vec<SocketAddr>>>;
    type Computing = Work;
    type ZooKeeper = SystemZooKeeper;

    fn now(&self) -> Now {
        self.clock.renew()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    fn timer(&self) -> Alarm {
        Alarm { clock: Arc::clone(&self.clock), sleep: None }
    }

    fn connect(&self, address: SocketAddr) -> Self::Connecting {
        Box::pin(async move {
            let tcp = TcpStream::connect(address).await?;
            tcp.set_nodelay(true)?;
            Ok(Socket(tcp))
        })
    }

    fn resolve(&self, host: &str, port: u16) -> Self::Resolving {
        let host = host.to_owned();
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }

    fn compute(&self, job: Job) -> Work {
        Work(self.handle.spawn_blocking(move || job.run()))
    }

    fn zookeeper(&self) -> SystemZooKeeper {
        SystemZooKeeper::of(self.ensemble.as_ref())
    }
}

/// A TCP connection.
#[derive(Debug)]
pub struct Socket(TcpStream);

impl Tcp for Socket {
    fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(into);
        ready!(Pin::new(&mut self.0).poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
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
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer for Alarm {
    fn reset(&mut self, at: Instant) {
        let at = self.clock.to_std(at).into();
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().reset(at),
            None => self.sleep = Some(Box::pin(tokio::time::sleep_until(at))),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.sleep.as_mut().map_or(Poll::Pending, |sleep| sleep.as_mut().poll(cx))
    }
}

/// A job on Tokio's blocking threads.
#[derive(Debug)]
pub struct Work(JoinHandle<JobOutput>);

impl Future for Work {
    type Output = JobOutput;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<JobOutput> {
        match ready!(Pin::new(&mut self.0).poll(cx)) {
            Ok(output) => Poll::Ready(output),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime is going, and the driver with it.
            Err(_) => Poll::Pending,
        }
    }
}
