//! The controller: which broker it is (`/controller`) and how often that has changed (`/controller_epoch`).

use serde::Serialize;

use super::error::{ZnodeError, ZnodeKind};
use super::json::{self, Object};

/// The broker that runs the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Controller {
    /// Its id.
    pub broker: i32,
    /// When it was elected, in milliseconds since the epoch, by its own clock; 0 when it does not say.
    pub timestamp: i64,
    /// The epoch of the `KRaft` controller while a cluster migrates away from ZooKeeper (Kafka 3.4 and later); -1 before.
    pub kraft_epoch: i32,
}

/// The form in which the controller is written; reading takes any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ControllerVersion {
    /// Betas of Kafka 0.8: the bare id.
    Bare,
    /// Kafka 0.8 to 3.3.
    V1,
    /// Kafka 3.4 to 3.9.
    V2,
}

impl Controller {
    /// Reads a controller of any version.
    pub fn from_bytes(data: &[u8]) -> Result<Self, ZnodeError> {
        if let Some(broker) = decimal(data) {
            return Ok(Self { broker, timestamp: 0, kraft_epoch: -1 });
        }
        let object = Object::read(ZnodeKind::Controller, data)?;
        Ok(Self {
            broker: object.required("brokerid")?.integer()?,
            timestamp: object.optional_integer("timestamp")?.unwrap_or(0),
            kraft_epoch: object.optional_integer("kraftControllerEpoch")?.unwrap_or(-1),
        })
    }

    /// Writes the controller as a broker of that age does; what the version cannot say is left out.
    pub fn to_bytes(&self, version: ControllerVersion) -> Vec<u8> {
        if version == ControllerVersion::Bare {
            return self.broker.to_string().into_bytes();
        }
        json::write(&Written {
            version: version as u8,
            brokerid: self.broker,
            timestamp: self.timestamp.to_string(),
            kraft_controller_epoch: (version >= ControllerVersion::V2).then_some(self.kraft_epoch),
        })
    }
}

#[derive(Serialize)]
struct Written {
    version: u8,
    brokerid: i32,
    timestamp: String,
    #[serde(rename = "kraftControllerEpoch", skip_serializing_if = "Option::is_none")]
    kraft_controller_epoch: Option<i32>,
}

/// How often the controller has changed: `/controller_epoch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ControllerEpoch(pub i32);

impl ControllerEpoch {
    /// Reads the decimal number.
    pub fn from_bytes(data: &[u8]) -> Result<Self, ZnodeError> {
        decimal(data)
            .map(Self)
            .ok_or_else(|| ZnodeError::data(ZnodeKind::ControllerEpoch, "a decimal 32-bit integer", data))
    }

    /// Writes the decimal number.
    pub fn to_bytes(self) -> Vec<u8> {
        self.0.to_string().into_bytes()
    }
}

fn decimal(data: &[u8]) -> Option<i32> {
    str::from_utf8(data).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_reads_and_writes_the_same_bytes() {
        for (version, data) in [
            (ControllerVersion::Bare, "3"),
            (ControllerVersion::V1, r#"{"version":1,"brokerid":0,"timestamp":"1643692590537"}"#),
            (
                ControllerVersion::V2,
                r#"{"version":2,"brokerid":0,"timestamp":"1676813353851","kraftControllerEpoch":-1}"#,
            ),
        ] {
            let controller = Controller::from_bytes(data.as_bytes()).expect(data);
            assert_eq!(controller.to_bytes(version), data.as_bytes());
        }
    }

    #[test]
    fn the_kraft_epoch_of_a_migrating_cluster_is_read() {
        let data = br#"{"version":2,"brokerid":3000,"timestamp":"1","kraftControllerEpoch":5}"#;
        let controller = Controller { broker: 3000, timestamp: 1, kraft_epoch: 5 };
        assert_eq!(Controller::from_bytes(data), Ok(controller));
    }

    #[test]
    fn what_is_no_controller_is_refused_by_name() {
        for (data, expected) in
            [("", "a JSON object"), ("{}", r#"a field "brokerid""#), ("99999999999", "a JSON object")]
        {
            let error = Controller::from_bytes(data.as_bytes()).expect_err(data);
            assert_eq!((error.kind, error.expected.as_str()), (ZnodeKind::Controller, expected));
        }
    }

    #[test]
    fn the_epoch_is_a_decimal_number() {
        assert_eq!(ControllerEpoch::from_bytes(b"12"), Ok(ControllerEpoch(12)));
        assert_eq!(ControllerEpoch(12).to_bytes(), b"12");
        let error = ControllerEpoch::from_bytes(b"").expect_err("no data");
        assert_eq!(error.found, "no data");
    }
}
