//! What must hold of every operation on the nodes of the groups, looked at before it is performed, and of what members send.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use samsa_client::{Dialect, TopicPartition};
use samsa_core::ZkOp;
use samsa_proto::zookeeper::{path, read_offset};

use super::group::Group;
use super::heard::Heard;
use super::locks::locks;
use crate::cluster::Committed;
use crate::violations::Violations;
use crate::zookeeper::{Ensemble, ZooKeeperService, wrong_with};

/// What a group's members did about offsets, by the paths of their nodes.
#[derive(Debug, Default)]
pub(super) struct Commits {
    /// The first offset that was committed.
    pub(super) first: BTreeMap<String, i64>,
    /// The lowest offset to which a member went back: whoever did may commit it.
    pub(super) sought: BTreeMap<String, i64>,
}

/// What of a group is looked at: not the world, which has the servers that have this.
struct Watched {
    name: &'static str,
    dialect: Option<Dialect>,
    commits: Rc<RefCell<Commits>>,
    heard: Rc<RefCell<Heard>>,
}

pub(super) fn begin(groups: &[Group]) {
    let Some(Group { stage, .. }) = groups.first() else { return };
    let watched: Rc<[Watched]> = groups.iter().map(Watched::of).collect();
    let (violations, zookeeper) = (stage.world.violations().clone(), stage.world.zookeeper_service().clone());
    let (of_all, told, visits) = (Rc::clone(&watched), violations.clone(), RefCell::new(Visits::default()));
    zookeeper.audit(move |ensemble, session, op| {
        if let Some(what) = visits.borrow_mut().visit(session, op.path()) {
            told.add("keeps-to-its-group", what);
        }
        let group = of_all.iter().find(|group| group_of(op.path()) == Some(group.name));
        let mut commits = group.map(|group| group.commits.borrow_mut());
        let is_allowed = commits.as_ref().is_some_and(|commits| commits.allow(op));
        let wrong = wrong_with(ensemble, session, op);
        let wrong = wrong.filter(|(invariant, _)| *invariant != "commits-go-forward" || !is_allowed);
        if let Some((invariant, what)) = wrong {
            told.add(invariant, what);
        }
        if let Some(commits) = &mut commits {
            commits.note(ensemble, session, op);
        }
    });
    let (of_all, told) = (Rc::clone(&watched), violations.clone());
    stage.world.host().audit(move |committed, is_late| {
        match of_all.iter().find(|group| *group.name == *committed.group) {
            Some(group) => group.look_at_commit(&zookeeper, committed, is_late, &told),
            None => told.add("keeps-to-its-group", format!("{committed:?}")),
        }
    });
    let schedule = Rc::clone(stage.world.schedule());
    stage.world.lookout().look(move |machine, sent| {
        for group in &*watched {
            let mut heard = group.heard.borrow_mut();
            let wrong = heard.wrong_to_send(schedule.now(), machine, sent, (group.name, group.dialect));
            if let Some(what) = wrong {
                violations.add("nothing-after-lost", what);
            }
        }
    });
}

impl Watched {
    fn of(group: &Group) -> Self {
        let (commits, heard) = (Rc::clone(&group.commits), Rc::clone(&group.heard));
        Self { name: group.name, dialect: group.ways.dialect(), commits, heard }
    }

    /// On the brokers nothing keeps a commit from landing when its partition is another's already, or when its connection is
    /// over and others were sent since: of whoever owns the partition at that moment, and knows of the commit, it must hold all
    /// the same.
    fn look_at_commit(
        &self,
        zookeeper: &ZooKeeperService,
        committed: &Committed,
        is_late: bool,
        violations: &Violations,
    ) {
        let Committed { client, group, member, epoch, topic, partition, before, offset } = committed;
        if !client.starts_with(self.name) {
            violations.add("keeps-to-its-group", format!("{client} commits for {group}"));
        }
        if (!member.is_empty() || *epoch >= 0) != self.dialect.is_none() {
            let what = format!("{client} commits as {member:?} in {epoch}");
            violations.add("keeps-to-its-group", what);
        }
        let Ok(node) = path::offset(group, topic, *partition) else { return };
        let place = TopicPartition::new(&**topic, *partition);
        let is_owner = self.is_owner(zookeeper, client, &place);
        let mut commits = self.commits.borrow_mut();
        let is_allowed = commits.sought.get(&node).is_some_and(|sought| sought <= offset);
        if before.is_some_and(|before| *offset < before) && is_owner && !is_late && !is_allowed {
            let what = format!("{topic}/{partition}: {offset} after {before:?}, by {client}");
            violations.add("commits-go-forward", what);
        }
        commits.first.entry(node).or_insert(*offset);
    }

    /// Where the group itself is on the brokers, they let nobody else commit.
    fn is_owner(&self, zookeeper: &ZooKeeperService, client: &str, place: &TopicPartition) -> bool {
        let Some(dialect) = self.dialect else { return true };
        let named = match dialect {
            Dialect::Samsa => format!("{client}:"),
            _ => format!("{}_{client}-", self.name),
        };
        let locks = zookeeper.look(|ensemble| locks(ensemble, self.name, dialect, place));
        locks.iter().any(|lock| lock.owner.starts_with(&named))
    }
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

/// Of which group each session is: the first for whose nodes it asks.
#[derive(Debug, Default)]
struct Visits(BTreeMap<i64, String>);

impl Visits {
    /// What is wrong with it that a session asks for this path.
    fn visit(&mut self, session: i64, path: &str) -> Option<String> {
        let group = group_of(path)?;
        let own = self.0.entry(session).or_insert_with(|| group.to_owned());
        (*own != group).then(|| format!("a session of the group {own} asks for {path}"))
    }
}

/// The group that a node is of.
fn group_of(path: &str) -> Option<&str> {
    path.strip_prefix("/consumers/")?.split('/').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_asks_for_the_nodes_of_two_groups_is_told_of() {
        let mut visits = Visits::default();
        assert_eq!(visits.visit(1, "/brokers/ids"), None);
        assert_eq!(visits.visit(1, "/consumers/one/ids"), None);
        assert_eq!(visits.visit(2, "/consumers/two/ids"), None);
        assert_eq!(visits.visit(1, "/consumers/one/owners/t/0"), None);
        assert!(visits.visit(1, "/consumers/two/owners/t/0").is_some_and(|what| what.contains("one")));
    }
}
