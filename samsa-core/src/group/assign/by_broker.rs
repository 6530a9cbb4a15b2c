//! As the Scala consumers of 0.7 deal: topic by topic, the partitions in the order of the text `B-P`, where `B` is the broker
//! that has it, `10-0` before `2-0`; cut into runs, as [`range`] does.

use std::collections::BTreeSet;

use super::{Members, Share, Topics, own, range};
use crate::broker_partition::BrokerPartition;
use crate::planted::{PlantedBug, is_planted};

/// What is this member's, of topics whose partitions are [numbered](BrokerPartition::number) by broker.
pub(crate) fn share_by_broker(member: &str, members: &Members, topics: &Topics) -> Share {
    own(range::deal(members, topics, in_order), member)
}

fn in_order(partitions: &BTreeSet<i32>) -> Vec<i32> {
    let mut partitions: Vec<i32> = partitions.iter().copied().collect();
    if !is_planted(PlantedBug::SortsByNumber) {
        partitions
            .sort_by_cached_key(|number| BrokerPartition::of_number(*number).map(|place| place.to_string()));
    }
    partitions
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::Place;
    use super::*;

    fn members(members: &[(&str, u16)]) -> Members {
        let reads = |streams| BTreeMap::from([("T".to_owned(), streams)]);
        members.iter().map(|(member, streams)| ((*member).to_owned(), reads(*streams))).collect()
    }

    /// Topic `T` on brokers that have so many partitions of it each.
    fn on(brokers: &[(i32, u16)]) -> Topics {
        let places = brokers.iter().flat_map(|(broker, count)| {
            (0..*count).map(|partition| BrokerPartition { broker: *broker, partition })
        });
        BTreeMap::from([("T".to_owned(), places.map(|place| place.number().unwrap()).collect())])
    }

    /// In the order of the text.
    fn share(member: &str, members: &Members, topics: &Topics) -> Vec<String> {
        let numbers: BTreeSet<i32> =
            share_by_broker(member, members, topics).into_keys().map(|(_, number)| number).collect();
        in_order(&numbers)
            .into_iter()
            .map(|number| BrokerPartition::of_number(number).unwrap().to_string())
            .collect()
    }

    /// As recorded with 0.7.2: brokers with two and three partitions, a member with one stream and one with two.
    #[test]
    fn two_members_with_three_streams_share_five_partitions_as_was_recorded() {
        let group = members(&[("g1_vm-1795408640231-5b702d7d", 1), ("g1_vm-1795408640911-663e082f", 2)]);
        let topics = on(&[(0, 2), (1, 3)]);
        assert_eq!(share("g1_vm-1795408640231-5b702d7d", &group, &topics), ["0-0", "0-1"]);
        assert_eq!(share("g1_vm-1795408640911-663e082f", &group, &topics), ["1-0", "1-1", "1-2"]);
    }

    /// As recorded with 0.7.2, too: brokers with four and three.
    #[test]
    fn two_members_with_three_streams_share_seven_partitions_as_was_recorded() {
        let group = members(&[("a", 1), ("b", 2)]);
        let topics = on(&[(0, 4), (1, 3)]);
        assert_eq!(share("a", &group, &topics), ["0-0", "0-1", "0-2"]);
        assert_eq!(share("b", &group, &topics), ["0-3", "1-0", "1-1", "1-2"]);
    }

    #[test]
    fn broker_ten_comes_before_broker_two_and_partition_ten_before_partition_two() {
        let group = members(&[("a", 1), ("b", 1)]);
        assert_eq!(share("a", &group, &on(&[(2, 1), (10, 1)])), ["10-0"]);
        assert_eq!(share("b", &group, &on(&[(2, 1), (10, 1)])), ["2-0"]);
        let eleven = on(&[(0, 11)]);
        assert_eq!(share("a", &group, &eleven), ["0-0", "0-1", "0-10", "0-2", "0-3", "0-4"]);
        assert_eq!(share("b", &group, &eleven), ["0-5", "0-6", "0-7", "0-8", "0-9"]);
    }

    #[test]
    fn the_dash_comes_before_the_digits() {
        let all = BTreeSet::from_iter(on(&[(1, 1), (10, 1), (100, 1), (2, 1)]).remove("T").unwrap());
        let order: Vec<String> = in_order(&all)
            .into_iter()
            .map(|number| BrokerPartition::of_number(number).unwrap().to_string())
            .collect();
        assert_eq!(order, ["1-0", "10-0", "100-0", "2-0"]);
    }

    #[test]
    fn every_partition_goes_to_exactly_one_member_whoever_computes_it() {
        let group = members(&[("m1", 1), ("m10", 11), ("m2", 2)]);
        let topics = on(&[(0, 3), (2, 12), (10, 2), (21_474, 1)]);
        let shares: Vec<Place> =
            group.keys().flat_map(|member| share_by_broker(member, &group, &topics).into_keys()).collect();
        let distinct: BTreeSet<&Place> = shares.iter().collect();
        assert_eq!((shares.len(), distinct.len()), (18, 18));
    }
}
