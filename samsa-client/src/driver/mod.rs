//! The loop that performs what the engine asks for, on any runtime.

mod bell;
mod commands;
mod errands;
mod sockets;
#[cfg(test)]
mod tests;
#[cfg(feature = "zookeeper")]
mod zookeeper;

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use samsa_core::{
    ConnId, Engine, Input, Instant, Intent, JobId, Notices, Now, Reply, ResolveId, SessionId, Snapshot,
};
use tracing::Span;

use self::bell::{Bell, Task};
use self::commands::Commands;
use self::errands::Errands;
use self::sockets::Sockets;
use crate::link::Shared;
use crate::runtime::{Runtime, Timer, ZooKeeper};

#[cfg(feature = "zookeeper")]
pub use self::zookeeper::ZooKeeperSessions;

/// Turns that one poll takes before other tasks of the thread get theirs.
const TURNS: u32 = 16;

/// News of ZooKeeper that one turn takes.
const TURN_NEWS: u32 = 64;

/// How long the end waits for ZooKeeper to hear that the sessions are closed.
const GOODBYE: Duration = Duration::from_secs(1);

/// Drives one client: a future for the runtime to poll.
///
/// It ends when [`Cluster::close`](crate::Cluster::close) has given every accepted message its outcome, or when all
/// handles are gone and the messages that they left behind have theirs. Dropped before that, it gives every message and
/// every waiting call its outcome on the spot, and the handles answer that the client is closed.
///
/// It does a bounded amount of work each time it is polled, and is woken only when there is something to do.
#[must_use = "the client does nothing unless its driver is polled: spawn it"]
pub struct Driver<R: Runtime> {
    runtime: R,
    engine: Engine,
    shared: Arc<Shared>,
    task: Arc<Task>,
    timer: R::Timer,
    /// When the timer rings; a little before it has to is all right.
    armed: Option<Instant>,
    sockets: Sockets<R::Tcp>,
    dials: Errands<ConnId, R::Connecting>,
    questions: Errands<ResolveId, R::Resolving>,
    jobs: Errands<JobId, R::Computing>,
    zookeeper: R::ZooKeeper,
    zookeeper_bell: Bell,
    sessions: BTreeSet<SessionId>,
    commands: Commands,
    now: Now,
    /// What the client logs is in it.
    span: Span,
    /// Counts what the engine was told: a paused socket is asked about again when it has changed.
    round: u64,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The engine was told nothing yet.
    New,
    Running,
    /// The engine has closed; ZooKeeper is being told.
    Leaving {
        until: Instant,
    },
    Ended,
}

impl<R: Runtime> Driver<R> {
    pub(crate) fn new(engine: Engine, runtime: R, shared: Arc<Shared>) -> Self {
        let task = Arc::new(Task::default());
        let client_id = engine.client_id();
        Self {
            span: tracing::info_span!("samsa", client_id),
            timer: runtime.timer(),
            armed: None,
            sockets: Sockets::new(&task),
            dials: Errands::new(&task),
            questions: Errands::new(&task),
            jobs: Errands::new(&task),
            zookeeper: runtime.zookeeper(),
            zookeeper_bell: Bell::new(&task),
            sessions: BTreeSet::new(),
            commands: Commands::default(),
            now: runtime.now(),
            round: 0,
            stage: Stage::New,
            runtime,
            engine,
            shared,
            task,
        }
    }

    /// What a simulator asserts after each turn; see [`Engine::assert_bounds`].
    pub fn assert_bounds(&self) {
        self.engine.assert_bounds();
    }

    fn tell(&mut self, input: Input) {
        self.round += 1;
        self.engine.handle(self.now, input);
    }

    /// Does all that can be done now, within bounds. Tells whether there was anything.
    fn turn(&mut self) -> bool {
        let mut busy = self.hear_application();
        if self.stage == Stage::New {
            self.stage = Stage::Running;
            self.tell(Input::Tick);
            busy = true;
        }
        if self.engine.deadline().is_some_and(|deadline| deadline.at <= self.now.mono) {
            self.tell(Input::Tick);
            busy = true;
        }
        busy |= self.collect_errands();
        busy |= self.hear_zookeeper();
        busy |= self.read();
        busy |= self.perform();
        busy |= self.write();
        busy
    }

    fn hear_application(&mut self) -> bool {
        let notices = self.shared.signal.take();
        if notices.contains(Notices::COMMANDS) {
            for input in self.commands.take(&self.shared) {
                self.tell(input);
            }
        }
        if notices.contains(Notices::BATCHES) {
            self.tell(Input::BatchesReady);
        }
        if notices.contains(Notices::CREDIT) {
            self.tell(Input::Credit);
        }
        !notices.is_empty()
    }

    fn collect_errands(&mut self) -> bool {
        let before = self.round;
        while let Some((id, found)) = self.questions.next_done() {
            let addresses = found.map_err(|error| error.to_string());
            self.tell(Input::Resolved { id, addresses });
        }
        while let Some((conn, dialled)) = self.dials.next_done() {
            match dialled {
                Ok(tcp) => {
                    self.sockets.insert(conn, tcp);
                    self.tell(Input::Connected { conn });
                }
                Err(error) => self.tell(Input::ConnectFailed { conn, reason: error.to_string() }),
            }
        }
        while let Some((id, output)) = self.jobs.next_done() {
            self.tell(Input::Computed { id, output });
        }
        self.round != before
    }

    fn hear_zookeeper(&mut self) -> bool {
        let before = self.round;
        if !self.zookeeper_bell.is_ringing() {
            return false;
        }
        for _ in 0..TURN_NEWS {
            let Poll::Ready(news) = self.zookeeper.poll_news(&mut self.zookeeper_bell.answer()) else {
                return self.round != before;
            };
            self.tell(Input::ZooKeeper(news));
        }
        self.zookeeper_bell.ring();
        true
    }

    fn read(&mut self) -> bool {
        let mut ended = Vec::new();
        let read = self.sockets.read(&mut self.engine, self.now, self.round, &mut ended);
        self.bury(ended, read)
    }

    fn write(&mut self) -> bool {
        let mut ended = Vec::new();
        let written = self.sockets.write(&mut self.engine, self.now, &mut ended);
        self.bury(ended, written)
    }

    fn bury(&mut self, ended: Vec<(ConnId, String)>, moved: bool) -> bool {
        let busy = moved || !ended.is_empty();
        for (conn, reason) in ended {
            self.sockets.remove(conn);
            self.tell(Input::Disconnected { conn, reason });
        }
        self.round += u64::from(moved);
        busy
    }

    fn perform(&mut self) -> bool {
        let mut busy = false;
        while let Some(intent) = self.engine.poll_intent() {
            self.perform_one(intent);
            busy = true;
        }
        if self.engine.is_closed() {
            self.leave();
        }
        busy
    }

    fn perform_one(&mut self, intent: Intent) {
        match intent {
            Intent::Resolve { id, address } => {
                self.questions.send(id, self.runtime.resolve(&address.host, address.port));
            }
            Intent::Connect { conn, address } => self.dial(conn, address),
            Intent::Close { conn } => {
                self.dials.call_back(conn);
                self.sockets.remove(conn);
            }
            Intent::OpenSession { session, timeout } => {
                self.sessions.insert(session);
                self.zookeeper.open(session, timeout);
                self.zookeeper_bell.ring();
            }
            Intent::CloseSession { session } => self.close_session(session),
            Intent::ZooKeeper { id, op } => {
                self.zookeeper.perform(id, op);
                self.zookeeper_bell.ring();
            }
            Intent::Compute { id, job } => self.jobs.send(id, self.runtime.compute(job)),
            Intent::Complete { reply: Reply::Close(given_up), op } => {
                tracing::info!(given_up, "closed");
                self.commands.keep_farewell(op, given_up);
            }
            told => self.tell_application(told),
        }
    }

    fn dial(&mut self, conn: ConnId, address: SocketAddr) {
        tracing::debug!(%conn, %address, "dialling");
        self.dials.send(conn, self.runtime.connect(address));
    }

    fn close_session(&mut self, session: SessionId) {
        if self.sessions.remove(&session) {
            self.zookeeper.close(session);
            self.zookeeper_bell.ring();
        }
    }

    /// What concerns the application alone, and is told even when the driver goes.
    fn tell_application(&mut self, intent: Intent) {
        match intent {
            Intent::Complete { op, reply } => self.commands.complete(op, reply),
            Intent::Wake(wakers) => wakers.wake(),
            Intent::Snapshot(Snapshot::Brokers(brokers)) => self.shared.publish_brokers(brokers),
            Intent::Event(event) => self.shared.events.tell(event),
            _ => {}
        }
    }

    fn leave(&mut self) {
        if matches!(self.stage, Stage::Leaving { .. } | Stage::Ended) {
            return;
        }
        self.stage = Stage::Leaving { until: self.now.mono + GOODBYE };
        while let Some(session) = self.sessions.first().copied() {
            self.close_session(session);
        }
    }

    fn has_left(&mut self) -> bool {
        let Stage::Leaving { until } = self.stage else { return false };
        until <= self.now.mono || self.zookeeper.poll_closed(&mut self.zookeeper_bell.answer()).is_ready()
    }

    /// Sets the timer for the next deadline. Tells whether it has rung already.
    fn is_due(&mut self, cx: &mut Context<'_>) -> bool {
        let deadline = self.engine.deadline().map(|deadline| deadline.at);
        let until = match self.stage {
            Stage::Leaving { until } => Some(until),
            _ => None,
        };
        let Some(at) = deadline.into_iter().chain(until).min() else { return false };
        if self.armed.is_none_or(|armed| at < armed) {
            self.timer.reset(at);
            self.armed = Some(at);
        }
        let rung = self.timer.poll(cx).is_ready();
        if rung {
            self.armed = None;
        }
        rung
    }

    /// Gives everything that waits its outcome.
    fn end(&mut self) {
        if self.stage == Stage::Ended {
            return;
        }
        if !matches!(self.stage, Stage::New | Stage::Leaving { .. }) {
            tracing::warn!("the runtime ends before the client was closed");
        }
        self.stage = Stage::Ended;
        // While a panic of the engine unwinds, what it holds may be out of order: then it is left alone.
        if catch_unwind(AssertUnwindSafe(|| self.engine.abort())).is_ok() {
            while let Some(intent) = self.engine.poll_intent() {
                self.tell_application(intent);
            }
        }
        self.sockets.clear();
        self.shared.close();
        self.commands.close();
    }
}

impl<R: Runtime> Unpin for Driver<R> {}

impl<R: Runtime> Future for Driver<R> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let span = this.span.clone();
        let _in_span = span.enter();
        this.task.set(cx.waker());
        this.shared.signal.register(cx.waker());
        for _ in 0..TURNS {
            if this.stage == Stage::Ended {
                return Poll::Ready(());
            }
            this.now = this.runtime.now();
            let busy = this.turn();
            this.shared.ran_at(this.now.mono);
            if this.has_left() {
                this.end();
            } else if !busy && !this.is_due(cx) {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<R: Runtime> Drop for Driver<R> {
    fn drop(&mut self) {
        let span = self.span.clone();
        span.in_scope(|| self.end());
    }
}

impl<R: Runtime> fmt::Debug for Driver<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("engine", &self.engine)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}
