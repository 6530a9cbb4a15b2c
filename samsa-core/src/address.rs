//! Hosts and ports, as brokers advertise them and people type them.

use std::fmt;
use std::str::FromStr;

/// A host name or IP address with a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPort {
    /// Without the brackets that IPv6 addresses are typed with.
    pub host: String,
    /// 1 to 65535.
    pub port: u16,
}

/// Why a text is not `host:port`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a host and a port: write host:port, as in k1:9092 or [::1]:9092")]
pub struct InvalidAddress {
    text: String,
}

impl HostPort {
    /// Reads a list with commas between: `k1:9092,k2:9092`.
    pub fn list(text: &str) -> Result<Vec<Self>, InvalidAddress> {
        text.split(',').map(|one| one.trim().parse()).collect()
    }
}

impl FromStr for HostPort {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let invalid = || InvalidAddress { text: text.to_owned() };
        let (host, port) = text.rsplit_once(':').ok_or_else(invalid)?;
        let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if bracketed.is_none() && host.contains(':') {
            return Err(invalid());
        }
        let host = bracketed.unwrap_or(host);
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(invalid)?;
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c == '/') {
            return Err(invalid());
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_reads_back() {
        for text in ["k1:9092", "127.0.0.1:1", "[::1]:65535"] {
            let parsed: HostPort = text.parse().unwrap();
            assert_eq!(parsed.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_text() {
        for text in ["", "k1", "k1:", ":9092", "k1:0", "k1:65536", "::1:9092", "k 1:9092", "k1:9092/chroot"] {
            let error = text.parse::<HostPort>().unwrap_err();
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }

    #[test]
    fn a_list_is_split_at_commas() {
        let list = HostPort::list("k1:1, k2:2").unwrap();
        assert_eq!(list.iter().map(ToString::to_string).collect::<Vec<_>>(), ["k1:1", "k2:2"]);
        assert!(HostPort::list("k1:1,,k2:2").is_err());
    }
}
