//! A ZooKeeper that is a map.

use std::collections::BTreeMap;

use super::Script;
use crate::zookeeper::{ZkAnswer, ZkError, ZkOp, ZkStat};

pub(crate) mod own {
    pub(crate) fn topic() -> String {
        "/brokers/topics/t".to_owned()
    }

    pub(crate) fn registration(partitions: i32) -> String {
        let partitions: Vec<String> = (0..partitions).map(|number| format!("\"{number}\":[1]")).collect();
        format!("{{\"version\":1,\"partitions\":{{{}}}}}", partitions.join(","))
    }

    pub(crate) fn state(leader: i32, in_sync: i32) -> String {
        format!(
            "{{\"controller_epoch\":1,\"leader\":{leader},\"version\":1,\"leader_epoch\":1,\"isr\":[{in_sync}]}}"
        )
    }

    pub(crate) fn member(topic: &str) -> String {
        format!(
            "{{\"version\":1,\"subscription\":{{\"{topic}\":1}},\"pattern\":\"static\",\"timestamp\":\"1\"}}"
        )
    }
}

/// The nodes, with what is in them, and the session of whoever asks.
#[derive(Debug)]
pub(crate) struct Nodes {
    map: BTreeMap<String, (String, ZkStat)>,
    transactions: i64,
    pub(super) session: i64,
    /// What was asked, in order, as `create PATH`.
    pub(super) log: Vec<String>,
    refusals: BTreeMap<String, (ZkError, bool)>,
    /// What somebody else makes when something was done.
    followers: BTreeMap<String, (String, i64)>,
}

impl Script {
    /// An operation is performed or not, and its answer is lost, once.
    pub(crate) fn loses_the_answer_to(&mut self, what: &str, was_done: bool) {
        self.nodes.refusals.insert(what.to_owned(), (ZkError::ConnectionLost, was_done));
    }

    pub(crate) fn refuses(&mut self, what: &str, error: ZkError) {
        self.nodes.refusals.insert(what.to_owned(), (error, false));
    }

    pub(crate) fn put(&mut self, path: &str, data: &str) {
        self.nodes.put(path, data);
    }

    pub(crate) fn put_owned(&mut self, path: &str, data: &str, ephemeral_owner: i64) {
        self.nodes.put_owned(path, data, ephemeral_owner);
    }

    /// A broker leads a partition from now on.
    pub(crate) fn leads(&mut self, partition: i32, broker: i32) {
        self.has_state(partition, broker, broker);
    }

    /// Nobody leads a partition any more, of which this broker was in sync.
    pub(crate) fn has_no_leader(&mut self, partition: i32, in_sync: i32) {
        self.has_state(partition, -1, in_sync);
    }

    fn has_state(&mut self, partition: i32, leader: i32, in_sync: i32) {
        let path = format!("{}/partitions/{partition}/state", own::topic());
        self.put(&path, &own::state(leader, in_sync));
        if self.member.session_name().is_some() {
            self.fires(&path);
        }
    }

    /// Right after this is done, somebody else makes a node.
    pub(crate) fn comes_after(&mut self, what: &str, path: &str, session: i64) {
        self.nodes.followers.insert(what.to_owned(), (path.to_owned(), session));
    }

    /// What is in a node changes; it stays the same node.
    pub(crate) fn changes(&mut self, path: &str, data: &str) {
        let node = self.nodes.map.get_mut(path).expect(path);
        data.clone_into(&mut node.0);
    }

    /// Whether one node is older than the other.
    pub(crate) fn made_before(&self, older: &str, younger: &str) -> bool {
        self.nodes.map[older].1.czxid < self.nodes.map[younger].1.czxid
    }

    pub(crate) fn remove(&mut self, path: &str) {
        self.nodes.map.remove(path);
    }

    pub(crate) fn data(&self, path: &str) -> Option<&str> {
        self.nodes.map.get(path).map(|(data, _)| &**data)
    }

    pub(crate) fn owner(&self, path: &str) -> Option<i64> {
        self.nodes.map.get(path).map(|(_, stat)| stat.ephemeral_owner)
    }
}

impl Nodes {
    pub(crate) fn in_session(session: i64) -> Self {
        let (map, log) = (BTreeMap::new(), Vec::new());
        let (refusals, followers) = (BTreeMap::new(), BTreeMap::new());
        Self { map, transactions: 0, session, log, refusals, followers }
    }

    pub(crate) fn put(&mut self, path: &str, data: &str) {
        self.put_owned(path, data, 0);
    }

    fn put_owned(&mut self, path: &str, data: &str, ephemeral_owner: i64) {
        self.transactions += 1;
        let stat = ZkStat { version: 0, czxid: self.transactions, ephemeral_owner };
        self.map.insert(path.to_owned(), (data.to_owned(), stat));
    }

    pub(super) fn end_old_sessions(&mut self) {
        let session = self.session;
        self.map.retain(|_, (_, stat)| stat.ephemeral_owner == 0 || stat.ephemeral_owner == session);
    }

    pub(crate) fn perform(&mut self, op: &ZkOp) -> Result<ZkAnswer, ZkError> {
        let (verb, path) = described(op);
        let what = format!("{verb} {path}");
        self.log.push(what.clone());
        let result = match self.refusals.remove(&what) {
            Some((error, was_done)) => {
                if was_done {
                    self.apply(op, path)?;
                }
                Err(error)
            }
            None => self.apply(op, path),
        };
        if let Some((path, session)) = self.followers.remove(&what) {
            self.put_owned(&path, "you", session);
        }
        result
    }

    fn apply(&mut self, op: &ZkOp, path: &str) -> Result<ZkAnswer, ZkError> {
        let found = self.map.get(path).cloned();
        match op {
            ZkOp::Get { .. } => {
                let (data, stat) = found.ok_or(ZkError::NoNode)?;
                Ok(ZkAnswer::Data(data.into_bytes(), stat))
            }
            ZkOp::Exists { .. } => Ok(ZkAnswer::Stat(found.map(|(_, stat)| stat))),
            ZkOp::Children { .. } => {
                let prefix = format!("{path}/");
                let names = self.map.keys().filter_map(|path| path.strip_prefix(&prefix));
                Ok(ZkAnswer::Children(names.filter(|name| !name.contains('/')).map(str::to_owned).collect()))
            }
            ZkOp::Create { data, ephemeral, .. } => {
                if found.is_some() {
                    return Err(ZkError::NodeExists);
                }
                let owner = if *ephemeral { self.session } else { 0 };
                self.put_owned(path, &String::from_utf8_lossy(data), owner);
                Ok(ZkAnswer::Created)
            }
            ZkOp::Set { data, version, .. } => {
                let (_, mut stat) = found.ok_or(ZkError::NoNode)?;
                if stat.version != *version {
                    return Err(ZkError::BadVersion);
                }
                stat.version += 1;
                self.map.insert(path.to_owned(), (String::from_utf8_lossy(data).into_owned(), stat));
                Ok(ZkAnswer::Set(stat))
            }
            ZkOp::Delete { version, .. } => {
                let (_, stat) = found.ok_or(ZkError::NoNode)?;
                if stat.version != *version {
                    return Err(ZkError::BadVersion);
                }
                self.map.remove(path);
                Ok(ZkAnswer::Deleted)
            }
            ZkOp::Sync { .. } => Ok(ZkAnswer::Synced),
        }
    }
}

pub(super) fn described(op: &ZkOp) -> (&'static str, &str) {
    match op {
        ZkOp::Get { path, .. } => ("get", path),
        ZkOp::Exists { path, .. } => ("exists", path),
        ZkOp::Children { path, .. } => ("list", path),
        ZkOp::Create { path, .. } => ("create", path),
        ZkOp::Set { path, .. } => ("set", path),
        ZkOp::Delete { path, .. } => ("delete", path),
        ZkOp::Sync { path } => ("sync", path),
    }
}
