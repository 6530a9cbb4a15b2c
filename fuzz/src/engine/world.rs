//! The driver's half of the boundary, and what it has a right to expect.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use samsa_core::{
    BatchBuffer, Chunk, Command, Config, ConnId, Engine, Input, Instant, Intent, Job, JobId, Membership, Now,
    OpId, Reply, ResolveId, SessionId, ZkNews, ZkOp, ZkRequestId, ZkSessionState, limits,
};

use super::application::{Accepted, OpenReader};
use super::ensemble::Ensemble;
use super::socket::Socket;

/// A deadline that lies further ahead is not waited for.
const SOON: Duration = Duration::from_secs(5000);

/// How far the client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    Open,
    /// It was told to close.
    Closing,
    /// Nothing may be wanted any more.
    Ended,
}

/// A command that was given.
#[derive(Debug)]
struct Given {
    until: Instant,
    kind: std::mem::Discriminant<Command>,
    /// Records that were accepted before.
    records: usize,
    answered: bool,
    /// It has no answer once it is forgotten.
    can_be_dropped: bool,
    /// Nobody waits for the answer, which need not come.
    forgotten: bool,
}

impl Given {
    fn is_settled(&self) -> bool {
        self.answered || self.forgotten
    }
}

/// An engine and everything that it asked for.
#[derive(Debug)]
pub(super) struct World {
    pub(super) engine: Engine,
    pub(super) config: Config,
    pub(super) now: Now,
    pub(super) buffer: BatchBuffer,
    pub(super) sockets: Vec<Socket>,
    pub(super) questions: Vec<ResolveId>,
    pub(super) sessions: Vec<SessionId>,
    pub(super) errands: Vec<(ZkRequestId, ZkOp)>,
    pub(super) jobs: Vec<(JobId, Job)>,
    pub(super) readers: Vec<OpenReader>,
    pub(super) chunks: Vec<Chunk>,
    /// Groups that were joined. The readers of a membership are among the others.
    pub(super) members: Vec<Membership>,
    pub(super) ensemble: Ensemble,
    open_sessions: BTreeSet<SessionId>,
    connected_sessions: BTreeSet<SessionId>,
    ended_sessions: BTreeSet<SessionId>,
    given: BTreeMap<OpId, Given>,
    /// Those without outcome.
    pub(super) accepted: VecDeque<Accepted>,
    /// Records that were accepted so far.
    pub(super) records: usize,
    /// The largest response that was sent by a peer.
    pub(super) largest: usize,
    /// How often a peer has sent bytes that no broker sends: what stands in a response may be anything then.
    pub(super) lies: usize,
    /// So many inputs more are told before anything is done.
    pub(super) lazy: usize,
    /// What may be wanted at once by now.
    allowed: usize,
    pub(super) life: Life,
    pub(super) trace: bool,
}

impl World {
    pub(super) fn new(config: Config) -> Self {
        let engine = Engine::new(config.clone());
        Self {
            buffer: engine.batch_buffer(),
            engine,
            config,
            now: Now::default(),
            sockets: Vec::new(),
            questions: Vec::new(),
            sessions: Vec::new(),
            errands: Vec::new(),
            jobs: Vec::new(),
            readers: Vec::new(),
            chunks: Vec::new(),
            members: Vec::new(),
            ensemble: Ensemble::default(),
            open_sessions: BTreeSet::new(),
            connected_sessions: BTreeSet::new(),
            ended_sessions: BTreeSet::new(),
            given: BTreeMap::new(),
            accepted: VecDeque::new(),
            records: 0,
            largest: 0,
            lies: 0,
            lazy: 0,
            allowed: 0,
            life: Life::Open,
            trace: std::env::var_os("SAMSA_FUZZ_TRACE").is_some(),
        }
    }

    pub(super) fn trace(&self, what: &str, thing: &dyn std::fmt::Debug) {
        if self.trace {
            eprintln!("{} {what} {thing:?}", self.now.mono);
        }
    }

    /// Something happens.
    pub(super) fn tell(&mut self, input: Input) {
        self.trace(">", &input);
        self.engine.handle(self.now, input);
        self.perform(0);
    }

    /// The clock is looked at.
    pub(super) fn tick(&mut self) {
        self.lazy = 0;
        self.tell(Input::Tick);
        let now = self.now.mono;
        let deadline = self.engine.deadline();
        assert!(deadline.is_none_or(|deadline| deadline.at > now), "{deadline:?} is not after {now}");
        for (op, given) in &self.given {
            assert!(
                given.is_settled() || given.until > now,
                "{op:?} has no answer at {now}, and should since {}",
                given.until
            );
        }
        while let Some(accepted) = self.accepted.front_mut().filter(|accepted| accepted.until <= now) {
            assert!(accepted.look(true), "a record has no outcome at its deadline");
            self.accepted.pop_front();
        }
    }

    /// Time goes to the next deadline, if there is one soon.
    pub(super) fn wait(&mut self) {
        let soon = self.now.mono + SOON;
        if let Some(deadline) = self.engine.deadline().filter(|deadline| deadline.at < soon) {
            self.now.mono = self.now.mono.max(deadline.at);
            self.tick();
        }
    }

    /// A session changes. What has ended stays open until the engine closes it, but nothing is asked in it.
    pub(super) fn session_is(&mut self, session: SessionId, state: ZkSessionState) {
        match state {
            ZkSessionState::Connected { .. } => drop(self.connected_sessions.insert(session)),
            ZkSessionState::Expired | ZkSessionState::Failed(_) if self.is_drained() => {
                self.ended_sessions.insert(session);
                self.ensemble.end(session);
            }
            _ => {}
        }
        self.tell(Input::ZooKeeper(ZkNews::Session { session, state }));
    }

    /// Sessions that were asked for and are not there yet.
    pub(super) fn sessions_to_come(&self) -> Vec<SessionId> {
        self.open_sessions.difference(&self.connected_sessions).copied().collect()
    }

    pub(super) fn command(&mut self, command: Command, within: Duration) {
        let op = OpId(self.given.len() as u64);
        if command == Command::Close && self.life == Life::Open {
            self.life = Life::Closing;
        }
        let kind = std::mem::discriminant(&command);
        let until = self.now.mono + within;
        let can_be_dropped =
            command.is_question() || matches!(command, Command::Flush | Command::CommitOffsets { .. });
        let records = self.records;
        let given = Given { until, kind, records, answered: false, can_be_dropped, forgotten: false };
        self.given.insert(op, given);
        self.tell(Input::Command { op, command, within });
    }

    /// How many were given.
    pub(super) fn commands(&self) -> usize {
        self.given.len()
    }

    /// Nobody waits for the answer any more, which may be under way or was given long ago.
    pub(super) fn forget(&mut self, index: usize) {
        let is_drained = self.is_drained();
        let Some((op, given)) = self.given.iter_mut().nth(index) else { return };
        let op = *op;
        given.forgotten |= given.can_be_dropped;
        given.answered |= given.can_be_dropped && is_drained;
        self.tell(Input::Forget { op });
    }

    /// Whether nothing that the engine wants waits to be done.
    pub(super) fn is_drained(&self) -> bool {
        self.allowed == 0
    }

    /// Does what the engine wants, or lets it wait. `fed` bytes came in: a response may have news of that many things.
    pub(super) fn perform(&mut self, fed: usize) {
        let waiting = self.sockets.len() + self.given.len() + self.errands.len() + self.accepted.len();
        self.allowed += 64 + 4 * waiting + fed;
        if self.lazy > 0 {
            self.lazy -= 1;
            return;
        }
        while let Some(intent) = self.engine.poll_intent() {
            assert!(self.allowed > 0, "too much is wanted at once: {intent:?}");
            self.allowed -= 1;
            self.trace("<", &intent);
            self.meet(intent);
        }
        self.allowed = 0;
        while let Some(conn) = self.engine.poll_writable() {
            let socket = self.sockets.iter_mut().find(|socket| socket.conn == conn && !socket.gone);
            let socket = socket.expect("only a connection that is there can be written to");
            assert!(socket.connected, "{conn} is not connected yet");
            socket.writable = true;
        }
        self.take_readers();
        self.check_bounds();
        if self.engine.is_closed() {
            self.end();
        }
    }

    fn meet(&mut self, intent: Intent) {
        let starts = matches!(
            intent,
            Intent::Resolve { .. }
                | Intent::Connect { .. }
                | Intent::OpenSession { .. }
                | Intent::ZooKeeper { .. }
                | Intent::Compute { .. }
        );
        assert!(!(starts && self.life == Life::Ended), "after the end: {intent:?}");
        match intent {
            Intent::Resolve { id, .. } => self.questions.push(id),
            Intent::Connect { conn, .. } => self.dial(conn),
            Intent::Close { conn } => {
                let socket = self.sockets.iter_mut().find(|socket| socket.conn == conn && !socket.forgotten);
                let socket = socket.expect("only a connection that is there can be closed");
                (socket.gone, socket.forgotten) = (true, true);
            }
            Intent::OpenSession { session, .. } => {
                assert!(self.open_sessions.insert(session), "a session's name is used once");
                self.sessions.push(session);
            }
            Intent::CloseSession { session } => {
                assert!(self.open_sessions.remove(&session), "only an open session can be closed");
                self.ensemble.end(session);
            }
            Intent::ZooKeeper { id, op } => {
                let usable =
                    self.open_sessions.contains(&id.session) && !self.ended_sessions.contains(&id.session);
                assert!(usable, "an operation in a session that is over");
                self.errands.push((id, op));
            }
            Intent::Compute { id, job } => self.jobs.push((id, job)),
            Intent::Complete { op, reply } => self.answered(op, reply),
            Intent::Wake(wakers) => wakers.wake(),
            _ => {}
        }
    }

    fn dial(&mut self, conn: ConnId) {
        assert!(self.sockets.iter().all(|socket| socket.conn != conn), "a connection's name is used once");
        let dialling = self.sockets.iter().filter(|socket| !socket.connected && !socket.gone).count();
        assert!(dialling < limits::DIALS, "too many are dialled at once");
        self.sockets.push(Socket::new(conn));
    }

    fn answered(&mut self, op: OpId, reply: Reply) {
        let given = self.given.get_mut(&op).expect("only what was asked can be answered");
        let is_late = std::mem::replace(&mut given.answered, true);
        assert!(!is_late, "{op:?} was answered twice, or though it was forgotten: {}", given.forgotten);
        let kind = |command: &Command| std::mem::discriminant(command);
        let expected = match &reply {
            Reply::Connect(_) => kind(&Command::Connect),
            Reply::Topics(_) => kind(&Command::Topics),
            Reply::Flush(_) => kind(&Command::Flush),
            Reply::Close(_) => kind(&Command::Close),
            Reply::Explain(_) => kind(&Command::Explain),
            Reply::Metrics(_) => kind(&Command::Metrics),
            _ => given.kind,
        };
        assert_eq!(given.kind, expected, "{reply:?} is no answer to that");
        if let Reply::Flush(0) | Reply::Close(0) = reply {
            let before = self.accepted.iter().filter(|accepted| accepted.number < given.records);
            let open = before.filter(|accepted| accepted.is_open()).count();
            assert_eq!(open, 0, "{reply:?}, but {open} records from before have no outcome");
        }
        if let Reply::Seek(Err(error)) = &reply {
            // The reason why a partition stopped was told here, and not by the reader.
            assert!(!error.to_string().is_empty());
            self.readers.iter_mut().for_each(OpenReader::fail);
        }
        match reply {
            Reply::OpenReader(Ok(reader)) => self.readers.push(OpenReader::new(reader)),
            Reply::JoinGroup(Ok(mut membership)) => {
                let readers = std::mem::take(&mut membership.readers).into_values();
                self.readers.extend(readers.map(OpenReader::of_group));
                self.members.push(membership);
            }
            _ => {}
        }
    }

    /// The readers of topics that members of groups have chosen.
    fn take_readers(&mut self) {
        let taken = self.members.iter().flat_map(|member| member.board.take_readers().into_values());
        self.readers.extend(taken.map(OpenReader::of_group));
    }

    fn check_bounds(&self) {
        let most = self.config.publish.buffer_bytes + self.config.publish.batch_bytes;
        let used = self.buffer.used_bytes();
        assert!(
            used <= most,
            "{used} bytes are held for records, {} are allowed",
            self.config.publish.buffer_bytes
        );
    }

    /// The client is closed: nothing is left open.
    fn end(&mut self) {
        if std::mem::replace(&mut self.life, Life::Ended) != Life::Ended {
            assert!(self.sockets.iter().all(|socket| socket.gone), "a connection outlives the client");
            assert!(self.open_sessions.is_empty(), "a ZooKeeper session outlives the client");
            self.check_outcomes();
        }
    }

    /// The driver goes, whatever is under way.
    pub(super) fn abort(&mut self) {
        self.lazy = 0;
        self.engine.abort();
        self.perform(0);
        self.end();
        for (op, given) in &self.given {
            assert!(given.is_settled(), "{op:?} has no answer at the end");
        }
        self.check_outcomes();
    }

    fn check_outcomes(&mut self) {
        self.look_at_tickets();
        assert!(self.accepted.is_empty(), "{} records have no outcome at the end", self.accepted.len());
    }
}
