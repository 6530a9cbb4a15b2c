//! Which groups there are.
//!
//! | stage      | all answered                              | then       | asks                                     |
//! |------------|-------------------------------------------|------------|------------------------------------------|
//! | Nodes      | brokers keep no offsets of groups         | -          | (the groups that are in ZooKeeper)       |
//! | Nodes      | they do                                   | Brokers    | each broker, which groups it coordinates |
//! | Brokers    | whatever they say                         | -          | (all of them, and who has not told)      |
//!
//! Without ZooKeeper it begins with the brokers.

use std::collections::BTreeMap;

use samsa_proto::zookeeper::path;

use super::listed::{GroupHome, GroupList, ListedGroup};
use super::next::Next;
use super::survey::Surveyed;
use crate::command::Reply;
use crate::group::on_brokers;
use crate::zookeeper::{ZkAnswer, ZkError, ZkOp};

const IDS: &str = "/ids";

#[derive(Debug)]
pub(super) struct Listing {
    /// Whether the cluster was found there.
    in_zookeeper: bool,
    keeps_on_brokers: bool,
    members: BTreeMap<String, usize>,
    surveyed: Option<Surveyed>,
}

impl Listing {
    pub(super) fn new(in_zookeeper: bool) -> Self {
        Self { in_zookeeper, keeps_on_brokers: !in_zookeeper, members: BTreeMap::new(), surveyed: None }
    }

    pub(super) fn begin(&mut self) -> Vec<ZkOp> {
        *self = Self::new(self.in_zookeeper);
        if !self.in_zookeeper {
            return Vec::new();
        }
        let path = || path::CONSUMERS.to_owned();
        let children = ZkOp::Children { path: path(), watch: false };
        vec![ZkOp::Sync { path: path() }, on_brokers::look(), children]
    }

    pub(super) fn answered(&mut self, op: &ZkOp, result: Result<ZkAnswer, ZkError>) -> Vec<ZkOp> {
        if let Some(keeps) = on_brokers::seen(op, &result) {
            self.keeps_on_brokers = keeps;
            return Vec::new();
        }
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

    pub(super) fn surveyed(&mut self, surveyed: Surveyed) {
        self.surveyed = Some(surveyed);
    }

    pub(super) fn ended(&mut self) -> Next {
        if self.keeps_on_brokers && self.surveyed.is_none() {
            return Next::Survey;
        }
        let Surveyed { groups, untold, failure } = self.surveyed.take().unwrap_or_default();
        if !self.in_zookeeper
            && let Some(error) = failure
        {
            return Next::Done(Reply::Groups(Err(error)));
        }
        let listed = std::mem::take(&mut self.members).into_iter();
        let listed = listed
            .map(|(name, members)| ListedGroup { name: name.into(), home: GroupHome::ZooKeeper { members } });
        let mut groups: Vec<_> = listed.chain(groups).collect();
        groups.sort_by(|one, other| one.name.cmp(&other.name));
        Next::Done(Reply::Groups(Ok(GroupList { groups, untold })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_both_places_is_listed_as_in_either_first_as_in_zookeeper() {
        let mut listing = Listing::new(true);
        listing.begin();
        let there = ZkAnswer::Stat(Some(crate::zookeeper::ZkStat::default()));
        listing.answered(&on_brokers::look(), Ok(there));
        let children = ZkOp::Children { path: path::CONSUMERS.to_owned(), watch: false };
        listing.answered(&children, Ok(ZkAnswer::Children(vec!["c".to_owned(), "b".to_owned()])));
        assert!(matches!(listing.ended(), Next::Survey));

        let home = || GroupHome::Brokers { kind: None, state: None };
        let groups = ["a", "b"].map(|name| ListedGroup { name: name.into(), home: home() }).to_vec();
        listing.surveyed(Surveyed { groups, ..Surveyed::default() });
        let Next::Done(Reply::Groups(Ok(list))) = listing.ended() else { panic!("a list") };
        let told: Vec<_> = list.groups.iter().map(|group| (&*group.name, group.home == home())).collect();
        assert_eq!(told, [("a", true), ("b", false), ("b", true), ("c", false)]);
    }
}
