//! What must hold at every moment.
//!
//! | rule                    | what must hold                                                                      |
//! |-------------------------|-------------------------------------------------------------------------------------|
//! | `one-hands-out`         | at most one member may hand out messages of a partition                             |
//! | `owner-hands-out`       | who may hand out messages holds the partition's lock, in a session that is alive    |
//! | `hands-out-what-it-has` | it is told to have the partition                                                    |
//! | `commits-go-forward`    | a committed offset is never moved back                                              |
//! | `commits-by-owner`      | an offset is committed only in the session that holds the partition's lock          |
//! | `deletes-its-own`       | an owner node is deleted only by the session that made it                           |
//! | `no-empty-offsets`      | no offset node is made without an offset                                            |
//! | `asks-in-its-session`   | nothing is asked in a session that was given up: no commit after partitions are lost |
//! | `looks-ahead`           | after a tick the next deadline lies in the future                                   |
//! | `settles`               | when nothing goes wrong any more, each partition soon has one owner that lives      |
//!
//! The rules of operations on nodes are those that the simulator's scenario `consumer-group` looks at.

use std::collections::BTreeMap;

use crate::cluster;
use crate::state::State;

impl State {
    /// What has gone wrong by now.
    pub(crate) fn wrong(&self) -> Option<String> {
        self.wrong.clone()
    }

    /// Looks at who may hand out what.
    pub(crate) fn look(&mut self) {
        let complaint = self.who_hands_out().err();
        if let Some((rule, how)) = complaint {
            self.complain(rule, how);
        }
    }

    /// Which member may hand out messages of a partition.
    pub(crate) fn who_hands_out(&self) -> Result<BTreeMap<i32, usize>, (&'static str, String)> {
        let mut active = BTreeMap::new();
        for (number, member) in self.members() {
            for partition in member.hands_out(self.both()) {
                if let Some(other) = active.insert(partition, number) {
                    return Err(("one-hands-out", format!("m{other} and m{number} hand out {partition}")));
                }
                if !member.assignment().contains(&partition) {
                    return Err(("hands-out-what-it-has", format!("m{number} has no {partition}")));
                }
                let own = member.session().and_then(|session| self.line(session)?.id);
                let owner = self.owner(partition);
                if owner.is_none() || own != owner {
                    let how = format!("m{number}, in session {own:?}, hands out {partition} of {owner:?}");
                    return Err(("owner-hands-out", how));
                }
            }
        }
        Ok(active)
    }

    /// Which session holds the lock of a partition.
    fn owner(&self, partition: i32) -> Option<i64> {
        let (_, stat) = self.zookeeper.look(&cluster::owner(self.left.dialect, partition))?;
        Some(stat.ephemeral_owner)
    }

    /// Whether each partition has its owner and nothing is under way.
    pub(crate) fn is_settled(&self) -> bool {
        let mut members = self.members().peekable();
        let nobody = members.peek().is_none();
        let is_calm = members.all(|(_, member)| member.is_calm() && !self.is_late(member));
        is_calm
            && self.lines.iter().all(|line| line.is_used() && line.is_idle())
            && (nobody || self.who_hands_out().is_ok_and(|active| active.len() == self.left.partitions))
    }
}
