//! Znodes made of random values, of random bytes, and cut anywhere.

use std::collections::BTreeMap;
use std::fmt::Debug;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use samsa_proto::wire::Uuid;
use samsa_proto::zookeeper::{
    BrokerRegistration, BrokerRegistrationVersion, ClusterId, ConnectString, ConsumerRegistration,
    Controller, ControllerEpoch, ControllerVersion, Dialect, Endpoint, Kafka07Broker, Owner, PartitionCount,
    PartitionNode, PartitionReplicas, PartitionState, SecurityProtocol, Subscription, SupportedVersions,
    TopicFilter, TopicRegistration, TopicVersion, read_offset, write_offset,
};

fn endpoint() -> impl Strategy<Value = Endpoint> {
    let protocol = prop_oneof![
        Just(SecurityProtocol::Plaintext),
        Just(SecurityProtocol::Ssl),
        Just(SecurityProtocol::SaslPlaintext),
        Just(SecurityProtocol::SaslSsl),
        Just(SecurityProtocol::Other("QUIC".to_owned())),
    ];
    let host = prop::option::of(prop_oneof!["[a-z0-9._-]{1,20}", "[0-9a-f]{1,4}(:[0-9a-f]{0,4}){2,7}"]);
    (protocol, host, any::<u16>()).prop_map(|(security_protocol, host, port)| Endpoint {
        listener: String::new(),
        security_protocol,
        host,
        port,
    })
}

fn broker() -> impl Strategy<Value = BrokerRegistration> {
    let endpoints = btree_map("[A-Z][A-Z0-9_]{0,9}", endpoint(), 0..5);
    let version = any::<(i16, i16)>().prop_map(|(min, max)| SupportedVersions { min, max });
    let features = btree_map(any::<String>(), version, 0..3);
    (endpoints, any::<Option<String>>(), any::<i32>(), any::<i64>(), features).prop_map(
        |(endpoints, rack, jmx_port, timestamp, features)| BrokerRegistration {
            endpoints: endpoints
                .into_iter()
                .map(|(listener, endpoint)| Endpoint { listener, ..endpoint })
                .collect(),
            rack,
            jmx_port,
            timestamp,
            features,
        },
    )
}

fn topic() -> impl Strategy<Value = TopicRegistration> {
    let ids = || vec(any::<i32>(), 0..4);
    let partition = (ids(), ids(), ids()).prop_map(|(replicas, adding, removing)| PartitionReplicas {
        replicas,
        adding,
        removing,
    });
    (any::<Option<[u8; 16]>>(), btree_map(0..=i32::MAX, partition, 0..5))
        .prop_map(|(id, partitions)| TopicRegistration { id: id.map(Uuid), partitions })
}

fn state() -> impl Strategy<Value = PartitionState> {
    let leader = prop::option::of(0..=i32::MAX);
    (leader, any::<i32>(), vec(any::<i32>(), 0..4), any::<i32>(), any::<bool>()).prop_map(
        |(leader, leader_epoch, isr, controller_epoch, recovering)| PartitionState {
            leader,
            leader_epoch,
            isr,
            controller_epoch,
            recovering,
        },
    )
}

fn filter() -> impl Strategy<Value = TopicFilter> {
    (any::<String>(), 1..=u16::MAX).prop_map(|(regex, streams)| TopicFilter { regex, streams })
}

/// A subscription that a Scala consumer of either age can register.
fn registration() -> impl Strategy<Value = ConsumerRegistration> {
    let subscription = prop_oneof![
        btree_map("[a-zA-Z0-9._é -]{1,20}", 1..=u16::MAX, 0..5).prop_map(Subscription::Topics),
        filter().prop_map(Subscription::WhiteList),
        filter().prop_map(Subscription::BlackList),
    ];
    (subscription, any::<i64>())
        .prop_map(|(subscription, timestamp)| ConsumerRegistration { subscription, timestamp })
}

proptest! {
    #[test]
    fn a_broker_of_version_5_reads_back_whole(broker in broker()) {
        let written = broker.to_bytes(BrokerRegistrationVersion::V5);
        prop_assert_eq!(BrokerRegistration::from_bytes(&written), Ok(broker));
    }

    #[test]
    fn every_version_of_a_broker_reads_back_as_what_it_can_say(broker in broker()) {
        use BrokerRegistrationVersion::{V1, V2, V3, V4};
        for version in [V1, V2, V3, V4] {
            let written = broker.to_bytes(version);
            let read = BrokerRegistration::from_bytes(&written);
            prop_assert_eq!(read.map(|read| read.to_bytes(version)), Ok(written));
        }
    }

    #[test]
    fn a_topic_of_version_3_reads_back_whole(topic in topic()) {
        prop_assert_eq!(TopicRegistration::from_bytes(&topic.to_bytes(TopicVersion::V3)), Ok(topic));
    }

    #[test]
    fn a_partition_state_reads_back_whole(state in state()) {
        prop_assert_eq!(PartitionState::from_bytes(&state.to_bytes()), Ok(state));
    }

    #[test]
    fn a_controller_reads_back_whole(broker: i32, timestamp: i64, kraft_epoch: i32) {
        let controller = Controller { broker, timestamp, kraft_epoch };
        prop_assert_eq!(Controller::from_bytes(&controller.to_bytes(ControllerVersion::V2)), Ok(controller));
        prop_assert_eq!(ControllerEpoch::from_bytes(&ControllerEpoch(broker).to_bytes()), Ok(ControllerEpoch(broker)));
    }

    #[test]
    fn a_cluster_id_reads_back_whole(id: String) {
        let id = ClusterId(id);
        prop_assert_eq!(ClusterId::from_bytes(&id.to_bytes()), Ok(id));
    }

    #[test]
    fn a_scala_registration_reads_back_whole(registration in registration()) {
        let written = registration.to_bytes(Dialect::Scala).expect("every subscription has a form");
        prop_assert_eq!(Dialect::of_registration(&written), Some(Dialect::Scala));
        prop_assert_eq!(ConsumerRegistration::from_bytes(&written, Dialect::Scala), Ok(registration));
    }

    #[test]
    fn a_scala_0_7_registration_reads_back_but_for_the_time(registration in registration()) {
        let written = registration.to_bytes(Dialect::Scala07).expect("no quotes");
        prop_assert_eq!(Dialect::of_registration(&written), Some(Dialect::Scala07));
        let read = ConsumerRegistration::from_bytes(&written, Dialect::Scala07);
        prop_assert_eq!(read, Ok(ConsumerRegistration { timestamp: 0, ..registration }));
    }

    #[test]
    fn a_samsa_registration_reads_back(topic in "[a-zA-Z0-9._-]{3,20}") {
        let subscription = Subscription::Topics(BTreeMap::from([(topic, 1)]));
        let registration = ConsumerRegistration { subscription, timestamp: 0 };
        let written = registration.to_bytes(Dialect::Samsa).expect("one topic");
        prop_assert_eq!(Dialect::of_registration(&written), Some(Dialect::Samsa));
        prop_assert_eq!(ConsumerRegistration::from_bytes(&written, Dialect::Samsa), Ok(registration));
    }

    #[test]
    fn owners_and_offsets_read_back_whole(member in "[^-]\\PC{0,30}", stream: u16, offset in 0..=i64::MAX) {
        let thread = Owner { member: member.clone(), stream: Some(stream) };
        prop_assert_eq!(Owner::from_bytes(&thread.to_bytes(), Dialect::Scala), Ok(thread));
        let owner = Owner { member, stream: None };
        prop_assert_eq!(Owner::from_bytes(&owner.to_bytes(), Dialect::Samsa), Ok(owner));
        prop_assert_eq!(read_offset(&write_offset(offset.unsigned_abs())), Ok(Some(offset)));
    }

    #[test]
    fn partition_nodes_read_back_whole(broker in 0..=i32::MAX, partition in 0..=i32::MAX) {
        let node = PartitionNode { broker: Some(broker), partition };
        prop_assert_eq!(PartitionNode::from_name(&node.to_string(), Dialect::Scala07), Ok(node));
        let node = PartitionNode { broker: None, partition };
        prop_assert_eq!(PartitionNode::from_name(&node.to_string(), Dialect::Scala), Ok(node));
    }

    #[test]
    fn a_broker_of_0_7_reads_back_whole(host in "[a-z0-9.-]{1,20}|[0-9a-f]{1,4}(:[0-9a-f]{1,4}){2,7}", now in 0..=i64::MAX, port: u16) {
        let broker = Kafka07Broker { creator: format!("{host}-{now}"), host, port };
        prop_assert_eq!(Kafka07Broker::from_bytes(&broker.to_bytes()), Ok(broker));
    }

    #[test]
    fn a_connect_string_that_is_taken_reads_the_same_when_it_is_printed(text in "[a-z0-9.:,/\\[\\] -]{0,40}") {
        if let Ok(connect) = text.parse::<ConnectString>() {
            prop_assert_eq!(connect.to_string().parse(), Ok(connect));
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(data in vec(any::<u8>(), 0..200)) {
        read_as_everything(&data);
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in "[\\[\\]{}\":,0-9a-z*!/ \\\\-]{0,60}") {
        read_as_everything(text.as_bytes());
        let _ = text.parse::<ConnectString>();
    }
}

/// An error of any reader can be printed; a value is written without a panic.
fn read_as_everything(data: &[u8]) {
    fn printed<T, E: ToString + Debug>(read: Result<T, E>, write: impl Fn(T)) {
        match read {
            Ok(value) => write(value),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    printed(BrokerRegistration::from_bytes(data), |broker| {
        let written = broker.to_bytes(BrokerRegistrationVersion::V5);
        assert_eq!(BrokerRegistration::from_bytes(&written), Ok(broker));
    });
    printed(TopicRegistration::from_bytes(data), |topic| drop(topic.to_bytes(TopicVersion::V3)));
    printed(PartitionState::from_bytes(data), |state| drop(state.to_bytes()));
    printed(Controller::from_bytes(data), |controller| drop(controller.to_bytes(ControllerVersion::V2)));
    printed(ControllerEpoch::from_bytes(data), |epoch| drop(epoch.to_bytes()));
    printed(ClusterId::from_bytes(data), |id| drop(id.to_bytes()));
    printed(Kafka07Broker::from_bytes(data), |broker| assert_eq!(broker.to_bytes(), data));
    printed(PartitionCount::from_bytes(data), |count| drop(count.to_bytes()));
    printed(read_offset(data), |offset| drop(write_offset(offset.unwrap_or(0).unsigned_abs())));
    Dialect::of_registration(data);
    for dialect in [Dialect::Scala, Dialect::Samsa, Dialect::Scala07] {
        printed(ConsumerRegistration::from_bytes(data, dialect), |registration| {
            drop(registration.to_bytes(dialect));
        });
        printed(Owner::from_bytes(data, dialect), |owner| drop(owner.to_bytes()));
        printed(PartitionNode::from_name(&String::from_utf8_lossy(data), dialect), |_| ());
    }
}

#[test]
fn a_znode_cut_anywhere_is_read_or_refused() {
    let whole: [&[u8]; 8] = [
        br#"{"listener_security_protocol_map":{"A":"SSL"},"endpoints":["A://[::1]:1"],"rack":"r","jmx_port":-1,"features":{"f":{"min_version":1,"max_version":2}},"host":null,"timestamp":"1","port":-1,"version":5}"#,
        br#"{"removing_replicas":{"0":[1]},"partitions":{"0":[1,2]},"topic_id":"-_v7-_v7-_v7-_v7-_v7-w","adding_replicas":{},"version":3}"#,
        br#"{"controller_epoch":3,"leader":1,"version":1,"leader_epoch":7,"isr":[1,2],"leader_recovery_state":1}"#,
        br#"{"version":2,"brokerid":0,"timestamp":"1676813353851","kraftControllerEpoch":-1}"#,
        br#"{"version":1,"subscription":{"w\\d":1},"pattern":"white_list","timestamp":"7"}"#,
        br#"{ "t1": 1,"t2": 4 }"#,
        b"127.0.0.1-1795408269083:127.0.0.1:19092",
        "*4*тема-é|G_vm-1795417665536-9a9bbeee-0".as_bytes(),
    ];
    for data in whole {
        for end in 0..=data.len() {
            read_as_everything(&data[..end]);
            read_as_everything(&data[end..]);
        }
    }
}
