//! The cluster as it has registered itself, by the age that a group's dialect is for: one topic, `t`.

use samsa_core::BrokerPartition;
use samsa_core::model::Dialect;
use samsa_sim::model::ZooKeeper;

use crate::bound::Bound;

const TOPIC: &str = "/brokers/topics/t";

/// Which have the partitions of 0.7 in turn. The first comes first as text alone.
const BROKERS_OF_0_7: [i32; 2] = [10, 2];

/// An ensemble with the topic, and its brokers where members ask for those.
pub(crate) fn ensemble(bound: &Bound) -> ZooKeeper {
    let nodes = if bound.dialect == Dialect::Scala07 { of_0_7(bound) } else { vec![of_0_8(bound)] };
    let nodes: Vec<(&str, &str)> = nodes.iter().map(|(path, data)| (&**path, &**data)).collect();
    ZooKeeper::with_nodes(&nodes)
}

fn of_0_8(bound: &Bound) -> (String, String) {
    let partitions: Vec<String> = (0..bound.partitions).map(|number| format!("\"{number}\":[1]")).collect();
    (TOPIC.to_owned(), format!("{{\"version\":1,\"partitions\":{{{}}}}}", partitions.join(",")))
}

fn of_0_7(bound: &Bound) -> Vec<(String, String)> {
    let registration = |broker: &i32| (format!("/brokers/ids/{broker}"), format!("c-1:k{broker}:9092"));
    let mut nodes: Vec<(String, String)> = BROKERS_OF_0_7.iter().map(registration).collect();
    nodes.push((TOPIC.to_owned(), String::new()));
    let count = |place| (bound.partitions + 1 - place) / BROKERS_OF_0_7.len();
    let counts = BROKERS_OF_0_7.iter().enumerate().filter(|(place, _)| count(*place) > 0);
    nodes.extend(counts.map(|(place, broker)| (format!("{TOPIC}/{broker}"), count(place).to_string())));
    nodes
}

/// The owner node of a partition.
pub(crate) fn owner(dialect: Dialect, partition: i32) -> String {
    let of_0_7 = BrokerPartition::of_number(partition).filter(|_| dialect == Dialect::Scala07);
    let name = of_0_7.map_or_else(|| partition.to_string(), |place| place.to_string());
    format!("/consumers/g/owners/t/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brokers_of_0_7_have_the_partitions_in_turn() {
        for (partitions, on_10, on_2) in
            [(1, Some("1"), None), (2, Some("1"), Some("1")), (3, Some("2"), Some("1"))]
        {
            let zookeeper = ensemble(&Bound { partitions, dialect: Dialect::Scala07, ..Bound::CALM });
            for (broker, count) in [(10, on_10), (2, on_2)] {
                let data = zookeeper.look(&format!("{TOPIC}/{broker}")).map(|(data, _)| data);
                assert_eq!(data, count.map(str::as_bytes), "{partitions} partitions, broker {broker}");
            }
        }
    }

    #[test]
    fn an_owner_node_is_named_as_the_dialect_has_it() {
        assert_eq!(owner(Dialect::Scala, 3), "/consumers/g/owners/t/3");
        assert_eq!(owner(Dialect::Scala07, 1_000_003), "/consumers/g/owners/t/10-3");
    }
}
