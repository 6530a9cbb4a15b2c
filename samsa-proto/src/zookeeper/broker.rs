//! Broker registrations: what a living broker says of itself under `/brokers/ids/N`.
//!
//! | version | written by       | says more                                 |
//! |---------|------------------|-------------------------------------------|
//! | 1       | 0.8              | host, port, `jmx_port`, timestamp         |
//! | 2       | 0.9              | endpoints                                 |
//! | 3       | 0.10.0, 0.10.1   | rack                                      |
//! | 4       | 0.10.2 to 2.6    | the security protocol of each listener    |
//! | 5       | 2.7 to 3.9       | features                                  |
//!
//! The node is created with null data and filled in the same ZooKeeper transaction, so no reader sees it empty.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::endpoint::{Endpoint, SecurityProtocol, bare_host};
use super::error::{ZnodeError, ZnodeKind};
use super::json::{self, Field, Object};

/// What one broker has registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerRegistration {
    /// Where the broker listens, in its own order. Version 1 knows only one `PLAINTEXT` endpoint.
    pub endpoints: Vec<Endpoint>,
    /// The rack or availability zone.
    pub rack: Option<String>,
    /// The port of Java's management interface; -1 when there is none.
    pub jmx_port: i32,
    /// When the broker registered, in milliseconds since the epoch, by its own clock; 0 when it does not say.
    pub timestamp: i64,
    /// The finalizable features that the broker supports, by name (KIP-584).
    pub features: BTreeMap<String, SupportedVersions>,
}

/// A range of versions of one feature, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SupportedVersions {
    /// The lowest.
    #[serde(rename = "min_version")]
    pub min: i16,
    /// The highest.
    #[serde(rename = "max_version")]
    pub max: i16,
}

/// The form in which a registration is written; reading takes any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BrokerRegistrationVersion {
    /// Kafka 0.8.
    V1 = 1,
    /// Kafka 0.9.
    V2,
    /// Kafka 0.10.0 and 0.10.1.
    V3,
    /// Kafka 0.10.2 to 2.6.
    V4,
    /// Kafka 2.7 to 3.9.
    V5,
}

impl BrokerRegistrationVersion {
    /// The form that a registration is written in; one above 5 is taken for 5.
    pub fn of(data: &[u8]) -> Result<Self, ZnodeError> {
        let object = Object::read(ZnodeKind::Broker, data)?;
        let version = object.required("version")?;
        match version.integer::<i32>()? {
            1 => Ok(Self::V1),
            2 => Ok(Self::V2),
            3 => Ok(Self::V3),
            4 => Ok(Self::V4),
            5.. => Ok(Self::V5),
            _ => Err(version.unlike("1 or more")),
        }
    }
}

impl BrokerRegistration {
    /// Reads a registration of any version; one above 5 is read as 5.
    pub fn from_bytes(data: &[u8]) -> Result<Self, ZnodeError> {
        let object = Object::read(ZnodeKind::Broker, data)?;
        let version = object.required("version")?;
        let endpoints = match version.integer::<i32>()? {
            1 => plaintext_endpoint(&object)?,
            2.. => listed_endpoints(&object)?,
            _ => return Err(version.unlike("1 or more")),
        };
        Ok(Self {
            endpoints,
            rack: object.optional_text("rack")?.map(str::to_owned),
            jmx_port: object.optional_integer("jmx_port")?.unwrap_or(-1),
            timestamp: object.optional_integer("timestamp")?.unwrap_or(0),
            features: object.optional("features").map_or(Ok(BTreeMap::new()), |field| features(&field))?,
        })
    }

    /// Writes the registration as a broker of that age does. What the version cannot say is left out: version 1 holds
    /// the first `PLAINTEXT` endpoint alone, versions 2 and 3 name listeners by their protocol.
    pub fn to_bytes(&self, version: BrokerRegistrationVersion) -> Vec<u8> {
        use BrokerRegistrationVersion::{V2, V3, V4, V5};
        let (host, port) = self.plaintext().map_or((None, -1), |e| (e.host.as_deref(), i32::from(e.port)));
        let timestamp = self.timestamp.to_string();
        let rack = self.rack.as_deref().filter(|_| version >= V3);
        let (jmx_port, number) = (self.jmx_port, version as u8);
        if version >= V4 {
            return json::write(&WrittenFromV4 {
                listener_security_protocol_map: &self.endpoints,
                endpoints: self.endpoints.iter().map(ToString::to_string).collect(),
                features: (version >= V5).then_some(&self.features),
                rack,
                jmx_port,
                host,
                timestamp,
                port,
                version: number,
            });
        }
        let by_protocol =
            || self.endpoints.iter().map(|e| e.written_as(e.security_protocol.name())).collect();
        let endpoints = (version >= V2).then(by_protocol);
        json::write(&WrittenToV3 { jmx_port, timestamp, endpoints, host, version: number, port, rack })
    }

    /// The first endpoint without TLS and SASL.
    pub fn plaintext(&self) -> Option<&Endpoint> {
        self.endpoint(&SecurityProtocol::Plaintext)
    }

    /// The first endpoint that speaks `protocol`.
    pub fn endpoint(&self, protocol: &SecurityProtocol) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.security_protocol == *protocol)
    }

    /// The endpoint of a listener, by its name in any case.
    pub fn listener(&self, name: &str) -> Option<&Endpoint> {
        let name = name.to_uppercase();
        self.endpoints.iter().find(|endpoint| endpoint.listener == name)
    }
}

/// Version 1: host and port stand beside each other. Without a plaintext endpoint they are `null` and -1.
fn plaintext_endpoint(object: &Object) -> Result<Vec<Endpoint>, ZnodeError> {
    let port = object.required("port")?;
    let port = match port.integer::<i32>()? {
        -1 => return Ok(Vec::new()),
        number => u16::try_from(number).map_err(|_| port.unlike("a port, 0 to 65535, or -1 for none"))?,
    };
    let bare = |field: Field<'_>| {
        let host = bare_host(field.text()?).ok_or_else(|| field.unlike("the name or address of a host"))?;
        Ok(Some(host.to_owned()).filter(|host| !host.is_empty()))
    };
    Ok(vec![Endpoint {
        listener: SecurityProtocol::Plaintext.name().to_owned(),
        security_protocol: SecurityProtocol::Plaintext,
        host: object.optional("host").map_or(Ok(None), bare)?,
        port,
    }])
}

fn listed_endpoints(object: &Object) -> Result<Vec<Endpoint>, ZnodeError> {
    let mut protocols = BTreeMap::new();
    if let Some(map) = object.optional("listener_security_protocol_map") {
        for (listener, protocol) in map.entries()? {
            protocols.insert(listener.to_uppercase(), SecurityProtocol::from_name(protocol.text()?));
        }
    }
    object.required("endpoints")?.list()?.map(|item| Endpoint::read(&item, &protocols)).collect()
}

fn features(field: &Field<'_>) -> Result<BTreeMap<String, SupportedVersions>, ZnodeError> {
    field.entries()?.map(|(name, versions)| Ok((name.to_owned(), supported(&versions)?))).collect()
}

fn supported(field: &Field<'_>) -> Result<SupportedVersions, ZnodeError> {
    let bounds: BTreeMap<&str, Field<'_>> = field.entries()?.collect();
    let bound = |name| {
        bounds.get(name).ok_or_else(|| field.unlike("an object with min_version and max_version"))?.integer()
    };
    Ok(SupportedVersions { min: bound("min_version")?, max: bound("max_version")? })
}

/// Versions 1 to 3, in the order in which brokers write; readers do not care.
#[derive(Serialize)]
struct WrittenToV3<'a> {
    jmx_port: i32,
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoints: Option<Vec<String>>,
    host: Option<&'a str>,
    version: u8,
    port: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    rack: Option<&'a str>,
}

/// Versions 4 and 5, in the order in which brokers built with Scala 2.11 and 2.12 write.
#[derive(Serialize)]
struct WrittenFromV4<'a> {
    #[serde(serialize_with = "protocols")]
    listener_security_protocol_map: &'a [Endpoint],
    endpoints: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rack: Option<&'a str>,
    jmx_port: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    features: Option<&'a BTreeMap<String, SupportedVersions>>,
    host: Option<&'a str>,
    timestamp: String,
    port: i32,
    version: u8,
}

fn protocols<S: Serializer>(endpoints: &[Endpoint], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(endpoints.iter().map(|e| (&e.listener, e.security_protocol.name())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use BrokerRegistrationVersion::{V1, V2, V3, V4, V5};

    fn read(data: &str) -> BrokerRegistration {
        BrokerRegistration::from_bytes(data.as_bytes()).expect("a registration")
    }

    fn endpoint(listener: &str, protocol: SecurityProtocol, host: &str, port: u16) -> Endpoint {
        let host = Some(host.to_owned());
        Endpoint { listener: listener.to_owned(), security_protocol: protocol, host, port }
    }

    fn of_kafka_2_7() -> BrokerRegistration {
        BrokerRegistration {
            endpoints: vec![
                endpoint("OUTSIDE", SecurityProtocol::SaslSsl, "k1.example.com", 9093),
                endpoint("INSIDE", SecurityProtocol::Plaintext, "fd00::1", 9092),
            ],
            rack: Some("a".to_owned()),
            jmx_port: -1,
            timestamp: 1_615_489_355_496,
            features: BTreeMap::from([("f".to_owned(), SupportedVersions { min: 1, max: 3 })]),
        }
    }

    #[test]
    fn kafka_0_8_registers_one_host_and_port() {
        let broker = read(r#"{"jmx_port":-1,"timestamp":"1385","host":"k1","version":1,"port":9092}"#);
        assert_eq!(broker.endpoints, [endpoint("PLAINTEXT", SecurityProtocol::Plaintext, "k1", 9092)]);
        assert_eq!((broker.timestamp, broker.jmx_port, broker.rack), (1385, -1, None));
    }

    #[test]
    fn a_host_of_version_1_is_a_name_or_an_address_as_in_every_other() {
        let host = |host| {
            let data = format!(r#"{{"host":"{host}","version":1,"port":9092}}"#);
            BrokerRegistration::from_bytes(data.as_bytes()).map(|broker| broker.endpoints[0].host.clone())
        };
        assert_eq!(host("[fd00::1]"), Ok(Some("fd00::1".to_owned())));
        assert_eq!(host(""), Ok(None));
        let error = host("k1`").expect_err("no host has such a character");
        assert_eq!(error.expected, r#""host" to be the name or address of a host"#);
    }

    #[test]
    fn before_version_4_the_listener_is_named_by_its_protocol() {
        let broker = read(
            r#"{"version":3,"host":null,"port":-1,"jmx_port":9999,"timestamp":"1","rack":"r1",
                "endpoints":["sasl_ssl://k1:9094"]}"#,
        );
        assert_eq!(broker.endpoints, [endpoint("SASL_SSL", SecurityProtocol::SaslSsl, "k1", 9094)]);
        assert_eq!(broker.rack.as_deref(), Some("r1"));
        assert_eq!(broker.plaintext(), None);
    }

    #[test]
    fn from_version_4_a_map_gives_each_listener_its_protocol() {
        let broker = read(
            r#"{"listener_security_protocol_map":{"client":"PLAINTEXT","REPLICATION":"SSL"},
                "endpoints":["CLIENT://k1:9092","REPLICATION://[fd00::1]:9093"],
                "jmx_port":-1,"host":"k1","timestamp":"1595312023650","port":9092,"version":4}"#,
        );
        let client = endpoint("CLIENT", SecurityProtocol::Plaintext, "k1", 9092);
        let replication = endpoint("REPLICATION", SecurityProtocol::Ssl, "fd00::1", 9093);
        assert_eq!(broker.plaintext(), Some(&client));
        assert_eq!(broker.listener("replication"), Some(&replication));
        assert_eq!(broker.endpoint(&SecurityProtocol::Ssl), Some(&replication));
    }

    #[test]
    fn features_come_with_version_5() {
        let broker =
            read(r#"{"version":5,"endpoints":[],"features":{"metadata":{"min_version":1,"max_version":4}}}"#);
        assert_eq!(broker.features["metadata"], SupportedVersions { min: 1, max: 4 });
    }

    #[test]
    fn a_version_above_5_is_read_as_5_and_unknown_keys_are_ignored() {
        let broker = read(r#"{"version":9,"endpoints":["PLAINTEXT://k1:9092"],"mood":["good"]}"#);
        assert_eq!(broker.plaintext().map(ToString::to_string).as_deref(), Some("PLAINTEXT://k1:9092"));
    }

    #[test]
    fn an_endpoint_without_a_host_is_kept() {
        let broker = read(r#"{"version":2,"endpoints":["PLAINTEXT://:9092"]}"#);
        assert_eq!((broker.endpoints[0].host.as_ref(), broker.endpoints[0].port), (None, 9092));
    }

    #[test]
    fn a_protocol_of_later_times_does_not_hide_the_other_endpoints() {
        let broker = read(
            r#"{"version":4,"listener_security_protocol_map":{"A":"QUIC","B":"PLAINTEXT"},
                "endpoints":["A://k1:1","B://k1:2"]}"#,
        );
        assert_eq!(broker.endpoints[0].security_protocol, SecurityProtocol::Other("QUIC".to_owned()));
        assert_eq!(broker.plaintext().map(|endpoint| endpoint.port), Some(2));
    }

    #[test]
    fn what_is_no_registration_is_refused_by_name() {
        for (data, expected) in [
            ("", "a JSON object"),
            ("{}", r#"a field "version""#),
            (r#"{"version":0}"#, r#""version" to be 1 or more"#),
            (r#"{"version":"x"}"#, r#""version" to be a 32-bit integer"#),
            (r#"{"version":1,"host":"k1"}"#, r#"a field "port""#),
            (
                r#"{"version":1,"host":"k1","port":70000}"#,
                r#""port" to be a port, 0 to 65535, or -1 for none"#,
            ),
            (r#"{"version":2}"#, r#"a field "endpoints""#),
            (
                r#"{"version":2,"endpoints":["k1:9092"]}"#,
                r#""endpoints"[0] to be an endpoint, `LISTENER://host:port`"#,
            ),
            (
                r#"{"version":5,"endpoints":[],"features":{"f":{}}}"#,
                r#""features"."f" to be an object with min_version and max_version"#,
            ),
        ] {
            let error = BrokerRegistration::from_bytes(data.as_bytes()).expect_err(data);
            assert_eq!((error.kind, error.expected.as_str()), (ZnodeKind::Broker, expected));
        }
    }

    #[test]
    fn each_version_is_written_as_its_brokers_write_it() {
        let broker = of_kafka_2_7();
        let written = |version| String::from_utf8(broker.to_bytes(version)).expect("UTF-8");
        assert_eq!(
            written(V1),
            r#"{"jmx_port":-1,"timestamp":"1615489355496","host":"fd00::1","version":1,"port":9092}"#
        );
        assert_eq!(
            written(V2),
            concat!(
                r#"{"jmx_port":-1,"timestamp":"1615489355496","#,
                r#""endpoints":["SASL_SSL://k1.example.com:9093","PLAINTEXT://[fd00::1]:9092"],"#,
                r#""host":"fd00::1","version":2,"port":9092}"#
            )
        );
        assert!(written(V3).ends_with(r#","version":3,"port":9092,"rack":"a"}"#));
        assert_eq!(
            written(V5),
            concat!(
                r#"{"listener_security_protocol_map":{"OUTSIDE":"SASL_SSL","INSIDE":"PLAINTEXT"},"#,
                r#""endpoints":["OUTSIDE://k1.example.com:9093","INSIDE://[fd00::1]:9092"],"rack":"a","#,
                r#""jmx_port":-1,"features":{"f":{"min_version":1,"max_version":3}},"host":"fd00::1","#,
                r#""timestamp":"1615489355496","port":9092,"version":5}"#
            )
        );
    }

    #[test]
    fn a_broker_without_plaintext_writes_null_and_minus_one() {
        let mut broker = of_kafka_2_7();
        broker.endpoints.pop();
        let written = String::from_utf8(broker.to_bytes(V4)).expect("UTF-8");
        assert!(written.contains(r#""host":null,"#) && written.contains(r#""port":-1,"#), "{written}");
    }

    #[test]
    fn what_version_5_writes_reads_back_whole() {
        let broker = of_kafka_2_7();
        assert_eq!(BrokerRegistration::from_bytes(&broker.to_bytes(V5)), Ok(broker));
    }
}
