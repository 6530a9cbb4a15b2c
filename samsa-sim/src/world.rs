//! What an application sees of the world that it runs in.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::ops::Range;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use samsa_client::{Builder, Driver};
use samsa_core::{Clock as _, Instant, Now};

use crate::clock::{Drift, Drifts, MachineClock, VirtualClock};
use crate::cluster::ClusterConfig;
use crate::executor::{Schedule, Sleep, Spawner, TaskName};
use crate::faults::Faults;
use crate::host::Host;
use crate::network::Network;
use crate::rng::Rng;
use crate::runtime::{Launcher, Runtime};
use crate::sent::Lookout;
use crate::trace::Trace;
use crate::violations::Violations;
use crate::zookeeper::ZooKeeperService;

/// A short suspension, and for how long the machine is awake before the next.
const NAP: Range<Duration> = Duration::from_millis(1_600)..Duration::from_millis(4_000);
const AWAKE: Range<Duration> = Duration::from_micros(100)..Duration::from_micros(1_500);
/// How soon a machine that woke notices that its connections are gone, and how long it takes to make others.
const NOTICES: Range<Duration> = Duration::ZERO..Duration::from_millis(30);
const BACK: Range<Duration> = Duration::from_millis(10)..Duration::from_secs(1);

/// A simulated world: a cluster of model brokers, a model `ZooKeeper`, a network between them, and virtual time.
///
/// Cheap to clone. Its clients come from [`zookeeper`](Self::zookeeper) and [`bootstrap`](Self::bootstrap); the handles
/// that these give are those of `samsa-client`, so code that takes a `&Cluster` runs here as it does on any runtime.
#[derive(Clone)]
pub struct World(Rc<Inner>);

/// A machine with a client on it.
#[derive(Clone)]
pub(crate) struct Machine {
    clock: Arc<MachineClock>,
    /// Whom to wake when the machine goes on, or ends.
    driver: Rc<RefCell<Option<Waker>>>,
    is_frozen: Rc<Cell<bool>>,
    is_killed: Rc<Cell<bool>>,
    driver_runs: Rc<Cell<bool>>,
}

impl Machine {
    fn new(clock: Arc<MachineClock>) -> Self {
        Self {
            clock,
            driver: Rc::default(),
            is_frozen: Rc::default(),
            is_killed: Rc::default(),
            driver_runs: Rc::new(Cell::new(true)),
        }
    }

    /// Runs a driver while the machine is not suspended, and drops it when the machine is killed.
    async fn run(self, mut driver: Driver<Runtime>, violations: Violations) {
        poll_fn(|cx| {
            *self.driver.borrow_mut() = Some(cx.waker().clone());
            if self.is_killed.get() {
                return Poll::Ready(());
            }
            if self.clock.is_suspended() || self.is_frozen.get() {
                return Poll::Pending;
            }
            let polled = Pin::new(&mut driver).poll(cx);
            driver.assert_bounds();
            violations.checked(1);
            polled
        })
        .await;
        drop(driver);
        self.driver_runs.set(false);
    }

    /// Whether its driver will run, unless something happens to it.
    fn goes_on(&self) -> bool {
        !self.clock.is_suspended() && !self.is_frozen.get() && !self.is_killed.get() && self.driver_runs.get()
    }

    fn kill(&self) {
        self.is_killed.set(true);
        self.driver.take().into_iter().for_each(Waker::wake);
    }

    fn resume(&self) {
        self.clock.resume();
        self.is_frozen.set(false);
        self.driver.take().into_iter().for_each(Waker::wake);
    }
}

pub(crate) struct Inner {
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) schedule: Rc<Schedule>,
    pub(crate) spawner: Spawner,
    pub(crate) trace: Trace,
    pub(crate) faults: Faults,
    pub(crate) violations: Violations,
    pub(crate) network: Network,
    pub(crate) zookeeper: ZooKeeperService,
    pub(crate) host: Host,
    pub(crate) config: ClusterConfig,
    /// Those that were started.
    pub(crate) clients: RefCell<Vec<Machine>>,
    pub(crate) rng: RefCell<Rng>,
    pub(crate) drifts: RefCell<Drifts>,
    pub(crate) lookout: Lookout,
}

impl World {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Rc::new(inner))
    }

    /// A client that finds the brokers through `ZooKeeper`. Its own chance comes from the world's seed.
    ///
    /// On a release without `ZooKeeper` nobody is registered there, so it finds nobody.
    pub fn zookeeper(&self) -> Builder<Launcher> {
        self.seeded(Builder::zookeeper(Launcher::new(self.clone()), "zk:2181"))
    }

    /// A client that is told of all brokers. Its own chance comes from the world's seed.
    pub fn bootstrap(&self) -> Builder<Launcher> {
        self.seeded(Builder::bootstrap(Launcher::new(self.clone()), self.0.host.bootstrap()))
    }

    /// A client that is told names, which lead to the brokers wherever they are.
    pub(crate) fn bootstrap_by_names(&self) -> Builder<Launcher> {
        self.seeded(Builder::bootstrap(Launcher::new(self.clone()), self.0.host.lasting_names()))
    }

    fn seeded(&self, builder: Builder<Launcher>) -> Builder<Launcher> {
        builder.seed(self.draw(Rng::draw))
    }

    /// What the cluster is made of.
    pub fn cluster_config(&self) -> &ClusterConfig {
        &self.0.config
    }

    /// Both clocks, as the servers have them. Those of a client's machine may go otherwise, by 1 % at most.
    pub fn now(&self) -> Now {
        self.0.clock.now()
    }

    /// Waits. No time passes outside.
    pub fn sleep(&self, lasts: Duration) -> impl Future<Output = ()> + Unpin + 'static {
        Sleep::new(Rc::clone(&self.0.schedule), self.0.clock.instant() + lasts)
    }

    /// Waits for a future, but no longer than this: `None` when the time is over.
    pub async fn timeout<T>(&self, within: Duration, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        let mut sleep = pin!(self.sleep(within));
        poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending => sleep.as_mut().poll(cx).map(|()| None),
        })
        .await
    }

    /// Starts a task, which runs beside the others.
    pub fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.spawn_named("task", task);
    }

    pub(crate) fn spawn_client(&self, clock: Arc<MachineClock>, driver: Driver<Runtime>) {
        let drift = clock.drift();
        let machine = Machine::new(clock);
        self.0.clients.borrow_mut().push(machine.clone());
        let number = self.0.clients.borrow().len();
        if drift != Drift::NONE {
            self.0.trace.line("clock", format_args!("client {number}: {drift}"));
        }
        self.spawn_named(format!("client {number}"), machine.run(driver, self.violations().clone()));
    }

    /// How many clients were started: the number of the last one.
    pub(crate) fn last_client(&self) -> usize {
        self.0.clients.borrow().len()
    }

    /// The clocks of the machine that a client is on.
    pub(crate) fn machine_of(&self, client: usize) -> Option<Arc<MachineClock>> {
        self.0.clients.borrow().get(client - 1).map(|machine| Arc::clone(&machine.clock))
    }

    /// Ends a client's process at once, without a word to anybody.
    pub(crate) fn kill(&self, client: usize) {
        let machine = self.0.clients.borrow().get(client - 1).cloned();
        if let Some(machine) = machine {
            self.0.trace.line("faults", format_args!("!! client {client} is killed"));
            machine.kill();
        }
    }

    /// Suspends a machine with a client on it for a while, and maybe for another soon after that. Says whether there is one.
    pub(crate) fn suspend_a_client(&self, lasts: Duration, rng: &mut Rng) -> bool {
        let Some((number, machine)) = self.pick_a_machine(rng) else { return false };
        if !rng.chance(400) {
            self.suspend(number, &machine, lasts);
            return true;
        }
        let (short, awake) = (rng.duration(&NAP), rng.duration(&AWAKE));
        self.suspend(number, &machine, short);
        let world = self.clone();
        self.0.schedule.call_after(short + awake, move || {
            if machine.goes_on() && !world.faults().are_over() {
                world.suspend(number, &machine, lasts);
            }
        });
        true
    }

    /// What was asked of `ZooKeeper` is answered meanwhile; a little after it woke it notices that its connections are gone.
    fn suspend(&self, number: usize, machine: &Machine, lasts: Duration) {
        self.0.trace.line("faults", format_args!("!! client {number} is suspended for {lasts:?}"));
        machine.clock.suspend();
        self.0.zookeeper.silence(&machine.clock);
        let (notices, away) = self.draw(|rng| (rng.duration(&NOTICES), rng.duration(&BACK)));
        let resumed = machine.clone();
        self.0.schedule.call_after(lasts, move || resumed.resume());
        let (zookeeper, machine) = (self.0.zookeeper.clone(), machine.clone());
        self.0.schedule.call_after(lasts + notices, move || {
            if !machine.clock.is_suspended() {
                zookeeper.lose_machine(&machine.clock, away);
            }
        });
    }

    /// Stops a client's process for a while, as SIGSTOP does. Says whether there is one. Nobody hears of it meanwhile.
    pub(crate) fn freeze_a_client(&self, lasts: Duration, rng: &mut Rng) -> bool {
        let Some((number, machine)) = self.pick_a_machine(rng) else { return false };
        self.0.trace.line("faults", format_args!("!! client {number} is frozen for {lasts:?}"));
        machine.is_frozen.set(true);
        self.0.zookeeper.lose_machine(&machine.clock, lasts);
        self.0.schedule.call_after(lasts, move || machine.resume());
        true
    }

    /// Sets the wall clock of a client's machine wrong by so many milliseconds. Says whether there is one.
    pub(crate) fn set_a_wall_clock(&self, wrong: i64, rng: &mut Rng) -> bool {
        let Some((number, machine)) = self.pick_a_machine(rng) else { return false };
        let what =
            format_args!("!! client {number}: the wall clock is set, and {wrong} ms wrong from now on");
        self.0.trace.line("clock", what);
        machine.clock.set_wall_wrong_by(wrong);
        true
    }

    fn pick_a_machine(&self, rng: &mut Rng) -> Option<(usize, Machine)> {
        let clients = self.0.clients.borrow();
        let awake: Vec<(usize, &Machine)> =
            (1..).zip(&*clients).filter(|(_, machine)| machine.goes_on()).collect();
        rng.pick(&awake).map(|(number, machine)| (*number, (*machine).clone()))
    }

    pub(crate) fn spawn_named(&self, name: impl Into<TaskName>, task: impl Future<Output = ()> + 'static) {
        self.0.spawner.spawn(name, task);
    }

    /// Draws from the world's own chance, so that the seed decides what an application does, too.
    pub fn draw<T>(&self, draw: impl FnOnce(&mut Rng) -> T) -> T {
        draw(&mut self.0.rng.borrow_mut())
    }

    /// Where everything that happens is written down.
    pub fn trace(&self) -> &Trace {
        &self.0.trace
    }

    /// Reports that something is not as it must be: the run fails, and its trace says where.
    pub fn violation(&self, invariant: &'static str, what: impl Into<String>) {
        self.0.violations.add(invariant, what);
    }

    /// The brokers that run now.
    pub fn running_brokers(&self) -> Vec<i32> {
        self.0.host.brokers(true)
    }

    /// Stops a broker, without a word to anybody. Its log stays.
    pub fn crash(&self, broker: i32) {
        self.0.host.stop(broker);
    }

    /// Starts a broker that does not run.
    pub fn start(&self, broker: i32) {
        self.0.host.start(broker);
    }

    /// Has a broker stand still: it keeps its connections, and its place in the cluster, and answers nothing.
    pub fn freeze(&self, broker: i32) {
        self.0.host.freeze(broker);
    }

    /// Has a frozen broker go on.
    pub fn thaw(&self, broker: i32) {
        self.0.host.thaw(broker);
    }

    /// How many clients were started and have not ended.
    pub fn running_clients(&self) -> usize {
        self.0.clients.borrow().iter().filter(|machine| machine.driver_runs.get()).count()
    }

    /// Ends the runtime of every client, whatever it was at: its driver is dropped.
    pub fn kill_clients(&self) {
        self.0.trace.line("world", format_args!("the runtimes of all clients end"));
        self.0.clients.borrow().iter().for_each(Machine::kill);
    }

    /// From now on nothing goes wrong any more: every broker runs, every connection that is deaf breaks.
    pub fn heal(&self) {
        if self.0.faults.are_over() {
            return;
        }
        self.0.trace.line("faults", format_args!("are over: from now on nothing goes wrong"));
        self.0.faults.heal();
        self.0.network.heal();
        self.0.zookeeper.come_up();
        for machine in &*self.0.clients.borrow() {
            machine.clock.set_wall_wrong_by(0);
            machine.resume();
        }
        self.0.host.heal();
    }

    /// Done when nothing goes wrong any more.
    pub async fn healed(&self) {
        while !self.0.faults.are_over() {
            self.sleep(Duration::from_millis(100)).await;
        }
    }

    /// The clocks of another machine.
    pub(crate) fn new_machine(&self) -> Arc<MachineClock> {
        let drift = self.0.drifts.borrow_mut().next();
        Arc::new(MachineClock::new(Arc::clone(&self.0.clock), drift))
    }

    pub(crate) fn instant(&self) -> Instant {
        self.0.clock.instant()
    }

    pub(crate) fn schedule(&self) -> &Rc<Schedule> {
        &self.0.schedule
    }

    pub(crate) fn violations(&self) -> &Violations {
        &self.0.violations
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.0.faults
    }

    pub(crate) fn network(&self) -> &Network {
        &self.0.network
    }

    pub(crate) fn zookeeper_service(&self) -> &ZooKeeperService {
        &self.0.zookeeper
    }

    /// Who looks at what clients send.
    pub(crate) fn lookout(&self) -> &Lookout {
        &self.0.lookout
    }

    pub(crate) fn host(&self) -> &Host {
        &self.0.host
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("now", &self.instant()).finish_non_exhaustive()
    }
}
