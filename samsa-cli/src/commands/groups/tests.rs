//! What is printed.

mod shapes;

use std::collections::BTreeMap;

use samsa_client::{GroupPartition, TopicFilter};

use super::*;

/// A group in which there is nothing but these partitions.
pub(super) fn described(partitions: Vec<GroupPartition>) -> GroupDescription {
    let (members, foreign_nodes, faults) = (Vec::new(), BTreeMap::new(), Vec::new());
    let (dialect, members_on_brokers, coordinated) = (None, Ok(0), None);
    GroupDescription { dialect, members, members_on_brokers, coordinated, partitions, foreign_nodes, faults }
}

#[test]
fn what_a_member_wants_is_told_in_words() {
    let topics = BTreeMap::from([("audit".to_owned(), 1), ("events".to_owned(), 2)]);
    assert_eq!(wants(&Subscription::Topics(topics)), "audit, events (2 streams)");
    let filter = || TopicFilter { regex: "e.*".to_owned(), streams: 1 };
    assert_eq!(wants(&Subscription::WhiteList(filter())), "like e.*");
    assert_eq!(wants(&Subscription::BlackList(filter())), "not like e.*");
}
