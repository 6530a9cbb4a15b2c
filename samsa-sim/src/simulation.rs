//! Building a world from a seed, and running an application in it.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use samsa_core::Instant;

use crate::chaos;
use crate::clock::Drifts;
use crate::cluster::ClusterConfig;
use crate::executor::{End, Executor};
use crate::faults::{FaultMix, Faults};
use crate::host::{Host, Surroundings};
use crate::logs;
use crate::network::{Network, Weather};
use crate::report::Report;
use crate::rng::Rng;
use crate::sent::Lookout;
use crate::trace::Trace;
use crate::violations::Violations;
use crate::world::{Inner, World};
use crate::zookeeper::ZooKeeperService;

/// A run to be made.
#[derive(Clone, Debug)]
#[must_use = "nothing happens before run"]
pub struct Simulation {
    seed: u64,
    cluster: ClusterConfig,
    faults: Option<FaultMix>,
    faults_for: Duration,
    within: Duration,
    keep_trace: bool,
}

/// What a run gave.
#[derive(Debug)]
pub struct Run<T> {
    /// What the application gave; `None` when it did not come to its end.
    pub output: Option<T>,
    /// What was seen.
    pub report: Report,
}

impl Simulation {
    /// One broker of 3.9 with `ZooKeeper`, and the faults that the seed chooses, for 30 s.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            cluster: ClusterConfig::default(),
            faults: None,
            faults_for: Duration::from_secs(30),
            within: Duration::from_secs(600),
            keep_trace: false,
        }
    }

    /// Another cluster.
    pub fn cluster(mut self, cluster: ClusterConfig) -> Self {
        self.cluster = cluster;
        self
    }

    /// These kinds of faults, whatever the seed would choose.
    pub fn faults(mut self, mix: FaultMix) -> Self {
        self.faults = Some(mix);
        self
    }

    /// How long things go wrong; then the world heals. Default 30 s.
    pub fn faults_for(mut self, lasts: Duration) -> Self {
        self.faults_for = lasts;
        self
    }

    /// In how much virtual time the application must come to its end. Default ten minutes.
    pub fn within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }

    /// Whether all lines of the trace are kept, not only the last ones. Default no.
    pub fn keep_trace(mut self, keep: bool) -> Self {
        self.keep_trace = keep;
        self
    }

    /// Runs an application to its end. What it does not catch, panics included, is in the report.
    pub fn run<T: 'static, F: Future<Output = T> + 'static>(self, app: impl FnOnce(World) -> F) -> Run<T> {
        let mut executor = Executor::new();
        let world = self.build(&executor);
        let output = Rc::new(RefCell::new(None));
        let task = executor.current_task();
        let end = logs::traced(world.trace(), world.violations(), &task, || {
            catch_unwind(AssertUnwindSafe(|| {
                let (result, body) = (Rc::clone(&output), app(world.clone()));
                world.spawn_named("application", async move {
                    let value = body.await;
                    *result.borrow_mut() = Some(value);
                });
                executor.run(Instant::START + self.within, || output.borrow().is_some())
            }))
        });
        judge(&world, end);
        let report = self.report(&world, &executor);
        world.zookeeper_service().clear();
        world.lookout().clear();
        world.schedule().clear();
        logs::traced(world.trace(), world.violations(), &task, || drop(executor));
        Run { output: output.take(), report }
    }

    fn build(&self, executor: &Executor) -> World {
        let mut rng = Rng::new(self.seed);
        let schedule = Rc::clone(executor.schedule());
        let trace = Trace::new(Rc::clone(&schedule), self.keep_trace);
        let violations = Violations::new(trace.clone());
        let swarm = FaultMix::swarm(&mut rng.fork());
        let faults = Faults::new(self.faults.clone().unwrap_or(swarm));
        let network = Network::new(Rc::clone(&schedule), trace.clone(), faults.clone(), rng.fork());
        let weather = Weather::new(Rc::clone(&schedule), trace.clone(), faults.clone(), rng.fork());
        let zookeeper = ZooKeeperService::new(weather);
        let surroundings = Surroundings {
            clock: Arc::clone(executor.clock()),
            schedule: Rc::clone(&schedule),
            trace: trace.clone(),
            faults: faults.clone(),
            network: network.clone(),
            zookeeper: zookeeper.clone(),
            violations: violations.clone(),
        };
        let host = Host::new(surroundings, self.cluster.clone(), rng.fork());
        let chaos = rng.fork();
        let world = World::new(Inner {
            clock: Arc::clone(executor.clock()),
            schedule,
            spawner: executor.spawner(),
            trace,
            faults,
            violations,
            network,
            zookeeper,
            host,
            config: self.cluster.clone(),
            clients: RefCell::default(),
            rng: RefCell::new(rng),
            drifts: RefCell::new(Drifts::of(self.seed)),
            lookout: Lookout::default(),
        });
        self.begin(&world, chaos);
        world
    }

    fn begin(&self, world: &World, chaos: Rng) {
        world.host().brokers(false).into_iter().for_each(|broker| world.start(broker));
        world.spawn_named("cluster", world.host().clone().serve());
        world.spawn_named("faults", chaos::rage(world.clone(), chaos));
        let (healing, sleep) = (world.clone(), world.sleep(self.faults_for));
        world.spawn_named("healing", async move {
            sleep.await;
            healing.heal();
        });
    }

    fn report(&self, world: &World, executor: &Executor) -> Report {
        Report {
            seed: self.seed,
            violations: world.violations().take(),
            trace_hash: world.trace().hash(),
            trace: world.trace().take(),
            virtual_time: executor.clock().instant().since(Instant::START),
            faults: world.faults().done(),
            steps: executor.turns(),
            checks: world.violations().checks(),
            ..Report::default()
        }
    }
}

/// What the end of a run says.
fn judge(world: &World, end: std::thread::Result<End>) {
    let (invariant, what) = match end {
        Ok(End::Done) => return,
        Ok(End::Idle) => {
            ("comes-to-an-end", "the application waits, and nothing will ever happen again".to_owned())
        }
        Ok(End::TimeOver) => {
            ("comes-to-an-end", "the application still waits when its time is over".to_owned())
        }
        Ok(End::Livelock(task)) => ("never-spins", format!("the task {task} runs again and again")),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(ToString::to_string);
            ("never-panics", text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default())
        }
    };
    world.violation(invariant, what);
}

/// Runs an application in a world with one broker and the faults that the seed chooses, and gives what it gives.
///
/// ```
/// use samsa_client::{Cluster, Message, PublishError};
///
/// // An application's own code: it knows nothing of simulation.
/// async fn greet(cluster: &Cluster) -> Result<i32, PublishError> {
///     let topic = cluster.topic("greetings");
///     let receipt = topic.publish(Message::new("hello").key("world")).await?;
///     Ok(receipt.partition)
/// }
///
/// let partition = samsa_sim::run(42, |world| async move {
///     let cluster = world.zookeeper().connect().await?;
///     let partition = greet(&cluster).await?;
///     cluster.close().await?;
///     Ok::<_, Box<dyn std::error::Error>>(partition)
/// });
/// assert!((0..3).contains(&partition.unwrap()));
/// ```
///
/// # Panics
/// When a check fails, or the application does not come to its end: with the end of the trace, and how to see it again.
pub fn run<T: 'static, F: Future<Output = T> + 'static>(seed: u64, app: impl FnOnce(World) -> F) -> T {
    let Run { output, report } = Simulation::new(seed).run(app);
    match output {
        Some(output) if report.is_ok() => output,
        _ => panic!("{report}"),
    }
}

#[cfg(test)]
mod tests;
