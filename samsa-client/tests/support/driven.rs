//! A client whose driver is polled by its test, and what it has computed is watched.

use std::cell::{Cell, RefCell};
use std::future::{Future, Ready, poll_fn, ready};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use samsa_client::{Clock, ConnectString, Driver, Job, JobOutput, Launch, Now, Runtime};

/// A runtime of which the driver is kept here.
pub(crate) struct Keeping<L: Launch> {
    launch: L,
    pub(crate) jobs: Rc<Jobs>,
    driver: RefCell<Option<Driver<Watched<L::Runtime>>>>,
}

impl<L: Launch> Keeping<L> {
    pub(crate) fn new(launch: L) -> Self {
        Self { launch, jobs: Rc::default(), driver: RefCell::new(None) }
    }

    pub(crate) fn take_driver(&self) -> Driver<Watched<L::Runtime>> {
        self.driver.take().expect("it was spawned")
    }
}

impl<L: Launch> Launch for &Keeping<L> {
    type Runtime = Watched<L::Runtime>;

    fn runtime(&self, ensemble: Option<&ConnectString>) -> Result<Self::Runtime, &'static str> {
        Ok(Watched { runtime: self.launch.runtime(ensemble)?, jobs: Rc::clone(&self.jobs) })
    }

    fn spawn(&self, driver: Driver<Self::Runtime>) {
        *self.driver.borrow_mut() = Some(driver);
    }
}

/// Polls the driver beside a future, until that is ready.
pub(crate) async fn driven<R: Runtime, T>(driver: &mut Driver<R>, future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    poll_fn(|cx| {
        assert!(Pin::new(&mut *driver).poll(cx).is_pending(), "it has ended");
        future.as_mut().poll(cx)
    })
    .await
}

/// What became of the jobs of a client.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    pub(crate) done: Cell<usize>,
    /// Those that were not ready as soon as the runtime had taken them.
    pub(crate) elsewhere: Cell<usize>,
}

/// A runtime that has every job done while the driver's thread is held fast.
pub(crate) struct Watched<R> {
    runtime: R,
    jobs: Rc<Jobs>,
}

impl<R: Runtime> Runtime for Watched<R> {
    type Tcp = R::Tcp;
    type Timer = R::Timer;
    type Connecting = R::Connecting;
    type Resolving = R::Resolving;
    type Computing = Ready<JobOutput>;
    type ZooKeeper = R::ZooKeeper;

    fn now(&self) -> Now {
        self.runtime.now()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.runtime.clock()
    }

    fn timer(&self) -> R::Timer {
        self.runtime.timer()
    }

    fn connect(&self, address: SocketAddr) -> R::Connecting {
        self.runtime.connect(address)
    }

    fn resolve(&self, host: &str, port: u16) -> R::Resolving {
        self.runtime.resolve(host, port)
    }

    fn compute(&self, job: Job) -> Ready<JobOutput> {
        let mut computing = self.runtime.compute(job);
        let mut cx = Context::from_waker(Waker::noop());
        // Few polls with ever longer pauses, a minute in all: Tokio counts them.
        for exponent in 0..16 {
            if let Poll::Ready(output) = Pin::new(&mut computing).poll(&mut cx) {
                self.jobs.done.set(self.jobs.done.get() + 1);
                self.jobs.elsewhere.set(self.jobs.elsewhere.get() + usize::from(exponent > 0));
                return ready(output);
            }
            thread::sleep(Duration::from_millis(1 << exponent));
        }
        panic!("the job waits for the thread of the driver")
    }

    fn zookeeper(&self) -> R::ZooKeeper {
        self.runtime.zookeeper()
    }
}
