//! Which groups there are.

use std::collections::BTreeMap;

use samsa_proto::zookeeper::path;

use super::described::ListedGroup;
use super::next::Next;
use crate::command::Reply;
use crate::zookeeper::{ZkAnswer, ZkError, ZkOp};

const IDS: &str = "/ids";

#[derive(Debug, Default)]
pub(super) struct Listing {
    members: BTreeMap<String, usize>,
}

impl Listing {
    pub(super) fn begin(&mut self) -> Vec<ZkOp> {
        self.members.clear();
        let path = || path::CONSUMERS.to_owned();
        vec![ZkOp::Sync { path: path() }, ZkOp::Children { path: path(), watch: false }]
    }

    pub(super) fn answered(&mut self, op: &ZkOp, result: Result<ZkAnswer, ZkError>) -> Vec<ZkOp> {
        let (ZkOp::Children { path, .. }, Ok(ZkAnswer::Children(children))) = (op, result) else {
            return Vec::new();
        };
        if path == path::CONSUMERS {
            let ids = |group: &String| format!("{}/{group}{IDS}", path::CONSUMERS);
            let asked = children.iter().map(|group| ZkOp::Children { path: ids(group), watch: false });
            let asked = asked.collect();
            self.members = children.into_iter().map(|group| (group, 0)).collect();
            return asked;
        }
        let group = path.strip_suffix(IDS).and_then(|path| path.rsplit_once('/'));
        if let Some(members) = group.and_then(|(_, group)| self.members.get_mut(group)) {
            *members = children.len();
        }
        Vec::new()
    }

    pub(super) fn ended(&mut self) -> Next {
        let groups = std::mem::take(&mut self.members).into_iter();
        let groups = groups.map(|(name, members)| ListedGroup { name: name.into(), members });
        Next::Done(Reply::Groups(Ok(groups.collect())))
    }
}
