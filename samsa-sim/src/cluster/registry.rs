//! What brokers of each age write into `ZooKeeper`.

use std::collections::BTreeMap;

use samsa_core::{HostPort, UnixMillis};
use samsa_proto::zookeeper::{
    BrokerRegistration, BrokerRegistrationVersion, Controller, ControllerVersion, Endpoint, SecurityProtocol,
    TopicVersion,
};

use super::release::Release;

/// The form in which a release writes topics.
pub(super) fn topic_version(release: Release) -> TopicVersion {
    if release >= Release::V2_8 { TopicVersion::V3 } else { TopicVersion::V1 }
}

/// What a broker that listens there registers.
pub(super) fn broker(
    address: &HostPort,
    rack: Option<String>,
    started: UnixMillis,
    release: Release,
) -> Vec<u8> {
    let plaintext = SecurityProtocol::Plaintext;
    let endpoint = Endpoint {
        listener: plaintext.name().to_owned(),
        security_protocol: plaintext,
        host: Some(address.host.clone()),
        port: address.port,
    };
    let registration = BrokerRegistration {
        endpoints: vec![endpoint],
        rack,
        jmx_port: -1,
        timestamp: started.0,
        features: BTreeMap::new(),
    };
    let version = match release {
        Release::V0_9 => BrokerRegistrationVersion::V2,
        Release::V0_10 => BrokerRegistrationVersion::V3,
        _ if release >= Release::V2_8 => BrokerRegistrationVersion::V5,
        _ => BrokerRegistrationVersion::V4,
    };
    registration.to_bytes(version)
}

/// What the controller registers.
pub(super) fn controller(broker: i32, elected: UnixMillis, release: Release) -> Vec<u8> {
    let version = if release >= Release::V3_9 { ControllerVersion::V2 } else { ControllerVersion::V1 };
    Controller { broker, timestamp: elected.0, kraft_epoch: -1 }.to_bytes(version)
}
