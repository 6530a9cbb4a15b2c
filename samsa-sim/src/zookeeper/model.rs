//! The model ensemble by itself, for who explores what clients do to each other through it: a value, like the clients.

use std::time::Duration;

use samsa_core::{Instant, ZkAnswer, ZkError, ZkOp, ZkStat};

use super::ensemble::Ensemble;
use super::wrong_with;

/// Nodes, sessions and watches, as one server would have them.
#[derive(Clone, Debug, Hash)]
pub struct ZooKeeper(Ensemble);

impl ZooKeeper {
    /// An ensemble in which these persistent nodes are, with their parents.
    pub fn with_nodes(nodes: &[(&str, &str)]) -> Self {
        let mut ensemble = Ensemble::new();
        for (path, data) in nodes {
            ensemble.put(path, data.as_bytes());
        }
        Self(ensemble)
    }

    /// Opens a session. Its id is never used again.
    pub fn open(&mut self, now: Instant, timeout: Duration) -> i64 {
        let session = self.0.open(timeout);
        let is_heard = self.0.perform_at(now, session, &ZkOp::Sync { path: "/".to_owned() });
        debug_assert!(is_heard.is_ok(), "a session that was just opened is alive");
        session
    }

    /// Whether the session has not ended.
    pub fn is_alive(&self, session: i64) -> bool {
        self.0.is_alive(session)
    }

    /// When the session may end at the earliest, if nothing more is heard of it.
    pub fn may_end(&self, session: i64) -> Option<Instant> {
        self.0.may_end(session)
    }

    /// The session ends, with its ephemeral nodes and its watches.
    pub fn end(&mut self, session: i64) {
        self.0.end(session);
    }

    /// What of the rules of groups an operation would break: its name, and how.
    pub fn wrong_with(&self, session: i64, op: &ZkOp) -> Option<(&'static str, String)> {
        wrong_with(&self.0, session, op)
    }

    /// Performs an operation in a session.
    pub fn perform(&mut self, now: Instant, session: i64, op: &ZkOp) -> Result<ZkAnswer, ZkError> {
        self.0.perform_at(now, session, op)
    }

    /// The next watch that has fired: in which session, and the path.
    pub fn next_fired(&mut self) -> Option<(i64, String)> {
        self.0.next_fired()
    }

    /// What a node holds.
    pub fn look(&self, path: &str) -> Option<(&[u8], ZkStat)> {
        self.0.look(path)
    }
}
