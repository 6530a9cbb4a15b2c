//! A runtime for tests: one thread, a clock that is turned by hand, sockets that are read and written by the test.

use std::collections::VecDeque;
use std::future::{Ready, ready};
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use samsa_core::{Clock, Instant, Job, JobOutput, Now, UnixMillis};

use crate::NoZooKeeper;
use crate::lock::lock;
use crate::runtime::{Runtime, Tcp, Timer};

/// The world that the driver under test lives in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Toy(Arc<Mutex<World>>);

#[derive(Debug, Default)]
struct World {
    now: Instant,
    alarm: Option<Instant>,
    alarm_waker: Option<Waker>,
    pipes: Vec<Pipe>,
    /// Bytes that a new connection takes before it blocks.
    room: usize,
    refuses: bool,
    asked: Vec<String>,
}

/// One connection.
#[derive(Debug, Default)]
struct Pipe {
    to_client: VecDeque<u8>,
    ended: bool,
    to_broker: Vec<u8>,
    room: usize,
    dropped: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
    reads: usize,
    writes: usize,
}

impl Toy {
    /// New connections take so many bytes before they block.
    pub(crate) fn with_room(room: usize) -> Self {
        let toy = Self::default();
        toy.world().room = room;
        toy
    }

    /// Every dial fails.
    pub(crate) fn refusing() -> Self {
        let toy = Self::default();
        toy.world().refuses = true;
        toy
    }

    fn world(&self) -> std::sync::MutexGuard<'_, World> {
        lock(&self.0)
    }

    /// Turns the clock to the time at which the timer rings, and rings it.
    pub(crate) fn ring_alarm(&self) {
        let waker = {
            let mut world = self.world();
            let at = world.alarm.expect("no timer is set");
            world.now = world.now.max(at);
            world.alarm_waker.take()
        };
        waker.expect("nobody waits for the timer").wake();
    }

    pub(crate) fn connections(&self) -> usize {
        self.world().pipes.len()
    }

    pub(crate) fn is_dropped(&self, pipe: usize) -> bool {
        self.world().pipes[pipe].dropped
    }

    /// How often a connection was read from and written to.
    pub(crate) fn polls(&self, pipe: usize) -> (usize, usize) {
        let world = self.world();
        (world.pipes[pipe].reads, world.pipes[pipe].writes)
    }

    pub(crate) fn written(&self, pipe: usize) -> Vec<u8> {
        self.world().pipes[pipe].to_broker.clone()
    }

    /// Takes the next request, without its length, if it has come whole.
    pub(crate) fn take_frame(&self, pipe: usize) -> Option<Vec<u8>> {
        let mut world = self.world();
        let bytes = &mut world.pipes[pipe].to_broker;
        let length = u32::from_be_bytes(*bytes.first_chunk()?) as usize;
        (bytes.len() >= 4 + length).then(|| bytes.drain(..4 + length).skip(4).collect())
    }

    pub(crate) fn asked_names(&self) -> Vec<String> {
        self.world().asked.clone()
    }

    /// The peer takes so many bytes more.
    pub(crate) fn make_room(&self, pipe: usize, room: usize) {
        let waker = {
            let mut world = self.world();
            world.pipes[pipe].room += room;
            world.pipes[pipe].writer.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }

    /// The peer sends these bytes.
    pub(crate) fn send(&self, pipe: usize, bytes: &[u8]) {
        let waker = {
            let mut world = self.world();
            world.pipes[pipe].to_client.extend(bytes);
            world.pipes[pipe].reader.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }

    /// The peer closes.
    pub(crate) fn hang_up(&self, pipe: usize) {
        self.world().pipes[pipe].ended = true;
        self.send(pipe, &[]);
    }
}

impl Runtime for Toy {
    type Tcp = ToySocket;
    type Timer = ToyTimer;
    type Connecting = Ready<io::Result<ToySocket>>;
    type Resolving = Ready<io::Result<Vec<SocketAddr>>>;
    type Computing = Ready<JobOutput>;
    type ZooKeeper = NoZooKeeper;

    fn now(&self) -> Now {
        let mono = self.world().now;
        Now { mono, wall: UnixMillis((mono.as_micros() / 1000) as i64) }
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clone())
    }

    fn timer(&self) -> ToyTimer {
        ToyTimer(self.clone())
    }

    fn connect(&self, _address: SocketAddr) -> Self::Connecting {
        let mut world = self.world();
        if world.refuses {
            return ready(Err(io::ErrorKind::ConnectionRefused.into()));
        }
        let room = world.room;
        world.pipes.push(Pipe { room, ..Pipe::default() });
        ready(Ok(ToySocket { toy: self.clone(), pipe: world.pipes.len() - 1 }))
    }

    fn resolve(&self, host: &str, port: u16) -> Self::Resolving {
        self.world().asked.push(host.to_owned());
        ready(Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))]))
    }

    fn compute(&self, job: Job) -> Self::Computing {
        ready(job.run())
    }

    fn zookeeper(&self) -> NoZooKeeper {
        NoZooKeeper::default()
    }
}

impl Clock for Toy {
    fn now(&self) -> Now {
        Runtime::now(self)
    }
}

pub(crate) struct ToyTimer(Toy);

impl Timer for ToyTimer {
    fn reset(&mut self, at: Instant) {
        self.0.world().alarm = Some(at);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut world = self.0.world();
        if world.alarm.is_some_and(|at| at <= world.now) {
            world.alarm = None;
            return Poll::Ready(());
        }
        world.alarm_waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

pub(crate) struct ToySocket {
    toy: Toy,
    pipe: usize,
}

impl Tcp for ToySocket {
    fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut world = self.toy.world();
        let pipe = &mut world.pipes[self.pipe];
        pipe.reads += 1;
        if pipe.to_client.is_empty() && !pipe.ended {
            pipe.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let count = pipe.to_client.len().min(into.len());
        for (place, byte) in into.iter_mut().zip(pipe.to_client.drain(..count)) {
            *place = byte;
        }
        Poll::Ready(Ok(count))
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut world = self.toy.world();
        let pipe = &mut world.pipes[self.pipe];
        pipe.writes += 1;
        if pipe.room == 0 {
            pipe.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let bytes = parts.iter().flat_map(|part| part.iter().copied()).take(pipe.room);
        let before = pipe.to_broker.len();
        pipe.to_broker.extend(bytes);
        let count = pipe.to_broker.len() - before;
        pipe.room -= count;
        Poll::Ready(Ok(count))
    }
}

impl Drop for ToySocket {
    fn drop(&mut self) {
        self.toy.world().pipes[self.pipe].dropped = true;
    }
}

/// Polls something by hand and counts how often it was woken.
#[derive(Debug, Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wakes {
    pub(crate) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    /// How often it was woken since the last call.
    pub(crate) fn take(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
