//! The connect string of a ZooKeeper ensemble: `host:port,host:port/chroot`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::path::{self, NameFault};

/// The port of a server that names none.
pub const DEFAULT_PORT: u16 = 2181;

/// Where an ensemble is, and under which node of it the cluster lives.
///
/// ```
/// use samsa_proto::zookeeper::ConnectString;
///
/// let ensemble: ConnectString = "zk1,zk2:2182/kafka".parse()?;
/// assert_eq!(ensemble.servers[0].to_string(), "zk1:2181");
/// assert_eq!(ensemble.chroot.as_deref(), Some("/kafka"));
/// # Ok::<(), samsa_proto::zookeeper::ConnectStringError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectString {
    /// The servers, in the order given; at least one.
    pub servers: Vec<Server>,
    /// The node that stands for `/`, from its slash on; `None` for the ensemble's own root.
    pub chroot: Option<String>,
}

/// One server of the ensemble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Name or address; an IPv6 address without its brackets.
    pub host: String,
    /// The client port.
    pub port: u16,
}

/// Why a text is no connect string.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConnectStringError {
    /// There is nothing, or only a chroot.
    #[error("no ZooKeeper server is named; write them as host:port,host:port/chroot")]
    NoServer,
    /// A comma with nothing before or after it.
    #[error("server {0} of the list is empty; remove the comma beside it")]
    EmptyServer(usize),
    /// A scheme such as `zk://` stands first.
    #[error(
        "the connect string starts with {0:?}; leave the scheme away and write host:port,host:port/chroot"
    )]
    Scheme(String),
    /// A server with a colon but without a host.
    #[error("server {0:?} has no host; write it as host:port")]
    NoHost(String),
    /// A host with a space or another character that none has.
    #[error(
        "server {server:?} has {character:?} in its host; write it as host:port, and servers apart by commas"
    )]
    Host {
        /// The server as given.
        server: String,
        /// The character.
        character: char,
    },
    /// A port that is no port.
    #[error("server {0:?} has no port between 1 and 65535 after its colon; the usual one is 2181")]
    Port(String),
    /// An IPv6 address without brackets.
    #[error("server {0:?} has more than one colon; write an IPv6 address in brackets, [::1]:2181")]
    Ipv6WithoutBrackets(String),
    /// A bracket that is not closed, or followed by something else than a port.
    #[error("server {0:?} has a bracket out of place; write an IPv6 address as [::1]:2181")]
    Bracket(String),
    /// The chroot stands behind more servers than the last.
    #[error("servers stand behind the chroot {0:?}; write the chroot once, behind the last server")]
    ServersBehindChroot(String),
    /// The chroot is no ZooKeeper path.
    #[error("the chroot {chroot:?} is no ZooKeeper path: a part of it is wrong, {fault}")]
    Chroot {
        /// The chroot as given.
        chroot: String,
        /// What is wrong with one of its parts.
        fault: NameFault,
    },
}

impl FromStr for ConnectString {
    type Err = ConnectStringError;

    /// Spaces around servers and a slash at the end are taken and dropped.
    fn from_str(text: &str) -> Result<Self, ConnectStringError> {
        let text = text.trim();
        if let Some((scheme, _)) = text.split_once("://") {
            return Err(ConnectStringError::Scheme(format!("{scheme}://")));
        }
        let (servers, chroot) = text.find('/').map_or((text, ""), |slash| text.split_at(slash));
        if servers.trim().is_empty() {
            return Err(ConnectStringError::NoServer);
        }
        let servers = servers
            .split(',')
            .enumerate()
            .map(|(i, text)| server(i, text.trim()))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            servers,
            chroot: checked_chroot(chroot.trim_end_matches(|c: char| c == '/' || c.is_whitespace()))?,
        })
    }
}

fn server(index: usize, text: &str) -> Result<Server, ConnectStringError> {
    if text.is_empty() {
        return Err(ConnectStringError::EmptyServer(index + 1));
    }
    let (host, port) = if let Some(address) = text.strip_prefix('[') {
        let (host, rest) = address.split_once(']').ok_or_else(|| ConnectStringError::Bracket(text.into()))?;
        let port = rest.strip_prefix(':');
        if port.is_none() && !rest.is_empty() {
            return Err(ConnectStringError::Bracket(text.into()));
        }
        (host, port)
    } else {
        match text.split_once(':') {
            Some((_, port)) if port.contains(':') => {
                return Err(ConnectStringError::Ipv6WithoutBrackets(text.into()));
            }
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    Ok(Server { host: checked_host(text, host)?, port: checked_port(text, port)? })
}

fn checked_host(server: &str, host: &str) -> Result<String, ConnectStringError> {
    let out_of_place = |c: &char| c.is_whitespace() || c.is_control() || "[]@?#\"\\".contains(*c);
    match host.chars().find(out_of_place) {
        Some(character) => Err(ConnectStringError::Host { server: server.to_owned(), character }),
        None if host.is_empty() => Err(ConnectStringError::NoHost(server.to_owned())),
        None => Ok(host.to_owned()),
    }
}

fn checked_port(server: &str, port: Option<&str>) -> Result<u16, ConnectStringError> {
    let Some(port) = port else { return Ok(DEFAULT_PORT) };
    let digits = port.bytes().all(|b| b.is_ascii_digit());
    let number = port.parse().ok().filter(|number| digits && *number != 0);
    number.ok_or_else(|| ConnectStringError::Port(server.to_owned()))
}

fn checked_chroot(chroot: &str) -> Result<Option<String>, ConnectStringError> {
    let Some(parts) = chroot.strip_prefix('/') else { return Ok(None) };
    if chroot.contains(',') {
        return Err(ConnectStringError::ServersBehindChroot(chroot.to_owned()));
    }
    for part in parts.split('/') {
        path::check(part).map_err(|fault| ConnectStringError::Chroot { chroot: chroot.to_owned(), fault })?;
    }
    Ok(Some(chroot.to_owned()))
}

impl fmt::Display for ConnectString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, server) in self.servers.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma}{server}")?;
        }
        f.write_str(self.chroot.as_deref().unwrap_or_default())
    }
}

impl fmt::Display for Server {
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

    fn parse(text: &str) -> Result<String, ConnectStringError> {
        text.parse::<ConnectString>().map(|connect| connect.to_string())
    }

    #[test]
    fn servers_and_chroot_are_read() {
        for (text, said) in [
            ("zk1", "zk1:2181"),
            ("zk1:2182", "zk1:2182"),
            (" zk1 , zk2:2182/kafka ", "zk1:2181,zk2:2182/kafka"),
            ("127.0.0.1:2181/a/b", "127.0.0.1:2181/a/b"),
            ("[::1]:2182,[fd00::1]/kafka", "[::1]:2182,[fd00::1]:2181/kafka"),
            ("zk1:2181/", "zk1:2181"),
            ("zk1:2181/kafka/", "zk1:2181/kafka"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(said));
        }
    }

    #[test]
    fn each_mistake_has_its_own_answer() {
        use ConnectStringError as E;
        for (text, error) in [
            ("", E::NoServer),
            ("/kafka", E::NoServer),
            ("zk1:2181,,zk2:2181", E::EmptyServer(2)),
            ("zk1:2181,", E::EmptyServer(2)),
            ("zk://zk1:2181/kafka", E::Scheme("zk://".to_owned())),
            (":2181", E::NoHost(":2181".to_owned())),
            ("zk1 zk2", E::Host { server: "zk1 zk2".to_owned(), character: ' ' }),
            ("zk1:", E::Port("zk1:".to_owned())),
            ("zk1:0", E::Port("zk1:0".to_owned())),
            ("zk1:+1", E::Port("zk1:+1".to_owned())),
            ("zk1:65536", E::Port("zk1:65536".to_owned())),
            ("::1", E::Ipv6WithoutBrackets("::1".to_owned())),
            ("[::1", E::Bracket("[::1".to_owned())),
            ("[::1]2181", E::Bracket("[::1]2181".to_owned())),
            ("zk1:2181/a,zk2:2181/a", E::ServersBehindChroot("/a,zk2:2181/a".to_owned())),
            ("zk1:2181/a//b", E::Chroot { chroot: "/a//b".to_owned(), fault: NameFault::Empty }),
            ("zk1:2181/../b", E::Chroot { chroot: "/../b".to_owned(), fault: NameFault::Relative }),
        ] {
            assert_eq!(parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn the_error_says_what_to_do() {
        assert_eq!(
            parse("zk1:2181/a,zk2:2181/a").expect_err("two chroots").to_string(),
            r#"servers stand behind the chroot "/a,zk2:2181/a"; write the chroot once, behind the last server"#
        );
    }
}
