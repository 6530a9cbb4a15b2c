//! Nodes that are named by broker and partition.

use super::*;

#[test]
fn members_of_pykafka_lock_partitions_by_broker_in_a_folder_of_bytes() {
    let nodes = [("g/ids/vm:1", "events"), ("g/owners/b'events'/1-10", "vm:1")];
    let mut script = Script::with_nodes(&nodes);
    script.command(describe("g"));
    let description = described(script.plays()).unwrap();
    assert_eq!(description.members[0].dialect, Some(Dialect::Samsa));
    let [part] = &description.partitions[..] else { panic!("one partition") };
    assert_eq!((&*part.topic, part.broker, part.partition), ("events", None, 10));
    assert_eq!(part.owner.as_deref(), Some("vm:1"));
}

#[test]
fn a_lock_of_two_names_is_one_partition_unless_two_members_have_it() {
    for (other, expected) in
        [("vm:1", vec![(None, "vm:1")]), ("vm:2", vec![(Some(1), "vm:1"), (Some(2), "vm:2")])]
    {
        let nodes = [("g/owners/events/1-10", "vm:1"), ("g/owners/events/2-10", other)];
        let mut script = Script::with_nodes(&nodes);
        script.command(describe("g"));
        let description = described(script.plays()).unwrap();
        assert_eq!(description.dialect, Some(Dialect::Samsa));
        let rows = description.partitions.iter();
        let rows: Vec<_> =
            rows.map(|part| (part.broker, part.owner.as_deref().unwrap_or_default())).collect();
        assert_eq!(rows, expected);
        assert!(description.partitions.iter().all(|part| part.partition == 10));
    }
}

#[test]
fn in_kafka_0_7_the_broker_is_part_of_the_partition() {
    let nodes =
        [("g/owners/events/1-0", "g_a-0"), ("g/offsets/events/1-0", "7"), ("g/offsets/events/2-0", "9")];
    let mut script = Script::with_nodes(&nodes);
    script.command(describe("g"));
    let description = described(script.plays()).unwrap();
    assert_eq!(description.dialect, Some(Dialect::Scala07));
    let rows = description.partitions.iter();
    let rows: Vec<_> = rows.map(|part| (part.broker, part.owner.as_deref(), part.committed)).collect();
    assert_eq!(rows, [(Some(1), Some("g_a-0"), Some(7)), (Some(2), None, Some(9))]);
}

#[test]
fn what_a_group_of_0_7_has_left_is_nothing_of_one_that_has_members_of_another_dialect() {
    let nodes = [("g/ids/g_a", STATIC), ("g/offsets/events/0", "7"), ("g/offsets/events/1-0", "9")];
    let mut script = Script::with_nodes(&nodes);
    script.command(describe("g"));
    let description = described(script.plays()).unwrap();
    assert_eq!(description.dialect, Some(Dialect::Scala));
    let rows = description.partitions.iter().map(|part| (part.broker, part.partition, part.committed));
    assert_eq!(rows.collect::<Vec<_>>(), [(None, 0, Some(7))]);
}
