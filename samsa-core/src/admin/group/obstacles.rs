//! What is in the way of setting a group's offsets, for who plans it and for who does it.

use std::collections::BTreeSet;
use std::sync::Arc;

use samsa_proto::zookeeper::{Dialect, PartitionNode};

use super::error::GroupResetError;
use crate::planted::{PlantedBug, is_planted};

#[derive(Debug, Default)]
pub(super) struct Obstacles {
    /// Who is in the group, in ZooKeeper.
    pub(super) members: BTreeSet<String>,
    /// How many consumers the brokers coordinate under its name.
    pub(super) members_on_brokers: usize,
    /// A node with an offset of the topic that is [foreign](is_foreign).
    pub(super) foreign: Option<String>,
}

/// Whether a node with an offset is not named by its partition alone, as in Kafka 0.7: whoever keeps such nodes does not look
/// at those that are set from here.
pub(super) fn is_foreign(node: &str) -> bool {
    PartitionNode::from_name(node, Dialect::Scala).is_err()
}

impl Obstacles {
    /// Why offsets are not set. When some may be set already, those who are there have come in between.
    pub(super) fn refusal(
        &self,
        group: &Arc<str>,
        topic: &Arc<str>,
        has_begun: bool,
    ) -> Option<GroupResetError> {
        let group = Arc::clone(group);
        let on_brokers = self.members_on_brokers;
        let counts_those = on_brokers > 0 && !is_planted(PlantedBug::OverlooksMembersOnBrokers);
        if !self.members.is_empty() && !is_planted(PlantedBug::OverlooksMembersInZooKeeper) {
            let members = self.members.iter().cloned().collect();
            return Some(if has_begun {
                GroupResetError::Joined { group, members }
            } else {
                GroupResetError::HasMembers { group, members }
            });
        }
        if counts_those && has_begun {
            let members = vec![format!("{on_brokers} consumers that the brokers coordinate")];
            return Some(GroupResetError::Joined { group, members });
        }
        if counts_those {
            return Some(GroupResetError::HasMembersOnBrokers { group, members: on_brokers });
        }
        let topic = Arc::clone(topic);
        self.foreign.clone().map(|node| GroupResetError::OtherNodes { group, topic, node })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_partitions_number_alone_is_the_name_of_an_own_node() {
        assert!(["0", "11"].iter().all(|node| !is_foreign(node)));
        assert!(["1-0", "x", "", "+1", "4294967296"].iter().all(|node| is_foreign(node)));
    }

    #[test]
    fn who_is_there_once_something_may_be_set_has_joined() {
        let (group, topic) = (Arc::from("g"), Arc::from("t"));
        let in_zookeeper = Obstacles { members: BTreeSet::from(["a".to_owned()]), ..Obstacles::default() };
        let on_brokers = Obstacles { members_on_brokers: 2, ..Obstacles::default() };
        for (there, who) in [(&in_zookeeper, "a"), (&on_brokers, "2 consumers")] {
            let refusal = there.refusal(&group, &topic, true);
            assert!(
                matches!(&refusal, Some(GroupResetError::Joined { members, .. }) if members[0].starts_with(who)),
                "{refusal:?}"
            );
        }
        assert_eq!(Obstacles::default().refusal(&group, &topic, true), None);
    }
}
