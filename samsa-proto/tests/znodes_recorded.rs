//! What real brokers and consumers left in ZooKeeper, recorded: see `data/README.md`.

use samsa_proto::zookeeper::{
    BrokerRegistration, BrokerRegistrationVersion, ClusterId, ConsumerRegistration, Controller,
    ControllerEpoch, ControllerVersion, Dialect, Kafka07Broker, Owner, PartitionCount, PartitionNode,
    PartitionState, Subscription, TopicRegistration, TopicVersion, path, read_offset, write_offset,
};

/// The tree of a 0.7.2 cluster: path and data, `None` for null.
fn tree_of_0_7() -> Vec<(&'static str, Option<&'static str>)> {
    let lines = include_str!("data/kafka07/znodes.txt").lines().filter(|line| line.starts_with('/'));
    let nodes = lines.map(|line| {
        let (path, data) = line.split_once(' ').expect("path and data");
        let data = data.trim_end().trim_end_matches(" EPH");
        (path, data.strip_prefix("b'").and_then(|data| data.strip_suffix('\'')))
    });
    nodes.collect()
}

/// Reads a node by its path, writes it again, and says what it was.
fn read_and_written(path: &str, data: &[u8], dialect: Dialect) -> (&'static str, Vec<u8>) {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match parts[..] {
        ["brokers", "ids", _] => ("broker", Kafka07Broker::from_bytes(data).expect(path).to_bytes()),
        ["brokers", "topics", _, _] => ("count", PartitionCount::from_bytes(data).expect(path).to_bytes()),
        ["consumers", _, "ids", _] => {
            assert_eq!(Dialect::of_registration(data), Some(dialect), "{path}");
            let registration = ConsumerRegistration::from_bytes(data, dialect).expect(path);
            ("registration", registration.to_bytes(dialect).expect("a form in its own dialect"))
        }
        ["consumers", group, "owners", folder, name] => {
            let node = PartitionNode::from_name(name, dialect).expect(path);
            assert_eq!(path::owner(group, folder, node).as_deref(), Ok(path));
            ("owner", Owner::from_bytes(data, dialect).expect(path).to_bytes())
        }
        ["consumers", group, "offsets", topic, name] => {
            let node = PartitionNode::from_name(name, dialect).expect(path);
            assert_eq!(path::offset(group, topic, node).as_deref(), Ok(path));
            match read_offset(data).expect(path) {
                Some(offset) => ("offset", write_offset(offset.unsigned_abs())),
                None => ("no offset", data.to_vec()),
            }
        }
        _ => panic!("{path} holds data"),
    }
}

#[test]
fn every_node_of_a_0_7_cluster_reads_and_writes_the_same_bytes() {
    let mut kinds = Vec::new();
    for (path, data) in tree_of_0_7() {
        if let Some(data) = data {
            let (kind, written) = read_and_written(path, data.as_bytes(), Dialect::Scala07);
            assert_eq!(written, data.as_bytes(), "{path}");
            kinds.push(kind);
        }
    }
    let count = |kind| kinds.iter().filter(|seen| **seen == kind).count();
    let kinds = ["broker", "count", "registration", "owner", "offset", "no offset"];
    assert_eq!(kinds.map(count), [2, 9, 3, 23, 21, 2]);
}

#[test]
fn every_node_of_later_groups_reads_and_writes_the_same_bytes() {
    let lines = include_str!("data/zookeeper/groups.txt").lines().filter(|line| !line.starts_with('#'));
    for line in lines {
        let [dialect, client, path, data] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let dialect = match dialect {
            "Scala" => Dialect::Scala,
            "Samsa" => Dialect::Samsa,
            "Scala07" => Dialect::Scala07,
            other => panic!("{other}"),
        };
        let (_, written) = read_and_written(path, data.as_bytes(), dialect);
        assert_eq!(String::from_utf8_lossy(&written), data, "{client}");
    }
}

#[test]
fn the_expression_of_a_1_1_1_consumer_is_told_as_it_was_meant() {
    let lines = include_str!("data/zookeeper/groups.txt").lines();
    let data =
        lines.filter(|line| line.contains("white_list")).filter_map(|line| line.split('\t').next_back());
    let meant: Vec<_> = data
        .map(|data| {
            let registration = ConsumerRegistration::from_bytes(data.as_bytes(), Dialect::Scala);
            match registration.expect(data).subscription {
                Subscription::WhiteList(filter) => (filter.escaped_twice(), filter.regex),
                other => panic!("{other:?}"),
            }
        })
        .collect();
    let once = (None, r"wlN\d".to_owned());
    let twice = (Some(r"wlN\d".to_owned()), r"wlN\\d".to_owned());
    assert_eq!(meant, [once, twice]);
}

/// Reads a node of a broker and writes it as a broker of that version does.
fn written_by_broker(kafka: &str, path: &str, data: &[u8]) -> Vec<u8> {
    let (broker, topic, controller) = match kafka {
        "0.8.2.2" => (BrokerRegistrationVersion::V1, TopicVersion::V1, ControllerVersion::V1),
        "0.9.0.1" => (BrokerRegistrationVersion::V2, TopicVersion::V1, ControllerVersion::V1),
        "0.10.1.1" => (BrokerRegistrationVersion::V3, TopicVersion::V1, ControllerVersion::V1),
        "1.1.1" => (BrokerRegistrationVersion::V4, TopicVersion::V1, ControllerVersion::V1),
        "2.5.1" => (BrokerRegistrationVersion::V4, TopicVersion::V2, ControllerVersion::V1),
        "2.8.2" => (BrokerRegistrationVersion::V5, TopicVersion::V3, ControllerVersion::V1),
        "3.9.2" => (BrokerRegistrationVersion::V5, TopicVersion::V3, ControllerVersion::V2),
        other => panic!("{other}"),
    };
    match path {
        "/brokers/ids/0" => BrokerRegistration::from_bytes(data).expect(path).to_bytes(broker),
        "/brokers/topics/T" => TopicRegistration::from_bytes(data).expect(path).to_bytes(topic),
        "/brokers/topics/T/partitions/0/state" => PartitionState::from_bytes(data).expect(path).to_bytes(),
        path::CONTROLLER => Controller::from_bytes(data).expect(path).to_bytes(controller),
        path::CONTROLLER_EPOCH => ControllerEpoch::from_bytes(data).expect(path).to_bytes(),
        path::CLUSTER_ID => ClusterId::from_bytes(data).expect(path).to_bytes(),
        other => panic!("{other}"),
    }
}

fn nodes_of_brokers() -> impl Iterator<Item = [&'static str; 3]> {
    let lines = include_str!("data/zookeeper/brokers.txt").lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split('\t').collect::<Vec<_>>().try_into().expect("three fields"))
}

#[test]
fn what_brokers_of_every_age_wrote_is_written_with_the_same_content() {
    let json = |data: &[u8]| serde_json::from_slice::<serde_json::Value>(data).expect("JSON");
    for [kafka, path, data] in nodes_of_brokers() {
        let written = written_by_broker(kafka, path, data.as_bytes());
        assert_eq!(json(&written), json(data.as_bytes()), "{kafka} {path}");
    }
}

/// Scala 2.13 orders its maps otherwise, and no Scala orders the partitions of a topic by number.
#[test]
fn what_brokers_to_2_8_wrote_is_written_with_the_same_bytes_but_for_the_order_of_partitions() {
    for [kafka, path, data] in nodes_of_brokers().filter(|[kafka, ..]| *kafka != "3.9.2") {
        let written = written_by_broker(kafka, path, data.as_bytes());
        let data = data.replace(r#"{"1":[0],"0":[0]}"#, r#"{"0":[0],"1":[0]}"#);
        assert_eq!(String::from_utf8_lossy(&written), data, "{kafka} {path}");
    }
}

#[test]
fn the_endpoints_of_real_brokers_are_found() {
    let registrations = nodes_of_brokers().filter(|[_, path, _]| *path == "/brokers/ids/0");
    let found: Vec<_> = registrations
        .map(|[kafka, _, data]| {
            let broker = BrokerRegistration::from_bytes(data.as_bytes()).expect(kafka);
            let endpoints: Vec<_> = broker.endpoints.iter().map(ToString::to_string).collect();
            (kafka, endpoints.join(" "), broker.rack)
        })
        .collect();
    let rack = || Some("r1".to_owned());
    let expected = [
        ("0.8.2.2", "PLAINTEXT://127.0.0.1:29092", None),
        ("0.9.0.1", "PLAINTEXT://127.0.0.1:29093", None),
        ("0.10.1.1", "PLAINTEXT://127.0.0.1:29094", rack()),
        ("1.1.1", "INSIDE://127.0.0.1:29095 OUTSIDE://127.0.0.1:29195", rack()),
        ("2.5.1", "PLAINTEXT://127.0.0.1:29096", None),
        ("2.8.2", "PLAINTEXT://127.0.0.1:29097 EXTRA://[::1]:29197", rack()),
        ("3.9.2", "PLAINTEXT://127.0.0.1:29098", rack()),
    ];
    assert_eq!(found, expected.map(|(kafka, endpoints, rack)| (kafka, endpoints.to_owned(), rack)));
}
