//! What brokers of Kafka 0.7 register: themselves, and how many partitions of a topic they have.

use super::error::{ZnodeError, ZnodeKind};

/// A broker of Kafka 0.7, `/brokers/ids/N`: `creator:host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kafka07Broker {
    /// Who made the node: the host and the time in milliseconds since the epoch, with a dash between.
    pub creator: String,
    /// Name or address.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

impl Kafka07Broker {
    /// Reads a registration.
    pub fn from_bytes(data: &[u8]) -> Result<Self, ZnodeError> {
        let parts = str::from_utf8(data).ok().and_then(split);
        let (creator, host, port) = parts.ok_or_else(|| {
            ZnodeError::data(ZnodeKind::Broker, "`creator:host:port` as Kafka 0.7 writes it", data)
        })?;
        Ok(Self { creator: creator.to_owned(), host: host.to_owned(), port })
    }

    /// Writes the registration as the broker does.
    pub fn to_bytes(&self) -> Vec<u8> {
        format!("{}:{}:{}", self.creator, self.host, self.port).into_bytes()
    }
}

/// Host and creator may hold colons (IPv6), but the creator ends in a dash and digits.
fn split(text: &str) -> Option<(&str, &str, u16)> {
    let (rest, port) = text.rsplit_once(':')?;
    let ends_creator = |colon: &usize| {
        let head = rest[..*colon].trim_end_matches(|c: char| c.is_ascii_digit());
        head.len() < *colon && head.ends_with('-')
    };
    let mut colons = rest.match_indices(':').map(|(colon, _)| colon);
    let colon = colons.find(ends_creator).or_else(|| rest.rfind(':'))?;
    let (creator, host) = (&rest[..colon], &rest[colon + 1..]);
    let digits = !host.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    digits.then_some((creator, host, port.parse().ok()?))
}

/// How many partitions of a topic one broker of Kafka 0.7 has, `/brokers/topics/T/N`. They are numbered from 0 on each
/// broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartitionCount(pub u16);

impl PartitionCount {
    /// Reads the decimal number.
    pub fn from_bytes(data: &[u8]) -> Result<Self, ZnodeError> {
        let number = str::from_utf8(data).ok().and_then(|text| text.trim().parse().ok());
        number.map(Self).ok_or_else(|| {
            ZnodeError::data(ZnodeKind::PartitionCount, "a decimal number of partitions, 0 to 65535", data)
        })
    }

    /// Writes the decimal number.
    pub fn to_bytes(self) -> Vec<u8> {
        self.0.to_string().into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_is_its_creator_host_and_port() {
        for (data, creator, host, port) in [
            ("127.0.0.1-1795408269083:127.0.0.1:19092", "127.0.0.1-1795408269083", "127.0.0.1", 19092),
            ("kafka-1-1342:kafka-1:9093", "kafka-1-1342", "kafka-1", 9093),
            ("fd00::1-1342:fd00::1:9093", "fd00::1-1342", "fd00::1", 9093),
            ("creator:127.0.0.1:9092", "creator", "127.0.0.1", 9092),
        ] {
            let broker = Kafka07Broker::from_bytes(data.as_bytes()).expect(data);
            assert_eq!((broker.creator.as_str(), broker.host.as_str(), broker.port), (creator, host, port));
            assert_eq!(broker.to_bytes(), data.as_bytes());
        }
    }

    #[test]
    fn what_is_no_broker_is_refused() {
        for data in ["", "k1:9092", "c-1:k1:", "c-1::9092", "c-1:k1:+1", "c-1:k1:65536", "{}"] {
            assert_eq!(Kafka07Broker::from_bytes(data.as_bytes()).expect_err(data).kind, ZnodeKind::Broker);
        }
    }

    #[test]
    fn a_count_is_a_decimal_number_within_reason() {
        assert_eq!(PartitionCount::from_bytes(b"3"), Ok(PartitionCount(3)));
        assert_eq!(PartitionCount(3).to_bytes(), b"3");
        for data in ["", "-1", "65536", "x"] {
            assert!(PartitionCount::from_bytes(data.as_bytes()).is_err(), "{data}");
        }
    }
}
