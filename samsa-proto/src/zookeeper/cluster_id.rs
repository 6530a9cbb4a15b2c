//! The cluster's id, `/cluster/id`: made once, by the first broker (Kafka 0.10.1 and later).

use std::fmt;

use serde::Serialize;

use super::error::{ZnodeError, ZnodeKind};
use super::json::{self, Object};

/// A name for the cluster that no other has; usually 22 characters of base64, but any text is taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClusterId(pub String);

impl ClusterId {
    /// Reads the id.
    pub fn from_bytes(data: &[u8]) -> Result<Self, ZnodeError> {
        let object = Object::read(ZnodeKind::ClusterId, data)?;
        Ok(Self(object.required("id")?.text()?.to_owned()))
    }

    /// Writes the id as a broker does, its version as text.
    pub fn to_bytes(&self) -> Vec<u8> {
        json::write(&Written { version: "1", id: &self.0 })
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Serialize)]
struct Written<'a> {
    version: &'static str,
    id: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_reads_and_writes_the_same_bytes() {
        let data = br#"{"version":"1","id":"mB6wS8H9Rd6BnvBBVJ0aSQ"}"#;
        let id = ClusterId::from_bytes(data).expect("an id");
        assert_eq!(id.to_string(), "mB6wS8H9Rd6BnvBBVJ0aSQ");
        assert_eq!(id.to_bytes(), data);
    }

    #[test]
    fn an_id_that_is_no_text_is_refused() {
        let error = ClusterId::from_bytes(br#"{"version":"1","id":5}"#).expect_err("a number");
        assert_eq!((error.kind, error.expected.as_str()), (ZnodeKind::ClusterId, r#""id" to be text"#));
    }
}
