//! A client's side of one session: what it asked, and what became of that when the connection broke.
//!
//! | state     | what happens            | then      | the client hears                                     |
//! |-----------|-------------------------|-----------|------------------------------------------------------|
//! | opening   | the ensemble answers    | connected | Connected                                            |
//! | connected | an operation is asked   | connected | its reply, in the order of asking                    |
//! | connected | the connection breaks   | away      | `ConnectionLost` for all that was asked, Suspended   |
//! | away      | an operation is asked   | away      | nothing yet; `ConnectionLost` when it takes too long |
//! | away      | the ensemble still has it | connected | Connected, the watches that fired meanwhile        |
//! | away      | the ensemble ended it   | over      | `SessionExpired` for all that was asked, Expired     |
//!
//! An operation that was under way when the connection broke is performed all the same, or not: a coin decides.

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use samsa_core::{Instant, ZkAnswer, ZkError, ZkOp, ZkSessionState};

use super::ensemble::session_name;
use super::port::{News, Outbox};
use super::service::{Change, Client, ZooKeeperService};
use crate::clock::MachineClock;
use crate::faults::Fault;

/// How long an operation waits for the connection to come back.
const PATIENCE: Duration = Duration::from_millis(800);

/// Of a thousand operations, how many lose their answers, where that happens.
const LOST: u64 = 15;
/// How long the connection is gone then.
const AWAY: Range<Duration> = Duration::from_millis(10)..Duration::from_secs(1);

/// One session of one client; `S` and `R` are the client's names for sessions and operations.
pub(super) struct Session<S, R> {
    pub(super) name: S,
    pub(super) service: ZooKeeperService,
    pub(super) chroot: String,
    pub(super) out: Rc<Outbox<S, R>>,
    pub(super) timeout: Duration,
    pub(super) machine: Option<Arc<MachineClock>>,
    state: RefCell<State<R>>,
}

#[derive(Debug)]
struct State<R> {
    id: Option<i64>,
    connected: bool,
    over: bool,
    /// Which connection; what belongs to an older one is void.
    connection: u64,
    asked: VecDeque<Asked<R>>,
    number: u64,
    /// Operations of a broken connection that will be performed all the same.
    ghosts: BTreeSet<u64>,
    missed: Vec<String>,
    last_up: Instant,
    last_down: Instant,
}

#[derive(Debug)]
struct Asked<R> {
    number: u64,
    id: R,
    op: ZkOp,
    sent: bool,
}

impl<S: Copy + 'static, R: Copy + 'static> Session<S, R> {
    pub(super) fn open(
        name: S,
        service: &ZooKeeperService,
        chroot: &str,
        out: &Rc<Outbox<S, R>>,
        timeout: Duration,
        machine: Option<&Arc<MachineClock>>,
    ) -> Rc<Self> {
        let state = State {
            id: None,
            connected: false,
            over: false,
            connection: 0,
            asked: VecDeque::new(),
            number: 0,
            ghosts: BTreeSet::new(),
            missed: Vec::new(),
            last_up: Instant::START,
            last_down: Instant::START,
        };
        let (service, chroot, out) = (service.clone(), chroot.to_owned(), Rc::clone(out));
        let (machine, state) = (machine.cloned(), RefCell::new(state));
        let session = Rc::new(Self { name, service, chroot, out, timeout, machine, state });
        session.after_a_way(Self::arrive_to_open);
        session
    }

    fn after_a_way(self: &Rc<Self>, act: impl FnOnce(&Rc<Self>) + 'static) {
        let session = Rc::clone(self);
        let weather = self.service.weather();
        weather.schedule.call_after(weather.latency(), move || act(&session));
    }

    fn arrive_to_open(self: &Rc<Self>) {
        if self.state.borrow().over {
            return;
        }
        if self.service.is_down() {
            let session = Rc::clone(self);
            return self.service.weather().schedule.call_after(PATIENCE, move || session.arrive_to_open());
        }
        let id = self.service.with(|ensemble| ensemble.open(self.timeout));
        self.service.note(format_args!("{} is opened", session_name(id)));
        self.state.borrow_mut().id = Some(id);
        let client: Rc<dyn Client> = Rc::<Self>::clone(self);
        self.service.attach(id, client);
        self.after_a_way(Self::connected);
    }

    fn connected(self: &Rc<Self>) {
        let mut state = self.state.borrow_mut();
        let Some(id) = state.id.filter(|_| !state.over) else { return };
        state.connected = true;
        let missed = std::mem::take(&mut state.missed);
        drop(state);
        self.tell_state(ZkSessionState::Connected { id, timeout: self.timeout });
        for path in missed {
            self.deliver(&path);
        }
        self.send_all();
    }

    fn tell_state(&self, state: ZkSessionState) {
        self.out.push(News::Session { session: self.name, state });
    }

    pub(super) fn ask(self: &Rc<Self>, id: R, op: ZkOp) {
        let mut state = self.state.borrow_mut();
        if state.over {
            drop(state);
            self.out.push(News::Reply { id, result: Err(ZkError::SessionExpired) });
            return;
        }
        let number = state.number;
        state.number += 1;
        state.asked.push_back(Asked { number, id, op, sent: false });
        let connected = state.connected;
        drop(state);
        if connected {
            self.send_all();
        } else {
            let session = Rc::clone(self);
            self.service.weather().schedule.call_after(PATIENCE, move || session.give_up(number));
        }
    }

    fn send_all(self: &Rc<Self>) {
        let mut state = self.state.borrow_mut();
        let mut sent = Vec::new();
        for asked in state.asked.iter_mut().filter(|asked| !asked.sent) {
            asked.sent = true;
            sent.push((asked.number, asked.op.clone()));
        }
        let weather = self.service.weather();
        for (number, op) in sent {
            state.last_up = state.last_up.max(weather.arrival());
            let (session, connection) = (Rc::clone(self), state.connection);
            weather
                .schedule
                .call_after(state.last_up - weather.now(), move || session.arrive(connection, number, &op));
        }
    }

    fn arrive(self: &Rc<Self>, connection: u64, number: u64, op: &ZkOp) {
        let mut state = self.state.borrow_mut();
        let ghost = state.ghosts.remove(&number);
        let current = state.connection == connection && !state.over;
        let Some(id) = state.id.filter(|_| ghost || current) else { return };
        drop(state);
        let is_lost = current && self.service.weather().strikes(Fault::ZooKeeperLostReply, LOST);
        if is_lost && self.service.weather().below(2) == 0 {
            return self.service.lose(id, self.service.weather().duration(&AWAY));
        }
        let op = self.in_chroot(op);
        let result = self.service.perform(id, &op);
        if is_lost {
            self.service.lose(id, self.service.weather().duration(&AWAY));
        } else if current {
            let change = self.service.change(id, &op, &result);
            self.reply_later(connection, number, result, change);
        }
    }

    fn reply_later(
        self: &Rc<Self>,
        connection: u64,
        number: u64,
        result: Result<ZkAnswer, ZkError>,
        change: Option<Change>,
    ) {
        let arrives = self.down_arrival();
        let session = Rc::clone(self);
        self.service
            .weather()
            .schedule
            .call_after(arrives, move || session.reply(connection, number, result, change));
    }

    fn down_arrival(&self) -> Duration {
        let weather = self.service.weather();
        let mut state = self.state.borrow_mut();
        state.last_down = state.last_down.max(weather.arrival());
        state.last_down - weather.now()
    }

    fn reply(&self, connection: u64, number: u64, result: Result<ZkAnswer, ZkError>, change: Option<Change>) {
        let mut state = self.state.borrow_mut();
        if state.connection != connection || state.over {
            return;
        }
        let asked = state.asked.pop_front();
        drop(state);
        debug_assert_eq!(asked.as_ref().map(|asked| asked.number), Some(number), "replies come in order");
        if let Some(asked) = asked {
            self.out.push_answer(News::Reply { id: asked.id, result }, change);
        }
    }

    /// What waits for a connection since this operation was asked has waited long enough.
    fn give_up(&self, number: u64) {
        let state = self.state.borrow();
        let waits = !state.connected && !state.over;
        drop(state);
        if waits {
            self.fail(&ZkError::ConnectionLost, |asked| asked.number <= number);
        }
    }

    /// Answers all of these, in order, with an error.
    fn fail(&self, error: &ZkError, which: impl Fn(&Asked<R>) -> bool) {
        loop {
            let mut state = self.state.borrow_mut();
            if !state.asked.front().is_some_and(&which) {
                break;
            }
            let asked = state.asked.pop_front();
            drop(state);
            let Some(asked) = asked else { break };
            self.out.push(News::Reply { id: asked.id, result: Err(error.clone()) });
        }
    }

    fn come_back(self: &Rc<Self>) {
        if self.service.is_down() {
            let session = Rc::clone(self);
            return self.service.weather().schedule.call_after(PATIENCE, move || session.come_back());
        }
        let state = self.state.borrow();
        let Some(id) = state.id.filter(|_| !state.over) else { return };
        drop(state);
        if self.service.with(|ensemble| ensemble.resume(id)) {
            self.service.note(format_args!("{} is connected again", session_name(id)));
            self.connected();
        } else {
            self.end();
            self.fail(&ZkError::SessionExpired, |_| true);
            self.tell_state(ZkSessionState::Expired);
        }
    }

    /// The client closes it: from now on it hears nothing of it. Without a connection the servers do not hear of that.
    pub(super) fn close(self: &Rc<Self>) {
        let mut state = self.state.borrow_mut();
        state.asked.clear();
        let is_heard = state.connected || state.id.is_none();
        drop(state);
        if !is_heard {
            self.end();
            return;
        }
        let Some(id) = self.end() else { return };
        self.out.closing(1);
        self.after_a_way(move |session| {
            session.service.note(format_args!("{} is closed", session_name(id)));
            session.service.with(|ensemble| ensemble.end(id));
            session.out.closing(-1);
        });
    }

    fn deliver(self: &Rc<Self>, path: &str) {
        let path = path.strip_prefix(&self.chroot).unwrap_or(path);
        let path = if path.is_empty() { "/" } else { path };
        self.out.push(News::Watch { session: self.name, path: path.to_owned() });
    }

    fn in_chroot(&self, op: &ZkOp) -> ZkOp {
        let mut op = op.clone();
        match &mut op {
            ZkOp::Get { path, .. }
            | ZkOp::Exists { path, .. }
            | ZkOp::Children { path, .. }
            | ZkOp::Create { path, .. }
            | ZkOp::Set { path, .. }
            | ZkOp::Delete { path, .. }
            | ZkOp::Sync { path } => {
                let below = if path == "/" && !self.chroot.is_empty() { "" } else { path.as_str() };
                *path = format!("{}{below}", self.chroot);
            }
            _ => {}
        }
        op
    }
}

impl<S, R> Session<S, R> {
    /// The client is gone without a word.
    pub(super) fn abandon(&self) {
        if let Some(id) = self.end() {
            let now = self.service.weather().now();
            self.service.with(|ensemble| ensemble.lose(now, id));
        }
    }

    /// It is over for the client; says what the ensemble calls it, if it was not over before.
    fn end(&self) -> Option<i64> {
        let mut state = self.state.borrow_mut();
        let id = state.id.filter(|_| !state.over);
        state.over = true;
        state.connected = false;
        drop(state);
        if let Some(id) = id {
            self.service.detach(id);
        }
        id
    }
}

impl<S: Copy + 'static, R: Copy + 'static> Client for Session<S, R> {
    fn tell(self: Rc<Self>, path: String) {
        if !self.is_connected() {
            self.state.borrow_mut().missed.push(path);
            return;
        }
        let (arrives, connection) = (self.down_arrival(), self.state.borrow().connection);
        let session = Rc::clone(&self);
        self.service.weather().schedule.call_after(arrives, move || {
            let mut state = session.state.borrow_mut();
            if state.connection == connection || state.connected {
                drop(state);
                session.deliver(&path);
            } else {
                state.missed.push(path);
            }
        });
    }

    fn lose(self: Rc<Self>, away: Duration) {
        let weather = self.service.weather();
        let mut state = self.state.borrow_mut();
        let Some(id) = state.id.filter(|_| state.connected) else { return };
        state.connected = false;
        state.connection += 1;
        let under_way: Vec<u64> = state.asked.iter().map(|asked| asked.number).collect();
        state.ghosts.extend(under_way.into_iter().filter(|_| weather.below(2) == 0));
        drop(state);
        self.service.note(format_args!("{} loses its connection for {away:?}", session_name(id)));
        self.fail(&ZkError::ConnectionLost, |_| true);
        self.tell_state(ZkSessionState::Suspended);
        let now = weather.now();
        self.service.with(|ensemble| ensemble.lose(now, id));
        let session = Rc::clone(&self);
        weather.schedule.call_after(away, move || session.come_back());
    }

    fn fall_silent(&self) {
        if let Some(id) = self.state.borrow().id.filter(|_| self.is_connected()) {
            let now = self.service.weather().now();
            self.service.with(|ensemble| ensemble.lose(now, id));
        }
    }

    fn is_connected(&self) -> bool {
        self.state.borrow().connected
    }

    fn is_on(&self, machine: &Arc<MachineClock>) -> bool {
        self.machine.as_ref().is_some_and(|own| Arc::ptr_eq(own, machine))
    }
}
