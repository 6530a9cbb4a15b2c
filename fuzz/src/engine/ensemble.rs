//! What ZooKeeper holds of groups: nodes, their versions, and those that go with a session.

use std::collections::BTreeMap;

use samsa_core::{SessionId, ZkAnswer, ZkError, ZkOp, ZkStat};

/// By path, below `/consumers`.
#[derive(Debug, Default)]
pub(super) struct Ensemble {
    nodes: BTreeMap<String, Node>,
    transactions: i64,
}

#[derive(Debug)]
struct Node {
    data: Vec<u8>,
    stat: ZkStat,
    /// The session that it goes with.
    session: Option<SessionId>,
}

/// The id of every session.
pub(super) const SESSION: i64 = 7;

const ROOT: &str = "/consumers";

impl Ensemble {
    /// Whether it knows what is to be said of this node.
    pub(super) fn has(path: &str) -> bool {
        path.starts_with(ROOT)
    }

    /// The session is over, and its nodes are gone.
    pub(super) fn end(&mut self, session: SessionId) {
        self.nodes.retain(|_, node| node.session != Some(session));
    }

    /// Does what is asked.
    pub(super) fn perform(&mut self, session: SessionId, op: &ZkOp) -> Result<ZkAnswer, ZkError> {
        match op {
            ZkOp::Get { path, .. } => {
                let node = self.nodes.get(path).ok_or(ZkError::NoNode)?;
                Ok(ZkAnswer::Data(node.data.clone(), node.stat))
            }
            ZkOp::Exists { path, .. } => Ok(ZkAnswer::Stat(self.nodes.get(path).map(|node| node.stat))),
            ZkOp::Children { path, .. } if self.is_there(path) => {
                Ok(ZkAnswer::Children(self.children(path).map(str::to_owned).collect()))
            }
            ZkOp::Create { path, data, ephemeral } => {
                if self.is_there(path) {
                    return Err(ZkError::NodeExists);
                }
                let parent =
                    path.rsplit_once('/').map(|(parent, _)| parent).filter(|parent| self.is_there(parent));
                parent.ok_or(ZkError::NoNode)?;
                self.transactions += 1;
                let ephemeral_owner = if *ephemeral { SESSION } else { 0 };
                let stat = ZkStat { version: 0, czxid: self.transactions, ephemeral_owner };
                let session = ephemeral.then_some(session);
                self.nodes.insert(path.clone(), Node { data: data.clone(), stat, session });
                Ok(ZkAnswer::Created)
            }
            ZkOp::Set { path, data, version } => {
                let node = self.nodes.get_mut(path).ok_or(ZkError::NoNode)?;
                node.check(*version)?;
                node.data.clone_from(data);
                node.stat.version += 1;
                Ok(ZkAnswer::Set(node.stat))
            }
            ZkOp::Delete { path, version } => {
                self.nodes.get(path).ok_or(ZkError::NoNode)?.check(*version)?;
                if self.children(path).next().is_some() {
                    return Err(ZkError::NotEmpty);
                }
                self.nodes.remove(path);
                Ok(ZkAnswer::Deleted)
            }
            ZkOp::Sync { .. } => Ok(ZkAnswer::Synced),
            _ => Err(ZkError::NoNode),
        }
    }

    fn is_there(&self, path: &str) -> bool {
        path == ROOT || self.nodes.contains_key(path)
    }

    fn children(&self, path: &str) -> impl Iterator<Item = &str> {
        let names = self.nodes.keys().filter_map(move |node| node.strip_prefix(path)?.strip_prefix('/'));
        names.filter(|name| !name.contains('/'))
    }
}

impl Node {
    fn check(&self, version: i32) -> Result<(), ZkError> {
        if version == -1 || version == self.stat.version { Ok(()) } else { Err(ZkError::BadVersion) }
    }
}
