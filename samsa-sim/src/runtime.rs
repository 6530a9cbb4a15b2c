//! One more runtime for `samsa-client`: sockets, timers and `ZooKeeper` of a simulated world.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use samsa_client::runtime::{Tcp, Timer, ZooKeeper};
use samsa_client::{ConnectString, Driver, Launch};
use samsa_core::{Clock, Instant, Job, JobOutput, Now, SessionId, ZkNews, ZkOp, ZkRequestId};

use crate::clock::MachineClock;
use crate::dials::{Dial, Dials};
use crate::executor::{Schedule, Sleep};
use crate::network::{Network, Socket};
use crate::sent::{Requests, Sent};
use crate::violations::Violations;
use crate::world::World;
use crate::zookeeper::{News, Port};

type Later<T> = Pin<Box<dyn Future<Output = T>>>;

/// How long a job takes that runs away from the driver's thread.
const COMPUTING: std::ops::Range<Duration> = Duration::from_micros(5)..Duration::from_micros(400);

/// The runtime of one client in a world.
#[derive(Clone, Debug)]
pub struct Runtime {
    world: World,
    clock: Arc<MachineClock>,
    chroot: String,
    dials: Dials,
}

impl samsa_client::Runtime for Runtime {
    type Tcp = Connection;
    type Timer = Alarm;
    type Connecting = Later<io::Result<Connection>>;
    type Resolving = Later<io::Result<Vec<SocketAddr>>>;
    type Computing = Later<JobOutput>;
    type ZooKeeper = Sessions;

    fn now(&self) -> Now {
        self.clock.now()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    fn timer(&self) -> Alarm {
        Alarm {
            schedule: Rc::clone(self.world.schedule()),
            clock: Arc::clone(&self.clock),
            violations: self.world.violations().clone(),
            set: None,
        }
    }

    fn connect(&self, address: SocketAddr) -> Self::Connecting {
        let network = self.world.network().clone();
        let (world, machine, requests) =
            (self.world.clone(), Arc::clone(&self.clock), self.world.lookout().requests());
        let dial = Dial::begin(&self.dials, address, self.world.violations());
        Box::pin(async move {
            let socket = network.connect(address).await?;
            drop(dial);
            Ok(Connection { socket, world, machine, requests })
        })
    }

    fn resolve(&self, host: &str, port: u16) -> Self::Resolving {
        let (network, host): (Network, String) = (self.world.network().clone(), host.to_owned());
        Box::pin(async move {
            let found = network.resolve(&host).await;
            Ok(found.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
        })
    }

    fn compute(&self, job: Job) -> Self::Computing {
        let lasts = self.world.draw(|rng| rng.duration(&COMPUTING));
        let sleep = self.world.sleep(lasts);
        Box::pin(async move {
            sleep.await;
            job.run()
        })
    }

    fn zookeeper(&self) -> Sessions {
        let port = Port::new(self.world.zookeeper_service(), &self.chroot).on(&self.clock);
        Sessions { port, world: self.world.clone(), machine: Arc::clone(&self.clock) }
    }
}

/// A simulated TCP connection.
#[derive(Debug)]
pub struct Connection {
    socket: Socket,
    world: World,
    machine: Arc<MachineClock>,
    requests: Option<Requests>,
}

impl Tcp for Connection {
    fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        self.socket.poll_read(cx, into)
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.socket.poll_write(cx, parts);
        if let (Some(requests), Poll::Ready(Ok(count))) = (&mut self.requests, &written) {
            let tell = |sent: Sent<'_>| self.world.lookout().tell(&self.machine, sent);
            requests.wrote(self.world.instant(), parts, *count, tell);
        }
        written
    }
}

/// A timer of virtual time. It tells when it is set to what has passed: a deadline must move on.
#[derive(Debug)]
pub struct Alarm {
    schedule: Rc<Schedule>,
    clock: Arc<MachineClock>,
    violations: Violations,
    set: Option<(Instant, Sleep)>,
}

impl Alarm {
    /// As long as the machine's own clock takes to get there, if it is not suspended meanwhile.
    fn sleep_until(&self, at: Instant) -> Sleep {
        Sleep::new(Rc::clone(&self.schedule), self.clock.shows_at(at))
    }
}

impl Timer for Alarm {
    fn reset(&mut self, at: Instant) {
        let now = self.clock.now().mono;
        if at <= now {
            self.violations
                .add("deadlines-move-on", format!("the driver wants to be woken at {at}, and it is {now}"));
        }
        self.set = Some((at, self.sleep_until(at)));
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some((at, sleep)) = &mut self.set {
            if Pin::new(sleep).poll(cx).is_pending() {
                return Poll::Pending;
            }
            let at = *at;
            if self.clock.now().mono >= at {
                return Poll::Ready(());
            }
            self.set = Some((at, self.sleep_until(at)));
        }
        Poll::Pending
    }
}

/// The sessions of one client with the model `ZooKeeper`.
#[derive(Debug)]
pub struct Sessions {
    port: Port<SessionId, ZkRequestId>,
    world: World,
    machine: Arc<MachineClock>,
}

impl ZooKeeper for Sessions {
    fn open(&mut self, session: SessionId, timeout: Duration) {
        self.port.open(session, timeout);
    }

    fn perform(&mut self, id: ZkRequestId, op: ZkOp) {
        self.world.lookout().tell(&self.machine, Sent::ZooKeeper(&op));
        self.port.perform(id.session, id, op);
    }

    fn close(&mut self, session: SessionId) {
        self.port.close(session);
    }

    fn poll_news(&mut self, cx: &mut Context<'_>) -> Poll<ZkNews> {
        self.port.poll_news(cx).map(|news| match news {
            News::Reply { id, result } => ZkNews::Reply { id, result },
            News::Watch { session, path } => ZkNews::Watch { session, path },
            News::Session { session, state } => ZkNews::Session { session, state },
        })
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.port.poll_closed(cx)
    }
}

/// Lets a client run in a world, on a machine of its own: the argument of `samsa-client`'s builder.
#[derive(Clone, Debug)]
pub struct Launcher {
    world: World,
    clock: Arc<MachineClock>,
}

impl Launcher {
    pub(crate) fn new(world: World) -> Self {
        let clock = world.new_machine();
        Self { world, clock }
    }
}

impl Launch for Launcher {
    type Runtime = Runtime;

    fn runtime(&self, ensemble: Option<&ConnectString>) -> Result<Runtime, &'static str> {
        let chroot = ensemble.and_then(|ensemble| ensemble.chroot.clone()).unwrap_or_default();
        let dials = Dials::default();
        Ok(Runtime { world: self.world.clone(), clock: Arc::clone(&self.clock), chroot, dials })
    }

    fn spawn(&self, driver: Driver<Runtime>) {
        self.world.spawn_client(Arc::clone(&self.clock), driver);
    }
}
