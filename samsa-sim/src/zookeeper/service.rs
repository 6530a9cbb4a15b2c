//! The ensemble as a world has it: time passes in it, and those whose watches fire are told.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use samsa_core::{ZkAnswer, ZkError, ZkOp};

use super::ensemble::{Ensemble, session_name};
use crate::network::Weather;

/// A client's side of a session, as the service sees it.
pub(super) trait Client {
    /// A watch has fired.
    fn tell(self: Rc<Self>, path: String);
    /// The connection breaks, and the client needs so long to come back.
    fn lose(self: Rc<Self>, away: Duration);
    /// Whether there is a connection to lose.
    fn is_connected(&self) -> bool;
}

/// The `ZooKeeper` of a world.
#[derive(Clone)]
pub(crate) struct ZooKeeperService(Rc<Inner>);

struct Inner {
    weather: Weather,
    ensemble: RefCell<Ensemble>,
    clients: RefCell<BTreeMap<i64, Rc<dyn Client>>>,
}

const WHO: &str = "zookeeper";

impl ZooKeeperService {
    pub(crate) fn new(weather: Weather) -> Self {
        let (ensemble, clients) = (RefCell::new(Ensemble::new()), RefCell::default());
        Self(Rc::new(Inner { weather, ensemble, clients }))
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
            let ended = self.with(|ensemble| ensemble.tick(now));
            for session in ended {
                self.note(format_args!("{} has expired", session_name(session)));
            }
        }
    }

    pub(super) fn perform(&self, session: i64, op: &ZkOp) -> Result<ZkAnswer, ZkError> {
        let result = self.0.ensemble.borrow_mut().perform(session, op);
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

    /// This session ends now, before its client wants it to.
    pub(crate) fn expire(&self, session: i64, away: Duration) {
        self.note(format_args!("{} has expired", session_name(session)));
        self.with(|ensemble| ensemble.end(session));
        self.lose(session, away);
    }

    /// Forgets its clients, for the end of a world.
    pub(crate) fn clear(&self) {
        let clients = self.0.clients.take();
        drop(clients);
    }
}

impl fmt::Debug for ZooKeeperService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZooKeeperService").field("ensemble", &self.0.ensemble).finish_non_exhaustive()
    }
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
