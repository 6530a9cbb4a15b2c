//! What may be wrong with an address where nobody is of use.

use super::Network;
use crate::connection::Peer;
use crate::connection::age::Opening;
use crate::connection::connection::Connection;

impl Network {
    /// Why a broker could not be connected to. Nobody may ever have reached it at the address that its cluster gives.
    pub(super) fn why_not_dialled(&self, peer: Peer, reason: &str) -> String {
        if matches!(peer, Peer::Bootstrap(_)) || self.versions.contains_key(&peer) {
            return reason.to_owned();
        }
        format!(
            "{reason}; its cluster gives that address: is the broker up, and can its advertised.listeners be reached from here?"
        )
    }
}

/// Why a connection has ended. A bootstrap address that was given may be that of somebody who knows no question of ours.
pub(super) fn why_ended(peer: Peer, connection: &Connection, reason: &str) -> String {
    let has_heard_nothing = connection.opening().is_some_and(|opening| opening != Opening::Nothing);
    if matches!(peer, Peer::Broker(_)) || !has_heard_nothing {
        return reason.to_owned();
    }
    format!(
        "{reason} before it had answered anything; is a Kafka broker there, on a port without TLS (PLAINTEXT)? \
         A ZooKeeper server is given as such (--zookeeper)"
    )
}
