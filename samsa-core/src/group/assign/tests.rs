use super::*;

fn members(members: &[(&str, &[(&str, u16)])]) -> Members {
    let topics = |topics: &[(&str, u16)]| topics.iter().map(|(topic, n)| ((*topic).to_owned(), *n)).collect();
    members.iter().map(|(member, wanted)| ((*member).to_owned(), topics(wanted))).collect()
}

fn topics(topics: &[(&str, i32)]) -> Topics {
    topics.iter().map(|(topic, count)| ((*topic).to_owned(), (0..*count).collect())).collect()
}

fn share(assignor: Assignor, member: &str, members: &Members, topics: &Topics) -> Vec<(String, i32)> {
    assignor.share_of(member, members, topics).into_keys().collect()
}

fn numbers(assignor: Assignor, member: &str, members: &Members, topics: &Topics) -> Vec<i32> {
    share(assignor, member, members, topics).into_iter().map(|(_, partition)| partition).collect()
}

/// As recorded with 0.8.2.2: 4 partitions, a member with one stream, then one with two.
#[test]
fn range_gives_runs_of_neighbours_to_streams_in_the_order_of_their_names() {
    let group = members(&[("G_vm-1-9a9bbeee", &[("T", 1)]), ("G_vm-2-00000000", &[("T", 2)])]);
    let four = topics(&[("T", 4)]);
    assert_eq!(numbers(Assignor::Range, "G_vm-1-9a9bbeee", &group, &four), [0, 1]);
    assert_eq!(numbers(Assignor::Range, "G_vm-2-00000000", &group, &four), [2, 3]);
}

/// With the number of the stream that has each.
fn streams(assignor: Assignor, member: &str, members: &Members, topics: &Topics) -> Vec<(i32, u16)> {
    let share = assignor.share_of(member, members, topics);
    share.into_iter().map(|((_, partition), stream)| (partition, stream)).collect()
}

#[test]
fn each_partition_goes_to_one_stream_of_a_member_and_who_has_more_streams_has_more_of_them() {
    let group = members(&[("a", &[("T", 2)]), ("b", &[("T", 1)]), ("c", &[("T", 3)])]);
    let all = topics(&[("T", 13)]);
    let share = |member| streams(Assignor::Range, member, &group, &all);
    assert_eq!(share("a"), [(0, 0), (1, 0), (2, 0), (3, 1), (4, 1)]);
    assert_eq!(share("b"), [(5, 0), (6, 0)]);
    assert_eq!(share("c"), [(7, 0), (8, 0), (9, 1), (10, 1), (11, 2), (12, 2)]);
    let few = topics(&[("T", 2)]);
    assert_eq!(streams(Assignor::Range, "a", &group, &few), [(0, 0), (1, 1)]);
    assert!(streams(Assignor::Range, "c", &group, &few).is_empty());
}

/// The tenth stream comes before the second.
#[test]
fn range_cuts_the_partitions_in_the_order_of_the_threads_names() {
    let group = members(&[("a", &[("T", 11)]), ("b", &[("T", 1)])]);
    let all = topics(&[("T", 12)]);
    let share = streams(Assignor::Range, "a", &group, &all);
    assert_eq!(share[..4], [(0, 0), (1, 1), (2, 10), (3, 2)]);
    assert_eq!(streams(Assignor::Range, "b", &group, &all), [(11, 0)]);
}

/// As dealt to `a-0`, `a-1`, `b-0` in turn, in either order of the partitions.
#[test]
fn round_robin_deals_to_all_streams_in_turn() {
    let group = members(&[("a", &[("events", 2)]), ("b", &[("events", 1)])]);
    let eleven = topics(&[("events", 11)]);
    let share = |assignor, member| streams(assignor, member, &group, &eleven);
    let of_a = [(0, 0), (1, 1), (3, 0), (4, 1), (6, 0), (7, 1), (9, 0), (10, 1)];
    assert_eq!(share(Assignor::RoundRobin, "a"), of_a);
    assert_eq!(share(Assignor::RoundRobin, "b"), [(2, 0), (5, 0), (8, 0)]);
    let of_a = [(0, 1), (2, 0), (3, 1), (5, 0), (6, 1), (8, 0), (9, 1), (10, 0)];
    assert_eq!(share(Assignor::RoundRobinKafka1, "a"), of_a);
    assert_eq!(share(Assignor::RoundRobinKafka1, "b"), [(1, 0), (4, 0), (7, 0)]);
}

#[test]
fn range_gives_the_first_threads_one_more_where_it_does_not_come_out_even() {
    for (count, shares) in [
        (7, [&[0, 1, 2][..], &[3, 4], &[5, 6]]),
        (2, [&[0], &[1], &[]]),
        (3, [&[0], &[1], &[2]]),
        (0, [&[], &[], &[]]),
    ] {
        let group = members(&[("a", &[("T", 1)]), ("b", &[("T", 1)]), ("c", &[("T", 1)])]);
        for (member, share) in ["a", "b", "c"].into_iter().zip(shares) {
            assert_eq!(numbers(Assignor::Range, member, &group, &topics(&[("T", count)])), share, "{count}");
        }
    }
}

#[test]
fn threads_are_in_the_order_of_text() {
    let group = members(&[("a", &[("T", 11)]), ("b", &[("T", 1)])]);
    let names: Vec<String> = threads_of("T", &group).into_iter().map(|thread| thread.name).collect();
    assert_eq!(names[..4], ["a-0", "a-1", "a-10", "a-2"]);
}

#[test]
fn range_shares_each_topic_among_its_own_readers() {
    let group = members(&[("a", &[("T", 1), ("U", 1)]), ("b", &[("T", 1)])]);
    let place = |topic: &str, partition| (topic.to_owned(), partition);
    let both = topics(&[("T", 2), ("U", 2)]);
    let share = share(Assignor::Range, "a", &group, &both);
    assert_eq!(share, [place("T", 0), place("U", 0), place("U", 1)]);
}

/// The order of Java's hash codes: `[events,0]` and so on grow with the number, of `events-0` and so on 10 and 11 come first.
#[test]
fn round_robin_deals_in_the_order_of_the_release_that_it_follows() {
    let group = members(&[("a", &[("events", 1)]), ("b", &[("events", 1)])]);
    let eleven = topics(&[("events", 11)]);
    assert_eq!(numbers(Assignor::RoundRobin, "a", &group, &eleven), [0, 2, 4, 6, 8, 10]);
    assert_eq!(numbers(Assignor::RoundRobin, "b", &group, &eleven), [1, 3, 5, 7, 9]);
    assert_eq!(numbers(Assignor::RoundRobinKafka1, "a", &group, &eleven), [1, 3, 5, 7, 9, 10]);
    assert_eq!(numbers(Assignor::RoundRobinKafka1, "b", &group, &eleven), [0, 2, 4, 6, 8]);
}

#[test]
fn round_robin_passes_over_who_does_not_read_the_topic() {
    let group = members(&[("a", &[("audit", 1), ("events", 1)]), ("b", &[("events", 1)])]);
    let both = topics(&[("audit", 3), ("events", 4)]);
    let place = |topic: &str, partition| (topic.to_owned(), partition);
    let share_of = |member| share(Assignor::RoundRobin, member, &group, &both);
    let audit = (0..3).map(|partition| place("audit", partition));
    let expected: Vec<_> = audit.chain([place("events", 0), place("events", 2)]).collect();
    assert_eq!(share_of("a"), expected);
    assert_eq!(share_of("b"), [place("events", 1), place("events", 3)]);
}

#[test]
fn every_partition_goes_to_exactly_one_member_whoever_computes_it() {
    let group = members(&[
        ("a", &[("T", 2), ("U", 1)]),
        ("b", &[("T", 1)]),
        ("c", &[("U", 3)]),
        ("d", &[("T", 1), ("U", 1), ("V", 1)]),
    ]);
    let all = topics(&[("T", 13), ("U", 5), ("V", 1)]);
    for assignor in [Assignor::Range, Assignor::RoundRobin, Assignor::RoundRobinKafka1] {
        let mut shares: Vec<_> =
            group.keys().flat_map(|member| share(assignor, member, &group, &all)).collect();
        shares.sort();
        let places: Vec<_> = all
            .iter()
            .flat_map(|(topic, partitions)| {
                partitions.iter().map(move |partition| (topic.clone(), *partition))
            })
            .collect();
        assert_eq!(shares, places, "{assignor:?}");
    }
}

#[test]
fn a_topic_that_nobody_reads_goes_to_nobody() {
    let group = members(&[("a", &[("T", 1)])]);
    for assignor in [Assignor::Range, Assignor::RoundRobin] {
        assert!(share(assignor, "a", &group, &topics(&[("U", 2)])).is_empty());
        assert!(share(assignor, "b", &group, &topics(&[("T", 2)])).is_empty());
    }
}
