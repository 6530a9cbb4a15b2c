//! Endpoints: where a broker listens, and what it speaks there.

use std::collections::BTreeMap;
use std::fmt;

use super::error::ZnodeError;
use super::json::Field;

/// An address at which a broker listens, and what it speaks there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The listener's name, in upper case. Before version 4 it is the name of the security protocol.
    pub listener: String,
    /// What is spoken at this listener.
    pub security_protocol: SecurityProtocol,
    /// Name or address, without brackets; `None` when the broker has registered no host.
    pub host: Option<String>,
    /// The TCP port.
    pub port: u16,
}

/// What stands between TCP and the Kafka protocol.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecurityProtocol {
    /// Nothing.
    Plaintext,
    /// TLS.
    Ssl,
    /// SASL over plain TCP.
    SaslPlaintext,
    /// SASL over TLS.
    SaslSsl,
    /// One that this crate does not know, in upper case. No connection can be made to it.
    Other(String),
}

impl Endpoint {
    /// Reads `LISTENER://host:port`. A listener that is not in `protocols` is named by its protocol.
    pub(super) fn read(
        item: &Field<'_>,
        protocols: &BTreeMap<String, SecurityProtocol>,
    ) -> Result<Self, ZnodeError> {
        let (listener, host, port) =
            split(item.text()?).ok_or_else(|| item.unlike("an endpoint, `LISTENER://host:port`"))?;
        let listener = listener.to_uppercase();
        let named = || SecurityProtocol::from_name(&listener);
        Ok(Self {
            security_protocol: protocols.get(&listener).cloned().unwrap_or_else(named),
            listener,
            host: Some(host.to_owned()).filter(|host| !host.is_empty()),
            port,
        })
    }

    /// The form `LISTENER://host:port`, under the listener's name or another.
    pub(super) fn written_as(&self, name: &str) -> String {
        let host = self.host.as_deref().unwrap_or_default();
        if host.contains(':') {
            format!("{name}://[{host}]:{}", self.port)
        } else {
            format!("{name}://{host}:{}", self.port)
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written_as(&self.listener))
    }
}

/// `LISTENER://host:port`, where an IPv6 address stands in brackets.
fn split(text: &str) -> Option<(&str, &str, u16)> {
    let (listener, address) = text.rsplit_once("://")?;
    let (host, port) = address.rsplit_once(':')?;
    let digits = port.bytes().all(|b| b.is_ascii_digit());
    Some((listener, bare_host(host)?, port.parse().ok().filter(|_| digits)?))
}

/// A name or an address without the brackets that an IPv6 address stands in; may be empty. `None` when it is neither.
pub(super) fn bare_host(host: &str) -> Option<&str> {
    let host = host.strip_prefix('[').unwrap_or(host);
    let host = host.strip_suffix(']').unwrap_or(host);
    let named = |c: char| c.is_ascii_alphanumeric() || "-%._:".contains(c);
    host.chars().all(named).then_some(host)
}

impl SecurityProtocol {
    /// Reads a name in any case.
    pub fn from_name(name: &str) -> Self {
        match name.to_uppercase().as_str() {
            "PLAINTEXT" => Self::Plaintext,
            "SSL" => Self::Ssl,
            "SASL_PLAINTEXT" => Self::SaslPlaintext,
            "SASL_SSL" => Self::SaslSsl,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The name that brokers give it.
    pub fn name(&self) -> &str {
        match self {
            Self::Plaintext => "PLAINTEXT",
            Self::Ssl => "SSL",
            Self::SaslPlaintext => "SASL_PLAINTEXT",
            Self::SaslSsl => "SASL_SSL",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for SecurityProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
