//! The driver's half of the boundary, and what it has a right to expect.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bytes::Bytes;
use samsa_core::{
    BatchBuffer, Chunk, Command, Config, ConnId, Engine, Input, Instant, Intent, Job, JobId, Now, OpId,
    ReadBuffer, Reader, RecvBuf, Reply, ResolveId, SessionId, Ticket, ZkNews, ZkOp, ZkRequestId,
    ZkSessionState, limits,
};
use samsa_proto::api::Api;
use samsa_proto::decode_request_header;

use super::peer::Asked;

/// Whether a task was woken since it looked last.
#[derive(Debug, Default)]
pub(super) struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Flag {
    fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

/// A connection that was asked for.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) conn: ConnId,
    pub(super) connected: bool,
    /// The engine has forgotten it, or it broke.
    pub(super) gone: bool,
    /// The engine said that there is something to write.
    pub(super) writable: bool,
    /// What was written and is no whole frame yet.
    written: Vec<u8>,
    last_correlation_id: Option<i32>,
    pub(super) asked: VecDeque<Asked>,
    /// What the peer has sent.
    pub(super) incoming: VecDeque<u8>,
    pub(super) lent: Option<ReadBuffer>,
}

/// A command that was given.
#[derive(Debug)]
struct Given {
    until: Instant,
    kind: std::mem::Discriminant<Command>,
    answered: bool,
}

/// A record that was accepted.
#[derive(Debug)]
struct Accepted {
    ticket: Ticket,
    until: Instant,
    flag: Arc<Flag>,
    waits: bool,
}

#[derive(Debug)]
pub(super) struct OpenReader {
    reader: Reader,
    flag: Arc<Flag>,
    waits: bool,
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
    open_sessions: BTreeSet<SessionId>,
    connected_sessions: BTreeSet<SessionId>,
    ended_sessions: BTreeSet<SessionId>,
    given: BTreeMap<OpId, Given>,
    accepted: VecDeque<Accepted>,
    /// The largest response that was sent by a peer.
    pub(super) largest: usize,
    /// The client was told to close.
    closing: bool,
    /// Nothing may be wanted any more.
    ended: bool,
    trace: bool,
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
            open_sessions: BTreeSet::new(),
            connected_sessions: BTreeSet::new(),
            ended_sessions: BTreeSet::new(),
            given: BTreeMap::new(),
            accepted: VecDeque::new(),
            largest: 0,
            closing: false,
            ended: false,
            trace: std::env::var_os("SAMSA_FUZZ_TRACE").is_some(),
        }
    }

    fn trace(&self, what: &str, thing: &dyn std::fmt::Debug) {
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
        self.tell(Input::Tick);
        let now = self.now.mono;
        let deadline = self.engine.deadline();
        assert!(deadline.is_none_or(|deadline| deadline.at > now), "{deadline:?} is not after {now}");
        for (op, given) in &self.given {
            assert!(
                given.answered || given.until > now,
                "{op:?} has no answer at {now}, and should since {}",
                given.until
            );
        }
        while let Some(accepted) = self.accepted.front_mut().filter(|accepted| accepted.until <= now) {
            assert!(accepted.look(), "a record has no outcome at its deadline");
            self.accepted.pop_front();
        }
    }

    /// Time goes to the next deadline, if there is one within an hour.
    pub(super) fn wait(&mut self) {
        let soon = self.now.mono + Duration::from_secs(3600);
        if let Some(deadline) = self.engine.deadline().filter(|deadline| deadline.at < soon) {
            self.now.mono = self.now.mono.max(deadline.at);
            self.tick();
        }
    }

    /// A session changes. What has ended stays open until the engine closes it, but nothing is asked in it.
    pub(super) fn session_is(&mut self, session: SessionId, state: ZkSessionState) {
        match state {
            ZkSessionState::Connected { .. } => drop(self.connected_sessions.insert(session)),
            ZkSessionState::Expired | ZkSessionState::Failed(_) => drop(self.ended_sessions.insert(session)),
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
        self.closing |= command == Command::Close;
        let kind = std::mem::discriminant(&command);
        self.given.insert(op, Given { until: self.now.mono + within, kind, answered: false });
        self.tell(Input::Command { op, command, within });
    }

    /// Does what the engine wants. `fed` bytes came in: a response may have news of that many things.
    fn perform(&mut self, fed: usize) {
        let mut allowed =
            64 + 4 * (self.sockets.len() + self.given.len() + self.errands.len() + self.accepted.len()) + fed;
        while let Some(intent) = self.engine.poll_intent() {
            assert!(allowed > 0, "too much is wanted at once: {intent:?}");
            allowed -= 1;
            self.trace("<", &intent);
            self.meet(intent);
        }
        while let Some(conn) = self.engine.poll_writable() {
            let socket = self.sockets.iter_mut().find(|socket| socket.conn == conn && !socket.gone);
            let socket = socket.expect("only a connection that is there can be written to");
            assert!(socket.connected, "{conn} is not connected yet");
            socket.writable = true;
        }
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
        assert!(!(starts && self.ended), "after the end: {intent:?}");
        match intent {
            Intent::Resolve { id, .. } => self.questions.push(id),
            Intent::Connect { conn, .. } => self.dial(conn),
            Intent::Close { conn } => {
                let socket = self.sockets.iter_mut().find(|socket| socket.conn == conn && !socket.gone);
                socket.expect("only a connection that is there can be closed").gone = true;
            }
            Intent::OpenSession { session, .. } => {
                assert!(self.open_sessions.insert(session), "a session's name is used once");
                self.sessions.push(session);
            }
            Intent::CloseSession { session } => {
                assert!(self.open_sessions.remove(&session), "only an open session can be closed");
            }
            Intent::ZooKeeper { id, op } => {
                assert!(
                    self.open_sessions.contains(&id.session),
                    "an operation in a session that is not open"
                );
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
        self.sockets.push(Socket {
            conn,
            connected: false,
            gone: false,
            writable: false,
            written: Vec::new(),
            last_correlation_id: None,
            asked: VecDeque::new(),
            incoming: VecDeque::new(),
            lent: None,
        });
    }

    fn answered(&mut self, op: OpId, reply: Reply) {
        let given = self.given.get_mut(&op).expect("only what was asked can be answered");
        assert!(!std::mem::replace(&mut given.answered, true), "{op:?} was answered twice");
        let kind = |command: &Command| std::mem::discriminant(command);
        let expected = match &reply {
            Reply::Connect(_) => kind(&Command::Connect),
            Reply::Topics(_) => kind(&Command::Topics),
            Reply::Flush(_) => kind(&Command::Flush),
            Reply::Close(_) => kind(&Command::Close),
            Reply::Explain(_) => kind(&Command::Explain),
            _ => given.kind,
        };
        assert_eq!(given.kind, expected, "{reply:?} is no answer to that");
        if let Reply::OpenReader(Ok(reader)) = reply {
            self.readers.push(OpenReader { reader, flag: Arc::default(), waits: false });
        }
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
        if !std::mem::replace(&mut self.ended, true) {
            assert!(self.sockets.iter().all(|socket| socket.gone), "a connection outlives the client");
            assert!(self.open_sessions.is_empty(), "a ZooKeeper session outlives the client");
            self.check_outcomes();
        }
    }

    fn check_outcomes(&mut self) {
        self.look_at_tickets();
        assert!(self.accepted.is_empty(), "{} records have no outcome at the end", self.accepted.len());
    }
}

/// Application threads.
impl World {
    /// Keeps the ticket of an accepted record; some wait for it.
    pub(super) fn accepted(&mut self, ticket: Ticket, waits: bool) {
        let until = self.now.mono + self.config.publish.delivery_timeout;
        self.trace("accepted until", &until);
        let mut accepted = Accepted { ticket, until, flag: Arc::default(), waits: false };
        if waits {
            accepted.look();
        }
        self.accepted.push_back(accepted);
    }

    pub(super) fn look_at_tickets(&mut self) {
        self.accepted.retain_mut(|accepted| !accepted.look());
    }

    /// Takes the next chunk, if there is one. Some chunks are kept, and hold their memory.
    pub(super) fn read(&mut self, index: usize, keep: bool) {
        let Some(open) = self.readers.get_mut(index) else { return };
        let waker = Waker::from(Arc::clone(&open.flag));
        let taken = open.reader.poll_next_chunk(&mut Context::from_waker(&waker));
        let woken = open.flag.take();
        assert!(woken || !open.waits || taken.is_pending(), "a reader was not woken");
        open.waits = taken.is_pending();
        let held = open.reader.held_bytes();
        assert!(held <= super::FETCH_BUFFER + 2 * self.largest, "{held} bytes of responses are held");
        self.trace("read", &taken);
        match taken {
            Poll::Ready(Some(Ok(chunk))) => {
                let mut next = chunk.base_offset();
                for record in &chunk {
                    assert!(record.offset() >= next && record.offset() < chunk.next_offset());
                    next = record.offset() + 1;
                }
                if keep && self.chunks.len() < 16 {
                    self.chunks.push(chunk);
                }
            }
            Poll::Ready(Some(Err(error))) => assert!(!error.to_string().is_empty()),
            Poll::Ready(None) => assert!(self.closing || self.ended, "a reader ends with its client"),
            Poll::Pending => {}
        }
    }
}

impl Accepted {
    /// Whether there is an outcome. It wakes the task that waits for it, and it stays.
    fn look(&mut self) -> bool {
        let waker = Waker::from(Arc::clone(&self.flag));
        let polled = Pin::new(&mut self.ticket).poll(&mut Context::from_waker(&waker));
        let woken = self.flag.take();
        assert!(
            woken || !self.waits || polled.is_pending(),
            "a task that waits for its record was not woken"
        );
        self.waits = polled.is_pending();
        let Poll::Ready(outcome) = polled else { return false };
        assert_eq!(self.ticket.try_outcome().as_ref(), Some(&outcome));
        if let Err(error) = outcome {
            assert!(!error.to_string().is_empty());
            let _ = error.message();
        }
        true
    }
}

/// Bytes.
impl World {
    /// Writes up to `most` bytes of what there is.
    pub(super) fn write(&mut self, index: usize, most: usize) {
        let Some(socket) = self.sockets.get_mut(index).filter(|socket| socket.writable && !socket.gone)
        else {
            return;
        };
        let mut segments: Vec<Bytes> = Vec::new();
        self.engine.transmit(socket.conn, &mut segments);
        assert!(segments.len() <= limits::GATHER_SEGMENTS);
        assert!(segments.iter().all(|segment| !segment.is_empty()));
        let bytes = segments.concat();
        socket.writable = !bytes.is_empty();
        let written = most.min(bytes.len());
        socket.take(&bytes[..written]);
        let conn = socket.conn;
        self.engine.transmitted(self.now, conn, written);
        self.perform(0);
    }

    /// The peer's bytes go in, as far as the engine takes them; at most `most` a read.
    pub(super) fn feed(&mut self, index: usize, most: usize) {
        for _ in 0..1000 {
            let Some(socket) = self.sockets.get_mut(index).filter(|socket| socket.connected) else { return };
            if socket.incoming.is_empty() || socket.lent.is_some() {
                return;
            }
            let mut buffer = match self.engine.recv_buf(socket.conn) {
                RecvBuf::Read(buffer) => buffer,
                RecvBuf::Paused => return assert!(!socket.gone),
                RecvBuf::Gone => {
                    assert!(socket.gone, "a connection that was not closed is gone");
                    return socket.incoming.clear();
                }
            };
            let room = buffer.unfilled();
            let read = room.len().min(most.max(1)).min(socket.incoming.len());
            room.iter_mut().zip(socket.incoming.drain(..read)).for_each(|(room, byte)| *room = byte);
            buffer.advance(read);
            let conn = socket.conn;
            self.engine.received(self.now, conn, buffer);
            self.perform(read);
        }
    }

    /// Borrows a buffer, to give it back later.
    pub(super) fn lend(&mut self, index: usize) {
        let Some(socket) = self.sockets.get_mut(index).filter(|socket| socket.connected) else { return };
        if let (None, RecvBuf::Read(buffer)) = (&socket.lent, self.engine.recv_buf(socket.conn)) {
            socket.lent = Some(buffer);
        }
    }

    pub(super) fn give_back(&mut self, index: usize) {
        let Some(socket) = self.sockets.get_mut(index) else { return };
        if let Some(buffer) = socket.lent.take() {
            self.engine.received(self.now, socket.conn, buffer);
            self.perform(0);
        }
    }

    /// The driver goes, whatever is under way.
    pub(super) fn abort(&mut self) {
        self.engine.abort();
        self.perform(0);
        self.end();
        for (op, given) in &self.given {
            assert!(given.answered, "{op:?} has no answer at the end");
        }
        self.check_outcomes();
    }
}

impl Socket {
    /// What was written reaches the peer, which reads whole requests off it.
    fn take(&mut self, bytes: &[u8]) {
        self.written.extend(bytes);
        while let Some((length, rest)) = self.written.split_first_chunk() {
            let length = u32::from_be_bytes(*length) as usize;
            let Some(frame) = rest.get(..length) else { return };
            let asked = read_request(frame);
            assert!(self.last_correlation_id < Some(asked.correlation_id), "a correlation id is used once");
            self.last_correlation_id = Some(asked.correlation_id);
            self.asked.push_back(asked);
            self.written.drain(..4 + length);
        }
    }
}

/// What the engine sends follows the protocol to the letter.
fn read_request(frame: &[u8]) -> Asked {
    let (header, body) = decode_request_header(frame).expect("a request has a header");
    let api = Api::of_key(header.api_key).expect("it is known");
    assert_eq!(api.request.transcode(header.api_version, body).as_deref(), Ok(body), "{}", api.name);
    Asked {
        key: header.api_key,
        version: header.api_version,
        correlation_id: header.correlation_id,
        body: body.to_vec(),
    }
}
