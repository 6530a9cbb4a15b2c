//! ZooKeeper over the zookeeper-client crate, on any runtime.
//!
//! The crate brings its own timers and sockets (async-io), and wants one task spawned for each session. That task is not
//! given to the runtime: the driver [hosts](hosted) it, so that session, operations and watches end together, whichever
//! runtime is torn down in whatever order. Watches are one-shot; each operation has a time limit; the requests are those
//! of ZooKeeper 3.4, which every later server takes.

mod hosted;
mod operation;
mod session;
mod stranger;

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use samsa_core::{SessionId, ZkError, ZkNews, ZkOp, ZkRequestId, ZkSessionState};
use samsa_proto::zookeeper::ConnectString;

use self::hosted::Hosted;
use self::session::{Progress, Session};
use crate::runtime::ZooKeeper;

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The sessions of one client with one ensemble. For any runtime: it needs nothing of it.
pub struct ZooKeeperSessions {
    ensemble: Option<ConnectString>,
    sessions: BTreeMap<SessionId, Session>,
    /// What is left of closed sessions: they still say goodbye to the server.
    leaving: Vec<Hosted>,
    news: VecDeque<ZkNews>,
}

impl ZooKeeperSessions {
    /// Of the ensemble that is found there, if there is one; else each session fails. Nothing is opened yet.
    pub fn of(ensemble: Option<&ConnectString>) -> Self {
        let ensemble = ensemble.cloned();
        Self { ensemble, sessions: BTreeMap::new(), leaving: Vec::new(), news: VecDeque::new() }
    }
}

impl ZooKeeper for ZooKeeperSessions {
    fn open(&mut self, session: SessionId, timeout: Duration) {
        if let Some(ensemble) = &self.ensemble {
            self.sessions.insert(session, Session::open(session, ensemble, timeout));
        } else {
            let state = ZkSessionState::Failed("no ZooKeeper ensemble is named".to_owned());
            self.news.push_back(ZkNews::Session { session, state });
        }
    }

    fn perform(&mut self, id: ZkRequestId, op: ZkOp) {
        match self.sessions.get_mut(&id.session) {
            Some(session) => session.perform(id, op),
            None => self.news.push_back(ZkNews::Reply { id, result: Err(ZkError::SessionExpired) }),
        }
    }

    fn close(&mut self, session: SessionId) {
        self.leaving.extend(self.sessions.remove(&session).map(Session::close));
    }

    fn poll_news(&mut self, cx: &mut Context<'_>) -> Poll<ZkNews> {
        if self.news.is_empty() {
            let news = &mut self.news;
            self.sessions.retain(|_, session| session.poll(cx, news) == Progress::GoesOn);
            let _ = self.poll_closed(cx);
        }
        self.news.pop_front().map_or(Poll::Pending, Poll::Ready)
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.leaving.retain_mut(|hosted| hosted.poll(cx).is_pending());
        if self.leaving.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl std::fmt::Debug for ZooKeeperSessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ZooKeeperSessions").field("ensemble", &self.ensemble).finish_non_exhaustive()
    }
}
