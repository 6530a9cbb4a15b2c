//! The ensemble as a world has it: time passes in it, and those whose watches fire are told.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use samsa_core::{ZkAnswer, ZkError, ZkOp, ZkStat};

use super::ensemble::{Ensemble, session_name};
use crate::clock::MachineClock;
use crate::network::Weather;

/// A client's side of a session, as the service sees it.
pub(super) trait Client {
    /// A watch has fired.
    fn tell(self: Rc<Self>, path: String);
    /// The connection breaks, and the client needs so long to come back.
    fn lose(self: Rc<Self>, away: Duration);
    /// Whether there is a connection to lose.
    fn is_connected(&self) -> bool;
    /// Nothing is heard of it any more, though nothing has broken.
    fn fall_silent(&self);
    /// Whether it is on this machine.
    fn is_on(&self, machine: &Arc<MachineClock>) -> bool;
}

/// A node that was made or deleted.
#[derive(Debug)]
pub(super) struct Change {
    session: i64,
    path: String,
    /// The transaction that made it, if it is there.
    made: Option<i64>,
}

/// Who looks at each operation before it is performed.
type Audit = Box<dyn Fn(&Ensemble, i64, &ZkOp)>;

/// The `ZooKeeper` of a world.
#[derive(Clone)]
pub(crate) struct ZooKeeperService(Rc<Inner>);

struct Inner {
    weather: Weather,
    ensemble: RefCell<Ensemble>,
    clients: RefCell<BTreeMap<i64, Rc<dyn Client>>>,
    audit: RefCell<Option<Audit>>,
}

const WHO: &str = "zookeeper";

impl ZooKeeperService {
    pub(crate) fn new(weather: Weather) -> Self {
        let (ensemble, clients) = (RefCell::new(Ensemble::new()), RefCell::default());
        Self(Rc::new(Inner { weather, ensemble, clients, audit: RefCell::default() }))
    }

    pub(super) fn weather(&self) -> &Weather {
        &self.0.weather
    }

    pub(super) fn note(&self, what: fmt::Arguments<'_>) {
        self.0.weather.trace.line(WHO, what);
    }

    /// Does something with the ensemble, and tells whom that concerns.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Ensemble) -> T) -> T {
        let outcome = act(&mut self.0.ensemble.borrow_mut());
        self.tell_fired();
        self.arm();
        outcome
    }

    fn tell_fired(&self) {
        loop {
            let next = self.0.ensemble.borrow_mut().next_fired();
            let Some((session, path)) = next else { break };
            let client = self.0.clients.borrow().get(&session).cloned();
            if let Some(client) = client {
                client.tell(path);
            }
        }
    }

    /// Comes back when the next session ends.
    fn arm(&self) {
        let Some(at) = self.0.ensemble.borrow().deadline() else { return };
        let service = self.clone();
        self.0.weather.schedule.call_after(at - self.0.weather.now(), move || service.tick());
    }

    fn tick(&self) {
        let now = self.0.weather.now();
        let over = self.0.ensemble.borrow().deadline().is_some_and(|at| at <= now);
        if over {
            let overdue = self.look(|ensemble| ensemble.overdue(now));
            for session in overdue {
                self.note_member(session);
            }
            let ended = self.with(|ensemble| ensemble.tick(now));
            for session in ended {
                self.note(format_args!("{} has expired", session_name(session)));
            }
        }
    }

    /// A session is about to expire: it is counted if a member of a group is registered in it.
    fn note_member(&self, session: i64) {
        if self.look(|ensemble| has_member(ensemble, session)) {
            self.0.weather.note("member-session-expired");
        }
    }

    /// The answer to this is read: it is counted if another has made the node anew meanwhile.
    pub(super) fn note_read(&self, change: &Change) {
        let stat = self.look(|ensemble| ensemble.look(&change.path).map(|(_, stat)| stat));
        let is_anew =
            |stat: ZkStat| Some(stat.czxid) != change.made && stat.ephemeral_owner != change.session;
        if stat.is_some_and(is_anew) {
            self.0.weather.note("answer-after-made-anew");
        }
    }

    /// What an operation that was performed just now has made or deleted.
    pub(super) fn change(
        &self,
        session: i64,
        op: &ZkOp,
        result: &Result<ZkAnswer, ZkError>,
    ) -> Option<Change> {
        let (ZkOp::Create { path, .. } | ZkOp::Delete { path, .. }) = op else { return None };
        let made = self.look(|ensemble| ensemble.look(path).map(|(_, stat)| stat.czxid));
        result.is_ok().then(|| Change { session, path: path.clone(), made })
    }

    pub(super) fn perform(&self, session: i64, op: &ZkOp) -> Result<ZkAnswer, ZkError> {
        if let Some(audit) = &*self.0.audit.borrow() {
            audit(&self.0.ensemble.borrow(), session, op);
        }
        let now = self.0.weather.now();
        let result = self.0.ensemble.borrow_mut().perform_at(now, session, op);
        self.note(format_args!("{} {}: {}", session_name(session), describe(op), outcome(&result)));
        self.tell_fired();
        result
    }

    pub(super) fn attach(&self, session: i64, client: Rc<dyn Client>) {
        self.0.clients.borrow_mut().insert(session, client);
    }

    pub(super) fn detach(&self, session: i64) {
        self.0.clients.borrow_mut().remove(&session);
    }

    /// The sessions that have a connection now, oldest first.
    pub(crate) fn connected(&self) -> Vec<i64> {
        let clients = self.0.clients.borrow();
        clients.iter().filter(|(_, client)| client.is_connected()).map(|(session, _)| *session).collect()
    }

    /// The connection of this session breaks.
    pub(crate) fn lose(&self, session: i64, away: Duration) {
        let client = self.0.clients.borrow().get(&session).cloned();
        if let Some(client) = client {
            client.lose(away);
        }
    }

    /// Has each operation of a client looked at before it is performed.
    pub(crate) fn audit(&self, audit: impl Fn(&Ensemble, i64, &ZkOp) + 'static) {
        *self.0.audit.borrow_mut() = Some(Box::new(audit));
    }

    /// Nothing comes from this machine any more. What was asked is answered, and read when it wakes.
    pub(crate) fn silence(&self, machine: &Arc<MachineClock>) {
        let clients: Vec<_> = self.0.clients.borrow().values().map(Rc::clone).collect();
        clients.iter().filter(|client| client.is_on(machine)).for_each(|client| client.fall_silent());
    }

    /// All connections from this machine break.
    pub(crate) fn lose_machine(&self, machine: &Arc<MachineClock>, away: Duration) {
        let clients: Vec<_> = self.0.clients.borrow().values().map(Rc::clone).collect();
        for client in clients.into_iter().filter(|client| client.is_on(machine)) {
            client.lose(away);
        }
    }

    /// The servers go down for a while; no session ends meanwhile. Says whether they were up.
    pub(crate) fn go_down(&self, lasts: Duration) -> bool {
        if self.is_down() {
            return false;
        }
        self.note(format_args!("!! is down for {lasts:?}"));
        let now = self.0.weather.now();
        self.with(|ensemble| ensemble.set_down(now, true));
        for session in self.connected() {
            self.lose(session, lasts);
        }
        let service = self.clone();
        self.0.weather.schedule.call_after(lasts, move || service.come_up());
        true
    }

    /// The servers are back, if they were down.
    pub(crate) fn come_up(&self) {
        if self.is_down() {
            self.note(format_args!("is back"));
            let now = self.0.weather.now();
            self.with(|ensemble| ensemble.set_down(now, false));
        }
    }

    pub(crate) fn is_down(&self) -> bool {
        self.0.ensemble.borrow().is_down()
    }

    /// Looks at what there is.
    pub(crate) fn look<T>(&self, at: impl FnOnce(&Ensemble) -> T) -> T {
        at(&self.0.ensemble.borrow())
    }

    /// This session ends now, before its client wants it to.
    pub(crate) fn expire(&self, session: i64, away: Duration) {
        self.note(format_args!("{} has expired", session_name(session)));
        self.note_member(session);
        self.with(|ensemble| ensemble.end(session));
        self.lose(session, away);
    }

    /// Forgets its clients, for the end of a world.
    pub(crate) fn clear(&self) {
        let (clients, audit) = (self.0.clients.take(), self.0.audit.take());
        drop((clients, audit));
    }
}

impl fmt::Debug for ZooKeeperService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZooKeeperService").field("ensemble", &self.0.ensemble).finish_non_exhaustive()
    }
}

/// Whether a member of a group is registered in a session.
fn has_member(ensemble: &Ensemble, session: i64) -> bool {
    let is_own = |path: &str| ensemble.look(path).is_some_and(|(_, stat)| stat.ephemeral_owner == session);
    ensemble.names_below("/consumers").into_iter().any(|group| {
        let ids = format!("/consumers/{group}/ids");
        ensemble.names_below(&ids).into_iter().any(|id| is_own(&format!("{ids}/{id}")))
    })
}

fn describe(op: &ZkOp) -> String {
    let watched = |watch: &bool| if *watch { " and watches it" } else { "" };
    match op {
        ZkOp::Get { path, watch } => format!("reads {path}{}", watched(watch)),
        ZkOp::Exists { path, watch } => format!("asks for {path}{}", watched(watch)),
        ZkOp::Children { path, watch } => format!("lists {path}{}", watched(watch)),
        ZkOp::Create { path, ephemeral: true, .. } => format!("creates {path} for its session"),
        ZkOp::Create { path, .. } => format!("creates {path}"),
        ZkOp::Set { path, version, .. } => format!("sets {path} at version {version}"),
        ZkOp::Delete { path, version } => format!("deletes {path} at version {version}"),
        ZkOp::Sync { path } => format!("syncs {path}"),
        other => format!("{other:?}"),
    }
}

fn outcome(result: &Result<ZkAnswer, ZkError>) -> String {
    match result {
        Ok(ZkAnswer::Data(data, _)) => format!("{} bytes", data.len()),
        Ok(ZkAnswer::Children(names)) => format!("[{}]", names.join(", ")),
        Ok(ZkAnswer::Stat(stat)) => if stat.is_some() { "it is there" } else { "it is not there" }.to_owned(),
        Ok(_) => "done".to_owned(),
        Err(error) => error.to_string(),
    }
}
