//! What Kafka and its consumers keep in ZooKeeper.
//!
//! The first byte says which reader is meant; the rest is the znode's data, or a name.

use std::fmt::{Debug, Display};

use samsa_proto::zookeeper::{
    BrokerRegistration, BrokerRegistrationVersion, ClusterId, ConnectString, ConsumerRegistration,
    Controller, ControllerEpoch, ControllerVersion, Dialect, Kafka07Broker, Owner, PartitionCount,
    PartitionNode, PartitionState, Subscription, TopicFilter, TopicRegistration, TopicVersion, path,
    read_offset, write_offset,
};

use crate::script::Script;
use crate::within_memory;

/// Who reads the rest of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `/brokers/ids/N`.
    Broker = 0,
    /// `/brokers/topics/T`.
    Topic,
    /// `/brokers/topics/T/partitions/P/state`.
    PartitionState,
    /// `/controller` and `/controller_epoch`.
    Controller,
    /// `/cluster/id`.
    ClusterId,
    /// `/consumers/G/ids/C`, in each dialect.
    Consumer,
    /// `/consumers/G/owners/T/P`, in each dialect.
    Owner,
    /// `/consumers/G/offsets/T/P`.
    Offset,
    /// The name of a node for a partition, in each dialect.
    PartitionNode,
    /// What brokers of 0.7 register.
    Kafka07,
    /// The connect string.
    ConnectString,
    /// Names in paths, and what the user of a Scala consumer writes.
    Names,
}

impl Kind {
    const ALL: [Self; 12] = [
        Self::Broker,
        Self::Topic,
        Self::PartitionState,
        Self::Controller,
        Self::ClusterId,
        Self::Consumer,
        Self::Owner,
        Self::Offset,
        Self::PartitionNode,
        Self::Kafka07,
        Self::ConnectString,
        Self::Names,
    ];
}

const DIALECTS: [Dialect; 3] = [Dialect::Scala, Dialect::Samsa, Dialect::Scala07];

/// An input: what [`run`] takes apart.
pub fn input(kind: Kind, data: &[u8]) -> Vec<u8> {
    [&[kind as u8], data].concat()
}

/// The target.
pub fn run(data: &[u8]) {
    let mut script = Script::new(data);
    let kind = Kind::ALL[script.choice(Kind::ALL.len())];
    let data = script.rest();
    match kind {
        Kind::Broker => broker(data),
        Kind::Topic => topic(data),
        Kind::PartitionState => same(data, PartitionState::from_bytes, PartitionState::to_bytes),
        Kind::Controller => controller(data),
        Kind::ClusterId => same(data, ClusterId::from_bytes, ClusterId::to_bytes),
        Kind::Consumer => consumer(data),
        Kind::Owner => {
            for dialect in DIALECTS {
                same(data, |data| Owner::from_bytes(data, dialect), Owner::to_bytes);
            }
        }
        Kind::Offset => offset(data),
        Kind::PartitionNode => partition_node(data),
        Kind::Kafka07 => {
            same(data, Kafka07Broker::from_bytes, Kafka07Broker::to_bytes);
            same(data, PartitionCount::from_bytes, |count| count.to_bytes());
        }
        Kind::ConnectString => connect_string(data),
        Kind::Names => names(data),
    }
}

/// Reads; what was read is written, and reads as the same.
fn same<T: PartialEq + Debug, E: PartialEq + Debug + Display>(
    data: &[u8],
    read: impl Fn(&[u8]) -> Result<T, E>,
    write: impl Fn(&T) -> Vec<u8>,
) {
    if let Some(value) = read_within(data, &read) {
        assert_eq!(read(&write(&value)), Ok(value));
    }
}

/// A number in a list takes two bytes of JSON, and some hundred in memory while it is read.
fn read_within<T, E: Display>(data: &[u8], read: impl Fn(&[u8]) -> Result<T, E>) -> Option<T> {
    match within_memory(16 * 1024 + 1024 * data.len(), || read(data)) {
        Ok(value) => Some(value),
        Err(error) => {
            assert!(!error.to_string().is_empty());
            None
        }
    }
}

/// What a version cannot say is left out once, and no more the second time.
fn settled<T: PartialEq + Debug, E: PartialEq + Debug>(
    value: &T,
    read: impl Fn(&[u8]) -> Result<T, E>,
    write: impl Fn(&T) -> Vec<u8>,
) {
    let written = write(value);
    assert_eq!(read(&written).map(|read| write(&read)), Ok(written));
}

fn broker(data: &[u8]) {
    use BrokerRegistrationVersion::{V1, V2, V3, V4, V5};
    let Some(broker) = read_within(data, BrokerRegistration::from_bytes) else { return };
    assert_eq!(BrokerRegistration::from_bytes(&broker.to_bytes(V5)).as_ref(), Ok(&broker));
    for version in [V1, V2, V3, V4] {
        settled(&broker, BrokerRegistration::from_bytes, |broker| broker.to_bytes(version));
    }
    for endpoint in &broker.endpoints {
        assert!(broker.listener(&endpoint.listener).is_some());
        assert!(broker.endpoint(&endpoint.security_protocol).is_some());
    }
}

fn topic(data: &[u8]) {
    use TopicVersion::{V1, V2, V3};
    let Some(topic) = read_within(data, TopicRegistration::from_bytes) else { return };
    assert_eq!(TopicRegistration::from_bytes(&topic.to_bytes(V3)).as_ref(), Ok(&topic));
    for version in [V1, V2] {
        settled(&topic, TopicRegistration::from_bytes, |topic| topic.to_bytes(version));
    }
}

fn controller(data: &[u8]) {
    use ControllerVersion::{Bare, V1, V2};
    same(data, ControllerEpoch::from_bytes, |epoch| epoch.to_bytes());
    let Some(controller) = read_within(data, Controller::from_bytes) else { return };
    assert_eq!(Controller::from_bytes(&controller.to_bytes(V2)).as_ref(), Ok(&controller));
    for version in [Bare, V1] {
        settled(&controller, Controller::from_bytes, |controller| controller.to_bytes(version));
    }
}

fn consumer(data: &[u8]) {
    let found = Dialect::of_registration(data);
    for dialect in DIALECTS {
        let read = |data: &[u8]| ConsumerRegistration::from_bytes(data, dialect);
        let Some(registration) = read_within(data, read) else { continue };
        assert!(found.is_none_or(|found| found == dialect), "{found:?} was read as {dialect:?}");
        if let Subscription::WhiteList(filter) | Subscription::BlackList(filter) = &registration.subscription
        {
            let _ = filter.escaped_twice();
        }
        match registration.to_bytes(dialect) {
            Ok(written) => assert_eq!(read(&written), Ok(registration)),
            // The only one that can be read and not written: JSON has escapes that 0.7 does not write.
            Err(error) => assert_eq!(dialect, Dialect::Scala07, "{error}"),
        }
    }
}

fn offset(data: &[u8]) {
    let Some(Some(offset)) = read_within(data, read_offset) else { return };
    assert_eq!(read_offset(&write_offset(offset.unsigned_abs())), Ok(Some(offset)));
}

fn partition_node(data: &[u8]) {
    let Ok(name) = str::from_utf8(data) else { return };
    for dialect in DIALECTS {
        if let Ok(node) = PartitionNode::from_name(name, dialect) {
            assert_eq!(PartitionNode::from_name(&node.to_string(), dialect), Ok(node));
        }
    }
}

fn connect_string(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    match text.parse::<ConnectString>() {
        Ok(connect) => assert_eq!(connect.to_string().parse(), Ok(connect)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn names(data: &[u8]) {
    let Ok(name) = str::from_utf8(data) else { return };
    for path in [path::topic(name), path::owner(name, name, 0), path::consumer_id(name, name)] {
        match path {
            Ok(path) => assert!(path.split('/').all(|part| part != "." && part != "..")),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    let filter = TopicFilter::new(name, 1);
    if let Some(meant) = filter.escaped_twice() {
        assert_ne!(meant, filter.regex);
    }
}
