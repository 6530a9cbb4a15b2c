//! Who is to have what.

use super::*;

fn with_topics(topics: &[&str]) -> Member {
    Member { topics: topics.iter().map(|topic| (*topic).to_owned()).collect(), ..Default::default() }
}

fn members(all: &[(&str, &[&str])]) -> BTreeMap<String, Member> {
    all.iter().map(|(id, topics)| ((*id).to_owned(), with_topics(topics))).collect()
}

/// Topics by the first byte of their ids.
fn topics(all: &[(&str, u8, i32)]) -> Topics {
    all.iter().map(|(name, id, count)| ((*name).to_owned(), (Uuid([*id; 16]), *count))).collect()
}

type Shares = Vec<Vec<(u8, i32)>>;

fn shares(target: &BTreeMap<String, BTreeSet<Part>>) -> Shares {
    target.values().map(|parts| parts.iter().map(|(topic, number)| (topic.0[0], *number)).collect()).collect()
}

#[test]
fn range_gives_consecutive_partitions_of_each_topic_to_its_subscribers() {
    let members = members(&[("a", &["x", "y"]), ("b", &["x"]), ("c", &["x", "y"])]);
    let target = assign::assign("range", &members, &topics(&[("x", 1, 5), ("y", 2, 1)]), &BTreeMap::new());
    let expected: Shares = vec![vec![(1, 0), (1, 1), (2, 0)], vec![(1, 2), (1, 3)], vec![(1, 4)]];
    assert_eq!(shares(&target), expected);
}

#[test]
fn uniform_gives_all_about_as_much_and_leaves_what_it_can() {
    let topics = topics(&[("x", 1, 5), ("y", 2, 2)]);
    let two = members(&[("a", &["x", "y"]), ("b", &["x", "y"])]);
    let before = assign::assign("uniform", &two, &topics, &BTreeMap::new());
    assert_eq!(before.values().map(BTreeSet::len).collect::<Vec<_>>(), [4, 3]);
    let three = members(&[("a", &["x", "y"]), ("b", &["x", "y"]), ("c", &["x", "y"])]);
    let after = assign::assign("uniform", &three, &topics, &before);
    assert_eq!(after.values().map(BTreeSet::len).collect::<BTreeSet<_>>(), BTreeSet::from([2, 3]));
    assert!(after["a"].is_subset(&before["a"]) && after["b"].is_subset(&before["b"]));
    let all: BTreeSet<Part> = after.values().flatten().copied().collect();
    assert_eq!(all.len(), 7);
}

#[test]
fn uniform_gives_nobody_a_topic_to_which_it_does_not_subscribe() {
    let members = members(&[("a", &["x"]), ("b", &["x", "y"]), ("c", &[])]);
    let topics = topics(&[("x", 1, 3), ("y", 2, 3)]);
    let target = assign::assign("uniform", &members, &topics, &BTreeMap::new());
    let expected: Shares = vec![vec![(1, 0), (1, 1), (1, 2)], vec![(2, 0), (2, 1), (2, 2)], vec![]];
    assert_eq!(shares(&target), expected);
}

#[test]
fn most_members_choose_the_assignor_and_without_a_choice_it_is_uniform() {
    let with = |assignors: &[Option<&str>]| {
        let all = (0..).zip(assignors).map(|(number, assignor): (i32, _)| {
            (number.to_string(), Member { assignor: assignor.map(str::to_owned), ..Default::default() })
        });
        assign::preferred(&all.collect())
    };
    assert_eq!(with(&[None, None]), "uniform");
    assert_eq!(with(&[Some("range"), None, None]), "range");
    assert_eq!(with(&[Some("range"), Some("uniform"), Some("uniform")]), "uniform");
    assert_eq!(with(&[Some("range"), Some("range"), Some("uniform")]), "range");
}

#[test]
fn a_partition_that_is_added_is_seen_with_the_next_heartbeat() {
    let mut script = Script::with_two_members(1);
    assert!(script.cluster.upset(script.now, crate::faults::Fault::PartitionAdded));
    script.pass(1_000);
    assert_eq!(script.beat(1, "a", 2), Ok((3, Some(vec![0, 1, 4]))));
    assert_eq!(script.beat(2, "b", 2), Ok((3, None)));
}

#[test]
fn a_member_that_subscribes_to_something_else_gets_that() {
    let mut script = Script::with_two_members(1);
    script.cluster.fill(script.now, "audit", &vec![Vec::new(); 1]);
    let request =
        ConsumerGroupHeartbeatRequest { subscribed_topic_names: Some(vec!["audit"]), ..beating("b", 2) };
    assert_eq!(script.say(2, &request), Ok((2, Some(vec![]))));
    let gone = ConsumerGroupHeartbeatRequest { topic_partitions: Some(Vec::new()), ..beating("b", 2) };
    assert_eq!(script.say(2, &gone), Ok((3, Some(vec![0]))));
    assert_eq!(script.beat(1, "a", 2), Ok((3, Some(vec![0, 1, 2, 3]))));
}
