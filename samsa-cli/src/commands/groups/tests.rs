//! What is printed.

mod shapes;

use std::collections::BTreeMap;

use samsa_client::TopicFilter;

use super::*;

#[test]
fn what_a_member_wants_is_told_in_words() {
    let topics = BTreeMap::from([("audit".to_owned(), 1), ("events".to_owned(), 2)]);
    assert_eq!(wants(&Subscription::Topics(topics)), "audit, events (2 streams)");
    let filter = || TopicFilter { regex: "e.*".to_owned(), streams: 1 };
    assert_eq!(wants(&Subscription::WhiteList(filter())), "like e.*");
    assert_eq!(wants(&Subscription::BlackList(filter())), "not like e.*");
}
