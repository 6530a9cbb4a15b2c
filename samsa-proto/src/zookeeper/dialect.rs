//! The dialects of groups that live in ZooKeeper.
//!
//! | dialect | spoken by                        | `ids/C` holds                                      | `owners/T/..` | owner's data |
//! |---------|----------------------------------|----------------------------------------------------|---------------|--------------|
//! | Scala   | Scala consumers of 0.8 to 1.1    | `{"version":1,"subscription":{"T":2},"pattern":..` | `P`           | `C-n`        |
//! | Samsa   | Python's samsa and pykafka       | `T`                                                | `B-P`         | `C`          |
//! | Scala07 | Scala consumers of 0.7           | `{ "T": 2 }`, `*2*regex` or `!2!regex`             | `B-P`         | `C-n`        |
//!
//! `C` is a member, `n` one of its streams, `T` a topic, `P` a partition, `B` a broker: in 0.7 the one that holds the
//! partition, with pykafka the one that leads it now.
//!
//! One foreign registration keeps every Scala member of a group from ever getting a partition, so the dialect is a
//! property of the group, and whoever joins has to look first.

use std::fmt;

use super::consumer;

/// How the members of a group write what they want, own and have read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// The high-level consumers of Kafka 0.8 to 1.1, `MirrorMaker` and the console consumer among them.
    #[default]
    Scala,
    /// samsa in Python, and the balanced consumer of pykafka.
    Samsa,
    /// The consumers of Kafka 0.7.
    Scala07,
}

impl Dialect {
    /// The dialect in which a member has registered, from the data of its node under `ids`. `None` when it is no
    /// dialect that is known.
    ///
    /// ```
    /// use samsa_proto::zookeeper::Dialect;
    ///
    /// assert_eq!(Dialect::of_registration(b"*4*events.*"), Some(Dialect::Scala07));
    /// assert_eq!(Dialect::of_registration(b"events"), Some(Dialect::Samsa));
    /// assert_eq!(Dialect::of_registration(b""), None);
    /// ```
    pub fn of_registration(data: &[u8]) -> Option<Self> {
        consumer::detect(data)
    }

    /// A member id as members of this dialect make them, from the host's name, the wall clock in milliseconds since the
    /// epoch, and random bits: `G_host-ms-8 hex` in Scala, `host:uuid` in Python.
    pub fn member_id(self, group: &str, host: &str, now: i64, random: u128) -> String {
        match self {
            Self::Scala | Self::Scala07 => format!("{group}_{host}-{now}-{:08x}", random as u32),
            Self::Samsa => format!("{host}:{}", uuid4(random)),
        }
    }

    /// Whether owner and offset nodes are named by broker and partition, not by the partition alone.
    pub(super) fn names_brokers(self) -> bool {
        matches!(self, Self::Samsa | Self::Scala07)
    }
}

/// A random UUID, version 4 (RFC 9562).
fn uuid4(random: u128) -> String {
    let bits = random & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scala => "Scala 0.8 to 1.1",
            Self::Samsa => "Samsa (pykafka)",
            Self::Scala07 => "Scala 0.7",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_tells_its_dialect() {
        for (data, dialect) in [
            (
                r#"{"version":1,"subscription":{"T":1},"pattern":"static","timestamp":"1"}"#,
                Some(Dialect::Scala),
            ),
            (r#"{"pattern":"white_list","subscription":{"w\\d":1}}"#, Some(Dialect::Scala)),
            (r#"{ "t1": 1,"t2": 4 }"#, Some(Dialect::Scala07)),
            (r#"{ "pattern": 1,"subscription": 4 }"#, Some(Dialect::Scala07)),
            ("{  }", Some(Dialect::Scala07)),
            ("*4*regex", Some(Dialect::Scala07)),
            ("!1!v.*", Some(Dialect::Scala07)),
            ("events", Some(Dialect::Samsa)),
            ("тема-é", Some(Dialect::Samsa)),
            ("", None),
            (r#"{"version":1}x"#, None),
            (r#"{"T":"1"}"#, None),
            ("[1]", None),
            ("*x*regex", None),
            ("a/b", None),
        ] {
            assert_eq!(Dialect::of_registration(data.as_bytes()), dialect, "{data}");
        }
        assert_eq!(Dialect::of_registration(b"\xff\xfe"), None);
    }

    #[test]
    fn a_member_id_has_the_form_of_its_dialect() {
        let random = 0x0123_4567_89ab_cdef_fedc_ba98_9a9b_beee;
        let id = |dialect: Dialect| dialect.member_id("G", "vm", 1_795_417_665_536, random);
        assert_eq!(id(Dialect::Scala), "G_vm-1795417665536-9a9bbeee");
        assert_eq!(id(Dialect::Scala07), "G_vm-1795417665536-9a9bbeee");
        assert_eq!(id(Dialect::Samsa), "vm:01234567-89ab-4def-bedc-ba989a9bbeee");
    }
}
