//! What a `ZooKeeper` ensemble keeps: nodes, sessions and watches. Pure: it is told the time and asked what fired.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use samsa_core::{Instant, ZkAnswer, ZkError, ZkOp, ZkStat};

use super::watches::Watches;

#[derive(Clone, Debug)]
struct Node {
    data: Vec<u8>,
    stat: ZkStat,
}

#[derive(Clone, Debug, Hash)]
struct Session {
    timeout: Duration,
    /// When it ends, unless its client comes back; `None` while that is connected.
    ends: Option<Instant>,
    lost: bool,
    /// When an operation was performed in it last.
    heard: Instant,
}

/// Ids of sessions count from here.
const FIRST_SESSION: i64 = 0x1000_0000;

/// What a session is called in traces: they are counted from 1.
pub(crate) fn session_name(id: i64) -> String {
    format!("session {}", id - FIRST_SESSION)
}

/// The state of an ensemble, as if it were one server.
#[derive(Clone, Debug)]
pub(crate) struct Ensemble {
    nodes: BTreeMap<String, Node>,
    sessions: BTreeMap<i64, Session>,
    watches: Watches,
    transactions: i64,
    opened: i64,
    down: bool,
}

/// Which transaction made a node is not looked at: it tells how much has happened.
impl Hash for Node {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.data, self.stat.version, self.stat.ephemeral_owner).hash(state);
    }
}

/// Nor is how many transactions there were.
impl Hash for Ensemble {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.nodes, &self.sessions, &self.watches, self.opened, self.down).hash(state);
    }
}

type Answer = Result<ZkAnswer, ZkError>;

impl Ensemble {
    pub(crate) fn new() -> Self {
        Self {
            nodes: BTreeMap::new(),
            sessions: BTreeMap::new(),
            watches: Watches::default(),
            transactions: 0,
            opened: 0,
            down: false,
        }
    }

    /// Opens a session; its id is never used again.
    pub(crate) fn open(&mut self, timeout: Duration) -> i64 {
        self.opened += 1;
        let id = FIRST_SESSION + self.opened;
        self.sessions.insert(id, Session { timeout, ends: None, lost: false, heard: Instant::START });
        id
    }

    pub(crate) fn is_alive(&self, session: i64) -> bool {
        self.sessions.contains_key(&session)
    }

    /// The client's connection is there again. False when the session is over.
    pub(crate) fn resume(&mut self, session: i64) -> bool {
        let session = self.sessions.get_mut(&session);
        session.map(|session| (session.ends, session.lost) = (None, false)).is_some()
    }

    /// The client is not heard any more: the session ends when its timeout is over. Its last sign of life may be a third of
    /// that old.
    pub(crate) fn lose(&mut self, now: Instant, session: i64) {
        let is_down = self.down;
        if let Some(session) = self.sessions.get_mut(&session).filter(|session| !session.lost) {
            let third = session.timeout.as_micros() as u64 / 3;
            let sign = Instant::from_micros(now.as_micros().saturating_sub(third));
            session.lost = true;
            session.ends = (!is_down).then_some(session.heard.max(sign) + session.timeout);
        }
    }

    /// The servers are down, and no session ends; or they are back, and each that is lost has its whole timeout again.
    pub(crate) fn set_down(&mut self, now: Instant, down: bool) {
        self.down = down;
        for session in self.sessions.values_mut() {
            session.ends = (!down && session.lost).then_some(now + session.timeout);
        }
    }

    pub(crate) fn is_down(&self) -> bool {
        self.down
    }

    /// What a node holds, and whose it is.
    pub(crate) fn look(&self, path: &str) -> Option<(&[u8], ZkStat)> {
        self.nodes.get(path).map(|node| (&node.data[..], node.stat))
    }

    /// When this session may end at the earliest, if nothing more is heard of it.
    #[cfg(feature = "model")]
    pub(crate) fn may_end(&self, session: i64) -> Option<Instant> {
        self.sessions.get(&session).map(|session| session.heard + session.timeout)
    }

    /// When the next session ends.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.sessions.values().filter_map(|session| session.ends).min()
    }

    /// The sessions whose time is over.
    pub(crate) fn overdue(&self, now: Instant) -> Vec<i64> {
        let over = |session: &Session| session.ends.is_some_and(|ends| ends <= now);
        self.sessions.iter().filter(|(_, session)| over(session)).map(|(id, _)| *id).collect()
    }

    /// Ends the sessions whose time is over. Says which.
    pub(crate) fn tick(&mut self, now: Instant) -> Vec<i64> {
        let ended = self.overdue(now);
        for session in &ended {
            self.end(*session);
        }
        ended
    }

    /// Ends a session, with its ephemeral nodes and its watches.
    pub(crate) fn end(&mut self, session: i64) {
        if self.sessions.remove(&session).is_none() {
            return;
        }
        self.watches.forget(session);
        let own = |node: &Node| node.stat.ephemeral_owner == session;
        let paths: Vec<String> =
            self.nodes.iter().filter(|(_, node)| own(node)).map(|(path, _)| path.clone()).collect();
        for path in paths {
            self.remove(&path);
        }
    }

    /// The next watch that has fired: whose, and the path.
    pub(crate) fn next_fired(&mut self) -> Option<(i64, String)> {
        self.watches.next_fired()
    }

    /// Performs an operation in a session at this time.
    pub(crate) fn perform_at(&mut self, now: Instant, session: i64, op: &ZkOp) -> Answer {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.heard = now;
            session.ends = session.ends.map(|_| now + session.timeout);
        }
        self.perform(session, op)
    }

    /// Performs an operation in a session.
    pub(crate) fn perform(&mut self, session: i64, op: &ZkOp) -> Answer {
        if !self.is_alive(session) {
            return Err(ZkError::SessionExpired);
        }
        match op {
            ZkOp::Get { path, watch } => self.get(session, path, *watch),
            ZkOp::Exists { path, watch } => Ok(self.exists(session, path, *watch)),
            ZkOp::Children { path, watch } => self.children(session, path, *watch),
            ZkOp::Create { path, data, ephemeral } => {
                self.create(path, data, if *ephemeral { session } else { 0 })
            }
            ZkOp::Set { path, data, version } => self.set(path, data, *version),
            ZkOp::Delete { path, version } => self.delete(path, *version),
            ZkOp::Sync { .. } => Ok(ZkAnswer::Synced),
            other => Err(ZkError::Other(format!("the model does not know {other:?}"))),
        }
    }

    fn get(&mut self, session: i64, path: &str, watch: bool) -> Answer {
        let node = self.nodes.get(path).ok_or(ZkError::NoNode)?;
        if watch {
            self.watches.watch_data(session, path);
        }
        Ok(ZkAnswer::Data(node.data.clone(), node.stat))
    }

    fn exists(&mut self, session: i64, path: &str, watch: bool) -> ZkAnswer {
        if watch {
            self.watches.watch_data(session, path);
        }
        ZkAnswer::Stat(self.nodes.get(path).map(|node| node.stat))
    }

    fn children(&mut self, session: i64, path: &str, watch: bool) -> Answer {
        if !self.is_there(path) {
            return Err(ZkError::NoNode);
        }
        if watch {
            self.watches.watch_children(session, path);
        }
        Ok(ZkAnswer::Children(self.names_below(path)))
    }

    /// The names of a node's children.
    pub(crate) fn names_below(&self, path: &str) -> Vec<String> {
        let prefix = if path == "/" { path.to_owned() } else { format!("{path}/") };
        let below = self.nodes.range(prefix.clone()..).map_while(|(path, _)| path.strip_prefix(&prefix));
        below.filter(|name| !name.contains('/')).map(str::to_owned).collect()
    }

    fn is_there(&self, path: &str) -> bool {
        path == "/" || self.nodes.contains_key(path)
    }

    fn create(&mut self, path: &str, data: &[u8], ephemeral_owner: i64) -> Answer {
        if self.is_there(path) {
            return Err(ZkError::NodeExists);
        }
        if !self.is_there(parent(path)) {
            return Err(ZkError::NoNode);
        }
        self.transactions += 1;
        let stat = ZkStat { version: 0, czxid: self.transactions, ephemeral_owner };
        self.nodes.insert(path.to_owned(), Node { data: data.to_vec(), stat });
        self.watches.data_changed(path);
        self.watches.children_changed(parent(path));
        Ok(ZkAnswer::Created)
    }

    fn set(&mut self, path: &str, data: &[u8], version: i32) -> Answer {
        let node = self.nodes.get_mut(path).ok_or(ZkError::NoNode)?;
        check_version(node.stat, version)?;
        self.transactions += 1;
        node.data = data.to_vec();
        node.stat.version += 1;
        let stat = node.stat;
        self.watches.data_changed(path);
        Ok(ZkAnswer::Set(stat))
    }

    fn delete(&mut self, path: &str, version: i32) -> Answer {
        let node = self.nodes.get(path).ok_or(ZkError::NoNode)?;
        check_version(node.stat, version)?;
        if !self.names_below(path).is_empty() {
            return Err(ZkError::NotEmpty);
        }
        self.remove(path);
        Ok(ZkAnswer::Deleted)
    }

    fn remove(&mut self, path: &str) {
        self.transactions += 1;
        self.nodes.remove(path);
        self.watches.removed(path);
        self.watches.children_changed(parent(path));
    }

    /// Creates a persistent node with all its parents, or replaces what it holds: for whoever set the ensemble up.
    pub(crate) fn put(&mut self, path: &str, data: &[u8]) {
        let ends = path.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0);
        for end in ends {
            if !self.is_there(&path[..end]) {
                let created = self.create(&path[..end], b"", 0);
                debug_assert_eq!(created, Ok(ZkAnswer::Created), "parents are made in order");
            }
        }
        if self.create(path, data, 0).is_err() {
            let set = self.set(path, data, -1);
            debug_assert!(set.is_ok(), "a node that is there takes any data");
        }
    }

    /// Removes a node with all that is below it: for whoever set the ensemble up.
    pub(crate) fn uproot(&mut self, path: &str) {
        for name in self.names_below(path) {
            self.uproot(&format!("{path}/{name}"));
        }
        if self.nodes.contains_key(path) {
            self.remove(path);
        }
    }
}

fn check_version(stat: ZkStat, expected: i32) -> Result<(), ZkError> {
    if expected == -1 || stat.version == expected { Ok(()) } else { Err(ZkError::BadVersion) }
}

fn parent(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(at) => &path[..at],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(6);

    fn get(path: &str) -> ZkOp {
        ZkOp::Get { path: path.to_owned(), watch: true }
    }

    fn children(path: &str) -> ZkOp {
        ZkOp::Children { path: path.to_owned(), watch: true }
    }

    fn create(path: &str, ephemeral: bool) -> ZkOp {
        ZkOp::Create { path: path.to_owned(), data: b"x".to_vec(), ephemeral }
    }

    fn set(path: &str, version: i32) -> ZkOp {
        ZkOp::Set { path: path.to_owned(), data: b"y".to_vec(), version }
    }

    fn delete(path: &str, version: i32) -> ZkOp {
        ZkOp::Delete { path: path.to_owned(), version }
    }

    fn fired(ensemble: &mut Ensemble) -> Vec<(i64, String)> {
        std::iter::from_fn(|| ensemble.next_fired()).collect()
    }

    #[test]
    fn a_node_needs_its_parent_and_is_created_once() {
        let mut ensemble = Ensemble::new();
        let session = ensemble.open(TIMEOUT);
        assert_eq!(ensemble.perform(session, &create("/a/b", false)), Err(ZkError::NoNode));
        assert_eq!(ensemble.perform(session, &create("/a", false)), Ok(ZkAnswer::Created));
        assert_eq!(ensemble.perform(session, &create("/a", false)), Err(ZkError::NodeExists));
        assert_eq!(ensemble.perform(session, &create("/a/b", false)), Ok(ZkAnswer::Created));
        assert_eq!(ensemble.perform(session, &delete("/a", -1)), Err(ZkError::NotEmpty));
    }

    #[test]
    fn set_and_delete_want_the_version_that_the_node_has() {
        let mut ensemble = Ensemble::new();
        let session = ensemble.open(TIMEOUT);
        ensemble.put("/a", b"x");
        assert_eq!(ensemble.perform(session, &set("/a", 1)), Err(ZkError::BadVersion));
        let Ok(ZkAnswer::Set(stat)) = ensemble.perform(session, &set("/a", 0)) else { panic!("not set") };
        assert_eq!(stat.version, 1);
        assert_eq!(ensemble.perform(session, &delete("/a", 0)), Err(ZkError::BadVersion));
        assert_eq!(ensemble.perform(session, &delete("/a", 1)), Ok(ZkAnswer::Deleted));
        assert_eq!(ensemble.perform(session, &get("/a")), Err(ZkError::NoNode));
    }

    #[test]
    fn a_node_that_is_made_anew_has_version_0_and_another_czxid() {
        let mut ensemble = Ensemble::new();
        let session = ensemble.open(TIMEOUT);
        let mut stat = || {
            assert_eq!(ensemble.perform(session, &create("/a", false)), Ok(ZkAnswer::Created));
            let Ok(ZkAnswer::Data(_, stat)) = ensemble.perform(session, &get("/a")) else {
                panic!("not there")
            };
            assert_eq!(ensemble.perform(session, &delete("/a", 0)), Ok(ZkAnswer::Deleted));
            stat
        };
        let (first, second) = (stat(), stat());
        assert_eq!((first.version, second.version), (0, 0));
        assert!(first.czxid < second.czxid);
    }

    #[test]
    fn a_watch_fires_once_and_only_for_what_it_was_set_on() {
        let mut ensemble = Ensemble::new();
        let (watcher, writer) = (ensemble.open(TIMEOUT), ensemble.open(TIMEOUT));
        ensemble.put("/a", b"x");
        ensemble.perform(watcher, &get("/a")).unwrap();
        ensemble.perform(watcher, &children("/a")).unwrap();

        ensemble.perform(writer, &set("/a", -1)).unwrap();
        ensemble.perform(writer, &set("/a", -1)).unwrap();
        assert_eq!(fired(&mut ensemble), [(watcher, "/a".to_owned())]);
        ensemble.perform(writer, &create("/a/b", false)).unwrap();
        ensemble.perform(writer, &create("/a/b/c", false)).unwrap();
        assert_eq!(fired(&mut ensemble), [(watcher, "/a".to_owned())]);
    }

    #[test]
    fn a_watch_for_existence_waits_for_a_node_that_is_not_there_yet() {
        let mut ensemble = Ensemble::new();
        let session = ensemble.open(TIMEOUT);
        let exists = ZkOp::Exists { path: "/a".to_owned(), watch: true };
        assert_eq!(ensemble.perform(session, &exists), Ok(ZkAnswer::Stat(None)));
        ensemble.put("/a", b"");
        assert_eq!(fired(&mut ensemble), [(session, "/a".to_owned())]);
    }

    #[test]
    fn children_are_those_directly_below() {
        let mut ensemble = Ensemble::new();
        let session = ensemble.open(TIMEOUT);
        for path in ["/a/2/x", "/a/1", "/ab"] {
            ensemble.put(path, b"");
        }
        let names = |names: &[&str]| Ok(ZkAnswer::Children(names.iter().map(ToString::to_string).collect()));
        assert_eq!(ensemble.perform(session, &children("/a")), names(&["1", "2"]));
        assert_eq!(ensemble.perform(session, &children("/")), names(&["a", "ab"]));
        assert_eq!(ensemble.perform(session, &children("/c")), Err(ZkError::NoNode));
    }

    #[test]
    fn an_ephemeral_node_goes_with_its_session_and_the_parents_watch_fires() {
        let mut ensemble = Ensemble::new();
        let (owner, watcher) = (ensemble.open(TIMEOUT), ensemble.open(TIMEOUT));
        ensemble.put("/ids", b"");
        ensemble.perform(owner, &create("/ids/1", true)).unwrap();
        ensemble.perform(watcher, &children("/ids")).unwrap();

        ensemble.lose(Instant::START, owner);
        assert_eq!(ensemble.deadline(), Some(Instant::START + TIMEOUT));
        assert!(ensemble.tick(Instant::START + TIMEOUT / 2).is_empty());
        assert_eq!(ensemble.tick(Instant::START + TIMEOUT), [owner]);

        assert_eq!(fired(&mut ensemble), [(watcher, "/ids".to_owned())]);
        assert_eq!(ensemble.perform(watcher, &get("/ids/1")), Err(ZkError::NoNode));
        assert_eq!(ensemble.perform(owner, &get("/ids")), Err(ZkError::SessionExpired));
        assert!(!ensemble.resume(owner));
    }

    #[test]
    fn a_client_that_comes_back_in_time_keeps_its_session() {
        let mut ensemble = Ensemble::new();
        let session = ensemble.open(TIMEOUT);
        ensemble.lose(Instant::START, session);
        assert!(ensemble.resume(session));
        assert!(ensemble.tick(Instant::START + TIMEOUT * 2).is_empty());
        assert!(ensemble.is_alive(session));
    }

    #[test]
    fn a_session_lives_for_its_timeout_from_the_last_sign_of_life() {
        let (mut ensemble, second) = (Ensemble::new(), Duration::from_secs(1));
        let (quiet, busy) = (ensemble.open(TIMEOUT), ensemble.open(TIMEOUT));
        let at = |seconds: u32| Instant::START + second * seconds;
        ensemble.perform_at(at(9), busy, &children("/")).unwrap();
        ensemble.lose(at(10), quiet);
        ensemble.lose(at(10), busy);
        assert_eq!(ensemble.tick(at(14)), [quiet], "its last ping was two seconds old");
        assert_eq!(ensemble.tick(at(15)), [busy]);
    }

    #[test]
    fn sessions_outlive_an_outage_and_have_their_timeout_again_after_it() {
        let mut ensemble = Ensemble::new();
        let (lost, kept) = (ensemble.open(TIMEOUT), ensemble.open(TIMEOUT));
        let minute = Instant::START + Duration::from_secs(60);
        ensemble.lose(Instant::START, lost);
        ensemble.set_down(Instant::START, true);
        assert!(ensemble.tick(minute).is_empty());
        ensemble.set_down(minute, false);
        assert!(ensemble.tick(minute + TIMEOUT / 2).is_empty());
        assert_eq!(ensemble.tick(minute + TIMEOUT), [lost]);
        assert!(ensemble.is_alive(kept));
    }
}
