//! The way of one client to `ZooKeeper`: its sessions, and the news that it fetches.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use samsa_core::{ZkAnswer, ZkError, ZkOp, ZkSessionState};

use super::service::{Change, ZooKeeperService};
use super::session::Session;
use crate::clock::MachineClock;

/// What a client hears; `S` and `R` are its names for sessions and operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News<S, R> {
    Reply { id: R, result: Result<ZkAnswer, ZkError> },
    Watch { session: S, path: String },
    Session { session: S, state: ZkSessionState },
}

/// A piece of news, with what it says to be made or deleted if it is an answer that does.
struct Arrived<S, R> {
    news: News<S, R>,
    change: Option<Change>,
}

/// News that the client has not fetched yet.
pub(super) struct Outbox<S, R> {
    news: RefCell<VecDeque<Arrived<S, R>>>,
    closing: Cell<i64>,
    waker: RefCell<Option<Waker>>,
}

impl<S, R> Outbox<S, R> {
    pub(super) fn push(&self, news: News<S, R>) {
        self.push_answer(news, None);
    }

    pub(super) fn push_answer(&self, news: News<S, R>, change: Option<Change>) {
        self.news.borrow_mut().push_back(Arrived { news, change });
        self.wake();
    }

    /// So many more sessions wait for the servers to hear of their end.
    pub(super) fn closing(&self, more: i64) {
        self.closing.set(self.closing.get() + more);
        self.wake();
    }

    fn wake(&self) {
        let waker = self.waker.borrow_mut().take();
        waker.into_iter().for_each(Waker::wake);
    }
}

/// A client's way to `ZooKeeper`.
pub(crate) struct Port<S, R> {
    service: ZooKeeperService,
    chroot: String,
    machine: Option<Arc<MachineClock>>,
    sessions: BTreeMap<S, Rc<Session<S, R>>>,
    out: Rc<Outbox<S, R>>,
}

impl<S: Copy + Ord + 'static, R: Copy + 'static> Port<S, R> {
    /// Paths are below `chroot`, which is empty or begins with a slash and does not end with one.
    pub(crate) fn new(service: &ZooKeeperService, chroot: &str) -> Self {
        let out = Outbox { news: RefCell::default(), closing: Cell::new(0), waker: RefCell::default() };
        let (service, chroot) = (service.clone(), chroot.to_owned());
        Self { service, chroot, machine: None, sessions: BTreeMap::new(), out: Rc::new(out) }
    }

    /// On this machine: what happens to it happens to the sessions.
    pub(crate) fn on(mut self, machine: &Arc<MachineClock>) -> Self {
        self.machine = Some(Arc::clone(machine));
        self
    }

    pub(crate) fn open(&mut self, name: S, timeout: Duration) {
        let session =
            Session::open(name, &self.service, &self.chroot, &self.out, timeout, self.machine.as_ref());
        self.sessions.insert(name, session);
    }

    pub(crate) fn perform(&mut self, session: S, id: R, op: ZkOp) {
        match self.sessions.get(&session) {
            Some(session) => session.ask(id, op),
            None => self.out.push(News::Reply { id, result: Err(ZkError::SessionExpired) }),
        }
    }

    pub(crate) fn close(&mut self, session: S) {
        self.sessions.remove(&session).into_iter().for_each(|session| session.close());
    }

    pub(crate) fn poll_news(&self, cx: &mut Context<'_>) -> Poll<News<S, R>> {
        let next = self.out.news.borrow_mut().pop_front();
        match next {
            Some(Arrived { news, change }) => {
                if let Some(change) = &change {
                    self.service.note_read(change);
                }
                Poll::Ready(news)
            }
            None => self.wait(cx),
        }
    }

    pub(crate) fn poll_closed(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.out.closing.get() == 0 { Poll::Ready(()) } else { self.wait(cx) }
    }

    fn wait<T>(&self, cx: &mut Context<'_>) -> Poll<T> {
        *self.out.waker.borrow_mut() = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// A client that goes without closing its sessions: they live on until their time is over.
impl<S, R> Drop for Port<S, R> {
    fn drop(&mut self) {
        for session in self.sessions.values() {
            session.abandon();
        }
    }
}

impl<S: fmt::Debug, R> fmt::Debug for Port<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Port").field("sessions", &self.sessions.keys()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
