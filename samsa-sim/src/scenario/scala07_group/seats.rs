//! The members of ours, and what must hold of them at every moment.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use samsa_core::model::GroupMember;
use samsa_core::{BrokerPartition, Clock as _, SessionId};
use samsa_proto::zookeeper::path;

use super::{GROUP, Group, TOPIC};
use crate::clock::MachineClock;
use crate::violations::Violations;
use crate::zookeeper::{Ensemble, wrong_with};

/// A member, and the clocks of its machine.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) member: GroupMember,
    pub(super) machine: Arc<MachineClock>,
}

impl Seat {
    /// The numbers of the partitions of which it may hand out messages now.
    pub(super) fn hands_out(&self) -> Vec<i32> {
        self.member.hands_out(self.machine.now())
    }
}

#[derive(Debug, Default)]
pub(super) struct Seats {
    pub(super) members: RefCell<BTreeMap<u16, Seat>>,
    /// What ZooKeeper calls their sessions.
    pub(super) sessions: RefCell<BTreeMap<SessionId, i64>>,
}

impl Seats {
    /// Which member may hand out messages of a partition now.
    pub(super) fn reads(&self, node: &str) -> Option<u16> {
        let members = self.members.borrow();
        let reads = |seat: &Seat| seat.hands_out().into_iter().any(|number| name_of(number) == node);
        members.iter().find(|(_, seat)| reads(seat)).map(|(number, _)| *number)
    }

    /// Looks at who may hand out what.
    pub(super) fn look(&self, ensemble: &Ensemble, violations: &Violations) {
        let members = self.members.borrow();
        violations.checked(members.len());
        for (number, seat) in &*members {
            let member = &seat.member;
            let own = member.session().and_then(|session| self.sessions.borrow().get(&session).copied());
            for partition in seat.hands_out() {
                let node = name_of(partition);
                let lock = path::owner(GROUP, TOPIC, &node).unwrap_or_default();
                let owner = ensemble.look(&lock).map(|(_, stat)| stat.ephemeral_owner);
                if owner.is_none() || owner != own {
                    let what = format!("m{number}, in session {own:?}, hands out {node} of {owner:?}");
                    violations.add("owner-hands-out", what);
                }
                if !member.assignment().contains(&partition) {
                    violations.add("hands-out-what-it-has", format!("m{number} has no {node}"));
                }
            }
        }
    }

    /// Something of a member, if it is there.
    pub(super) fn of<T>(&self, number: u16, what: impl FnOnce(&Seat) -> T) -> Option<T> {
        self.members.borrow().get(&number).map(what)
    }

    fn ours(&self) -> BTreeSet<i64> {
        self.sessions.borrow().values().copied().collect()
    }
}

/// Has each operation looked at before it is performed.
pub(super) fn audit(group: &Group) {
    // Not the world, which has the servers that have this.
    let (seats, violations) = (Rc::clone(&group.seats), group.world.violations().clone());
    group.world.zookeeper_service().audit(move |ensemble, session, op| {
        if let Some((invariant, what)) =
            wrong_with(ensemble, session, op).filter(|_| seats.ours().contains(&session))
        {
            violations.add(invariant, what);
        }
    });
}

fn name_of(number: i32) -> String {
    BrokerPartition::of_number(number).map_or_else(|| number.to_string(), |place| place.to_string())
}
