//! Carries bytes between the network and the model brokers, and keeps their registrations in `ZooKeeper`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Buf, Bytes};
use samsa_core::{Clock, HostPort, Instant, ZkOp};
use samsa_proto::zookeeper::{ClusterId, path};

use crate::clock::VirtualClock;
use crate::cluster::{ClusterConfig, Committed, Input, ModelCluster, Output, ServerConn};
use crate::executor::{Schedule, Sleep};
use crate::faults::{Fault, Faults};
use crate::lies::lie;
use crate::network::{Listener, Network, Side, Socket};
use crate::rng::Rng;
use crate::trace::Trace;
use crate::violations::Violations;
use crate::zookeeper::ZooKeeperService;

mod addresses;

pub(crate) use addresses::Left;

/// The port at which every broker listens, each on a host of its own.
const PORT: u16 = 9092;

/// As `zookeeper.session.timeout.ms` of older brokers.
const SESSION_TIMEOUT: Duration = Duration::from_secs(6);

/// Most bytes of one read.
const READ_BYTES: usize = 16 << 10;

/// A connection at a broker.
#[derive(Debug)]
struct Accepted {
    broker: i32,
    socket: Socket,
    out: VecDeque<Bytes>,
}

/// What a host needs of its world.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) schedule: Rc<Schedule>,
    pub(crate) trace: Trace,
    pub(crate) faults: Faults,
    pub(crate) network: Network,
    pub(crate) zookeeper: ZooKeeperService,
    pub(crate) violations: Violations,
}

/// The brokers of a world, running.
#[derive(Clone)]
pub(crate) struct Host(Rc<RefCell<Inner>>);

/// The second says whether the connection is over: then the client does not know what becomes of it.
type Audit = Box<dyn Fn(&Committed, bool)>;

struct Inner {
    world: Surroundings,
    cluster: ModelCluster,
    listeners: BTreeMap<i32, Listener>,
    /// At addresses that brokers have left.
    former: Vec<(i32, Listener)>,
    /// How often a broker went to an address that nobody had before.
    moves: u32,
    sessions: BTreeMap<i32, i64>,
    accepted: BTreeMap<ServerConn, Accepted>,
    connections: u64,
    /// They stand still.
    frozen: BTreeSet<i32>,
    rng: Rng,
    alarm: Sleep,
    task: Option<Waker>,
    /// Who looks at what groups commit.
    audit: Option<Audit>,
    /// The connection of what arrived last.
    heard: Option<ServerConn>,
    /// What is read goes here first.
    buffer: Vec<u8>,
}

impl Host {
    /// All brokers, not yet started.
    pub(crate) fn new(world: Surroundings, config: ClusterConfig, mut rng: Rng) -> Self {
        let address = |id| HostPort { host: format!("k{id}"), port: PORT };
        let addresses: Vec<HostPort> = (1..=config.brokers).map(address).collect();
        for (broker, address) in (1..).zip(&addresses) {
            world.network.host(&address.host);
            world.network.point(&addresses::lasting_name(broker), &address.host);
        }
        let cluster = ModelCluster::new(config, addresses, rng.fork());
        if cluster.config().release.has_zookeeper() {
            prepare(&world.zookeeper);
        }
        let alarm = Sleep::new(Rc::clone(&world.schedule), Instant::START);
        Self(Rc::new(RefCell::new(Inner {
            world,
            cluster,
            listeners: BTreeMap::new(),
            former: Vec::new(),
            moves: 0,
            sessions: BTreeMap::new(),
            accepted: BTreeMap::new(),
            connections: 0,
            frozen: BTreeSet::new(),
            rng,
            alarm,
            task: None,
            audit: None,
            heard: None,
            buffer: vec![0; READ_BYTES],
        })))
    }

    /// Has each commit of a group looked at when it is written.
    pub(crate) fn audit(&self, audit: impl Fn(&Committed, bool) + 'static) {
        self.0.borrow_mut().audit = Some(Box::new(audit));
    }

    /// Serves for ever.
    pub(crate) async fn serve(self) {
        poll_fn(|cx| {
            self.0.borrow_mut().turn(cx);
            Poll::<()>::Pending
        })
        .await;
    }

    /// Starts a broker that does not run.
    pub(crate) fn start(&self, broker: i32) {
        self.0.borrow_mut().start(broker);
    }

    /// Stops a broker without a word to anybody.
    pub(crate) fn stop(&self, broker: i32) {
        self.0.borrow_mut().stop(broker);
    }

    /// Has a broker stand still: nothing is read from its connections, and nothing written.
    pub(crate) fn freeze(&self, broker: i32) {
        let inner = &mut *self.0.borrow_mut();
        inner.world.trace.line(&name(broker), format_args!("freezes"));
        inner.frozen.insert(broker);
    }

    /// Has a frozen broker go on. Says whether it was frozen.
    pub(crate) fn thaw(&self, broker: i32) -> bool {
        let inner = &mut *self.0.borrow_mut();
        let was_frozen = inner.frozen.remove(&broker);
        if was_frozen {
            inner.world.trace.line(&name(broker), format_args!("goes on"));
            inner.wake();
        }
        was_frozen
    }

    /// Whether a broker stands still.
    pub(crate) fn is_frozen(&self, broker: i32) -> bool {
        self.0.borrow().frozen.contains(&broker)
    }

    /// Every broker runs, and knows what there is.
    pub(crate) fn heal(&self) {
        for broker in self.brokers(true) {
            self.thaw(broker);
        }
        self.brokers(false).into_iter().for_each(|broker| self.start(broker));
        self.0.borrow_mut().cluster.heal();
    }

    /// The brokers that run, or that do not.
    pub(crate) fn brokers(&self, running: bool) -> Vec<i32> {
        let inner = self.0.borrow();
        inner.cluster.broker_ids().into_iter().filter(|id| inner.cluster.is_running(*id) == running).collect()
    }

    /// The host that a broker runs on.
    pub(crate) fn name_of(&self, broker: i32) -> Option<String> {
        self.0.borrow().cluster.address(broker).map(|address| address.host.clone())
    }

    /// Host and port of every broker, with commas between.
    pub(crate) fn bootstrap(&self) -> String {
        let inner = self.0.borrow();
        let addresses = inner.cluster.broker_ids().into_iter().filter_map(|id| inner.cluster.address(id));
        addresses.map(ToString::to_string).collect::<Vec<_>>().join(",")
    }

    /// Makes a topic that has been there before anybody looks.
    pub(crate) fn fill(&self, topic: &str, partitions: &[Vec<Bytes>]) {
        let inner = &mut *self.0.borrow_mut();
        inner.cluster.fill(inner.world.clock.now(), topic, partitions);
        inner.perform();
    }

    /// Lets something go wrong with the cluster. Says whether there was anything to which it could happen.
    pub(crate) fn upset(&self, kind: Fault) -> bool {
        let inner = &mut *self.0.borrow_mut();
        let happened = inner.cluster.upset(inner.world.clock.now(), kind);
        inner.perform();
        inner.wake();
        happened
    }

    /// Stops a broker, which is what the cluster becomes when it starts again.
    pub(crate) fn stop_to_upgrade(&self, broker: i32) {
        let inner = &mut *self.0.borrow_mut();
        inner.stop(broker);
        inner.cluster.upgrade(broker);
    }

    /// From now on no value is to be in this topic twice: a second copy is a violation when it is appended.
    pub(crate) fn expect_once(&self, topic: &str) {
        self.0.borrow_mut().cluster.expect_once(topic);
    }

    /// From now on topics are created for those who publish to them alone: another one is a violation.
    pub(crate) fn expect_publishers(&self) {
        self.0.borrow_mut().cluster.expect_publishers();
    }

    /// Somebody is about to publish to a topic.
    pub(crate) fn is_published_to(&self, topic: &str) {
        self.0.borrow_mut().cluster.is_published_to(topic);
    }

    /// So many members of a group are there from now on, which the brokers coordinate.
    pub(crate) fn set_members(&self, group: &str, members: usize) {
        self.0.borrow_mut().cluster.set_members(group, members);
    }

    /// Looks at the cluster.
    pub(crate) fn look<T>(&self, at: impl FnOnce(&ModelCluster) -> T) -> T {
        at(&self.0.borrow().cluster)
    }
}

/// The nodes that brokers make when they start for the first time.
fn prepare(zookeeper: &ZooKeeperService) {
    zookeeper.with(|ensemble| {
        for path in
            ["/brokers/ids", "/brokers/topics", "/consumers", "/config/topics", "/admin/delete_topics"]
        {
            ensemble.put(path, b"");
        }
        ensemble.put("/cluster/id", &ClusterId("samsa-sim".to_owned()).to_bytes());
        ensemble.put("/controller_epoch", b"1");
    });
}

impl Inner {
    fn socket_address(&self, broker: i32) -> Option<SocketAddr> {
        let address = self.cluster.address(broker)?;
        Some(SocketAddr::new(self.world.network.host(&address.host), address.port))
    }

    fn start(&mut self, broker: i32) {
        let Some(address) = self.socket_address(broker).filter(|_| !self.cluster.is_running(broker)) else {
            return;
        };
        self.world.trace.line(&name(broker), format_args!("starts"));
        self.listeners.insert(broker, self.world.network.listen(address));
        self.register(broker);
        let blank = self.world.faults.strikes(Fault::BlankMetadata, &mut self.rng, 500);
        self.cluster.handle(self.world.clock.now(), Input::Start { broker, blank });
        self.perform();
        self.wake();
    }

    fn register(&mut self, broker: i32) {
        let Some(data) = self.cluster.registration(broker, self.world.clock.now()) else { return };
        let earlier = self.sessions.remove(&broker);
        let session = self.world.zookeeper.with(|ensemble| {
            if let Some(session) = earlier {
                ensemble.end(session);
            }
            let session = ensemble.open(SESSION_TIMEOUT);
            let created = ensemble
                .perform(session, &ZkOp::Create { path: path::broker(broker), data, ephemeral: true });
            debug_assert!(created.is_ok(), "an earlier registration is gone with its session");
            session
        });
        self.sessions.insert(broker, session);
    }

    fn stop(&mut self, broker: i32) {
        if !self.cluster.is_running(broker) {
            return;
        }
        self.world.trace.line(&name(broker), format_args!("crashes"));
        self.frozen.remove(&broker);
        self.listeners.remove(&broker);
        let (gone, stay) =
            std::mem::take(&mut self.accepted).into_iter().partition(|(_, one)| one.broker == broker);
        self.accepted = stay;
        let gone: BTreeMap<ServerConn, Accepted> = gone;
        for accepted in gone.values() {
            accepted.socket.link().cut();
        }
        let now = self.world.clock.now();
        if let Some(session) = self.sessions.get(&broker).copied() {
            self.world.zookeeper.with(|ensemble| ensemble.lose(now.mono, session));
        }
        self.cluster.handle(now, Input::Stop(broker));
        self.perform();
        self.wake();
    }

    fn wake(&mut self) {
        self.task.take().into_iter().for_each(Waker::wake);
    }

    fn turn(&mut self, cx: &mut Context<'_>) {
        self.task = Some(cx.waker().clone());
        self.accept(cx);
        self.read(cx);
        self.tick(cx);
        self.write(cx);
    }

    fn accept(&mut self, cx: &mut Context<'_>) {
        let own = self.listeners.iter().map(|(broker, listener)| (broker, listener, false));
        let former = self.former.iter().map(|(broker, listener)| (broker, listener, true));
        for (broker, listener, is_former) in own.chain(former) {
            if self.frozen.contains(broker) {
                continue;
            }
            while let Poll::Ready(socket) = listener.poll_accept(cx) {
                let conn = ServerConn(self.connections);
                self.connections += 1;
                self.accepted.insert(conn, Accepted { broker: *broker, socket, out: VecDeque::new() });
                let accepted = Input::Accepted { conn, broker: *broker, is_former };
                self.cluster.handle(self.world.clock.now(), accepted);
            }
        }
    }

    fn read(&mut self, cx: &mut Context<'_>) {
        let awake = |accepted: &Accepted| !self.frozen.contains(&accepted.broker);
        let open = self.accepted.iter().filter(|(_, accepted)| awake(accepted));
        let open: Vec<ServerConn> = open.map(|(conn, _)| *conn).collect();
        for conn in open {
            while let Some(accepted) = self.accepted.get(&conn) {
                let Poll::Ready(read) = accepted.socket.poll_read(cx, &mut self.buffer) else { break };
                let now = self.world.clock.now();
                if let Some(count) = read.ok().filter(|count| *count > 0) {
                    let bytes = Bytes::copy_from_slice(&self.buffer[..count]);
                    self.heard = Some(conn);
                    self.cluster.handle(now, Input::Received { conn, bytes });
                } else {
                    self.forget(conn);
                }
                self.perform();
            }
        }
    }

    fn forget(&mut self, conn: ServerConn) {
        self.accepted.remove(&conn);
        self.cluster.handle(self.world.clock.now(), Input::Gone { conn });
    }

    fn tick(&mut self, cx: &mut Context<'_>) {
        while let Some(at) = self.cluster.deadline() {
            self.alarm.reset(at);
            if Pin::new(&mut self.alarm).poll(cx).is_pending() {
                break;
            }
            self.cluster.handle(self.world.clock.now(), Input::Tick);
            self.perform();
        }
    }

    /// Does what the cluster wants done.
    fn perform(&mut self) {
        while let Some(output) = self.cluster.next_output() {
            match output {
                Output::Send { conn, frame } => self.send(conn, frame),
                Output::Close { conn } => {
                    self.accepted.remove(&conn);
                }
                Output::Node { path, data } => {
                    self.world.zookeeper.with(|ensemble| ensemble.put(&path, &data));
                }
                Output::NodeGone { path } => self.world.zookeeper.with(|ensemble| ensemble.uproot(&path)),
                Output::Note { broker, text } => self.world.trace.line(&name(broker), format_args!("{text}")),
                Output::Committed(committed) => {
                    if let Some(audit) = &self.audit {
                        let heard = self.heard.and_then(|conn| self.accepted.get(&conn));
                        audit(&committed, heard.is_none_or(|heard| heard.socket.link().is_over()));
                    }
                }
                Output::Complaint(text) => self.world.violations.add("strict-broker", text),
                Output::Copied(text) => self.world.violations.add("stored-once", text),
                Output::Looked(text) => self.world.violations.add("looking-never-creates", text),
                Output::Misstep { conn, text } => {
                    if self.accepted.get(&conn).is_some_and(|accepted| !accepted.socket.link().is_over()) {
                        self.world.violations.add("strict-broker", text);
                    }
                }
                Output::Hasty(text) if self.haste_is_the_clients() => {
                    self.world.violations.add("waits-out-throttle", text);
                }
                Output::Hasty(_) => {}
            }
        }
    }

    /// Whether what arrives now was sent just now, by a client that could read all that it was told.
    fn haste_is_the_clients(&self) -> bool {
        use Fault::{Latency, Lies, Partition, Split, Stall, Suspend};
        let excuses = [Latency, Split, Stall, Partition, Suspend, Lies];
        !self.world.faults.kinds().iter().any(|kind| excuses.contains(kind))
    }

    fn send(&mut self, conn: ServerConn, frame: Vec<Bytes>) {
        let Some(accepted) = self.accepted.get_mut(&conn) else { return };
        if self.world.faults.strikes(Fault::LostReply, &mut self.rng, 25) {
            let who = name(accepted.broker);
            self.world.trace.line(&who, format_args!("!! its answer is lost with the connection"));
            accepted.socket.link().cut_before(Side::Server);
            self.forget(conn);
            return;
        }
        if self.world.faults.strikes(Fault::Lies, &mut self.rng, 12) {
            self.world.trace.line(&name(accepted.broker), format_args!("!! its answer makes no sense"));
            accepted.out.extend(lie(&frame, &mut self.rng));
        } else {
            accepted.out.extend(frame);
        }
    }

    fn write(&mut self, cx: &mut Context<'_>) {
        let mut broken = Vec::new();
        for (conn, accepted) in &mut self.accepted {
            if !self.frozen.contains(&accepted.broker) && accepted.write(cx).is_err() {
                broken.push(*conn);
            }
        }
        for conn in broken {
            self.forget(conn);
        }
        self.perform();
    }
}

impl Accepted {
    fn write(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while let Some(next) = self.out.front_mut() {
            if next.is_empty() {
                self.out.pop_front();
                continue;
            }
            match self.socket.poll_write(cx, &[IoSlice::new(next)]) {
                Poll::Ready(Ok(count)) => next.advance(count),
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => break,
            }
        }
        Ok(())
    }
}

fn name(broker: i32) -> String {
    if broker == 0 { "controller".to_owned() } else { format!("broker {broker}") }
}
