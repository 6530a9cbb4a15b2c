//! A session as it is under way between a member and ZooKeeper.

use std::collections::VecDeque;
use std::time::Duration;

use samsa_core::{SessionId, ZkError, ZkNews, ZkOp, ZkRequestId, ZkSessionState};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Link {
    /// The servers do not know of the session yet.
    Opening,
    Up,
    Down,
}

/// Requests arrive in the order of asking, and their answers are heard in it. A watch that fired is heard before or after
/// any answer.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Line {
    pub(crate) member: usize,
    pub(crate) name: SessionId,
    pub(crate) timeout: Duration,
    /// What the servers call it.
    pub(crate) id: Option<i64>,
    pub(crate) link: Link,
    /// Whether there is somebody who listens.
    pub(crate) is_heard: bool,
    /// Whether its end is under way, behind the requests.
    pub(crate) is_closing: bool,
    pub(crate) requests: VecDeque<(ZkRequestId, ZkOp)>,
    /// Writes of a broken connection that will be done all the same, in this order, before anything is synced.
    pub(crate) ghosts: VecDeque<ZkOp>,
    pub(crate) inbox: VecDeque<ZkNews>,
    pub(crate) watches: VecDeque<String>,
}

impl Line {
    pub(crate) fn open(member: usize, name: SessionId, timeout: Duration) -> Self {
        Self {
            member,
            name,
            timeout,
            id: None,
            link: Link::Opening,
            is_heard: true,
            is_closing: false,
            requests: VecDeque::new(),
            ghosts: VecDeque::new(),
            inbox: VecDeque::new(),
            watches: VecDeque::new(),
        }
    }

    /// Whether something of it can arrive at the servers.
    pub(crate) fn arrives(&self) -> bool {
        match self.link {
            Link::Opening => true,
            Link::Down => false,
            Link::Up => match self.requests.front() {
                Some((_, ZkOp::Sync { .. })) => self.ghosts.is_empty(),
                Some(_) => true,
                None => self.is_closing,
            },
        }
    }

    /// Whether nobody uses it any more, and only its timeout ends it.
    pub(crate) fn is_dead(&self) -> bool {
        self.link == Link::Down && !self.is_heard
    }

    /// Whether it is used, or only its timeout ends it, and nothing of it is under way.
    pub(crate) fn is_idle(&self) -> bool {
        let is_empty = self.requests.is_empty() && self.ghosts.is_empty();
        let is_heard = self.inbox.is_empty() && self.watches.is_empty();
        (self.is_used() || self.is_dead()) && is_empty && is_heard
    }

    pub(crate) fn is_used(&self) -> bool {
        self.link == Link::Up && self.is_heard
    }

    /// How many writes are under way to the servers.
    pub(crate) fn writes(&self) -> usize {
        self.requests.iter().filter(|(_, op)| is_write(op)).count()
    }

    /// The connection breaks. The first so many writes are done all the same.
    pub(crate) fn breaks(&mut self, done: usize) {
        self.link = Link::Down;
        let requests = std::mem::take(&mut self.requests);
        for news in &mut self.inbox {
            if let ZkNews::Reply { result, .. } = news {
                *result = Err(ZkError::ConnectionLost);
            }
        }
        for (id, _) in &requests {
            self.inbox.push_back(ZkNews::Reply { id: *id, result: Err(ZkError::ConnectionLost) });
        }
        self.tell(ZkSessionState::Suspended);
        let writes = requests.into_iter().map(|(_, op)| op).filter(is_write);
        self.ghosts.extend(writes.take(done));
    }

    /// Nobody listens any more.
    pub(crate) fn is_left(&mut self) {
        self.is_heard = false;
        self.inbox.clear();
        self.watches.clear();
    }

    /// The servers say that it has ended.
    pub(crate) fn is_over(&mut self) {
        for (id, _) in std::mem::take(&mut self.requests) {
            self.inbox.push_back(ZkNews::Reply { id, result: Err(ZkError::SessionExpired) });
        }
        self.watches.clear();
        self.tell(ZkSessionState::Expired);
    }

    pub(crate) fn tell(&mut self, state: ZkSessionState) {
        self.inbox.push_back(ZkNews::Session { session: self.name, state });
    }
}

fn is_write(op: &ZkOp) -> bool {
    matches!(op, ZkOp::Create { .. } | ZkOp::Set { .. } | ZkOp::Delete { .. })
}
