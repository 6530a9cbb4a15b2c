//! What must hold of every operation on the group's nodes, looked at before it is performed.

use std::collections::BTreeMap;

use samsa_client::{Dialect, TopicPartition};
use samsa_core::ZkOp;
use samsa_proto::zookeeper::{path, read_offset};

use super::locks::locks;
use super::{GROUP, Group};
use crate::cluster::Committed;
use crate::zookeeper::{Ensemble, wrong_with};

/// What the group's members did about offsets, by the paths of their nodes.
#[derive(Debug, Default)]
pub(super) struct Commits {
    /// The first offset that was committed.
    pub(super) first: BTreeMap<String, i64>,
    /// The lowest offset to which a member went back: whoever did may commit it.
    pub(super) sought: BTreeMap<String, i64>,
}

pub(super) fn begin(group: &Group) {
    let violations = group.stage.world.violations().clone();
    let commits = group.commits.clone();
    group.stage.world.zookeeper_service().audit(move |ensemble, session, op| {
        let mut commits = commits.borrow_mut();
        let wrong = wrong_with(ensemble, session, op);
        let wrong = wrong.filter(|(invariant, _)| *invariant != "commits-go-forward" || !commits.allow(op));
        if let Some((invariant, what)) = wrong {
            violations.add(invariant, what);
        }
        commits.note(ensemble, session, op);
    });
    begin_on_brokers(group);
}

/// On the brokers nothing keeps a commit from landing when its partition is another's already, or when its connection is
/// over and others were sent since: of whoever owns the partition at that moment, and knows of the commit, it must hold all
/// the same.
fn begin_on_brokers(group: &Group) {
    // Not the world, which has the brokers that have this.
    let world = &group.stage.world;
    let (violations, zookeeper) = (world.violations().clone(), world.zookeeper_service().clone());
    let (commits, dialect) = (group.commits.clone(), group.ways.dialect);
    world.host().audit(move |committed, is_late| {
        let Committed { client, group, topic, partition, before, offset } = committed;
        let Ok(node) = path::offset(group, topic, partition) else { return };
        let place = TopicPartition::new(&**topic, *partition);
        let named = match dialect {
            Dialect::Samsa => format!("{client}:"),
            _ => format!("{GROUP}_{client}-"),
        };
        let locks = zookeeper.look(|ensemble| locks(ensemble, dialect, &place));
        let is_owner = locks.iter().any(|lock| lock.owner.starts_with(&named));
        let mut commits = commits.borrow_mut();
        let is_allowed = commits.sought.get(&node).is_some_and(|sought| sought <= offset);
        if before.is_some_and(|before| *offset < before) && is_owner && !is_late && !is_allowed {
            let what = format!("{topic}/{partition}: {offset} after {before:?}, by {client}");
            violations.add("commits-go-forward", what);
        }
        commits.first.entry(node).or_insert(*offset);
    });
}

impl Commits {
    fn note(&mut self, ensemble: &Ensemble, session: i64, op: &ZkOp) {
        if let ZkOp::Create { path, data, .. } = op
            && path.contains("/offsets/")
            && ensemble.is_alive(session)
            && let Some(offset) = read_offset(data).ok().flatten()
        {
            self.first.entry(path.clone()).or_insert(offset);
        }
    }

    /// Whether a member went back that far.
    fn allow(&self, op: &ZkOp) -> bool {
        let ZkOp::Set { path, data, .. } = op else { return false };
        let to = read_offset(data).ok().flatten();
        self.sought.get(path).is_some_and(|sought| to.is_some_and(|to| *sought <= to))
    }
}
