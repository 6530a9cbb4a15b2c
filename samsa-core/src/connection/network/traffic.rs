//! What goes to brokers and comes from them, in figures.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::slots::Way;
use super::super::{Owner, Peer, Role};
use super::Network;
use crate::address::HostPort;
use crate::limits;
use crate::metrics::BrokerMetrics;

/// A measure for each peer.
#[derive(Debug, Default)]
pub(super) struct Traffic(BTreeMap<Peer, BrokerMetrics>);

impl Traffic {
    /// Counts something. Whoever names ever new brokers is not counted for ever.
    pub(super) fn count(&mut self, peer: Peer, count: impl FnOnce(&mut BrokerMetrics)) {
        if self.0.len() < limits::ADDRESSES || self.0.contains_key(&peer) {
            count(self.0.entry(peer).or_default());
        }
    }

    /// A connection is being made, to where the peer listens now.
    pub(super) fn dialled(&mut self, peer: Peer, address: &HostPort) {
        self.count(peer, |metrics| metrics.address = address.to_string());
    }

    /// A response came after so long. What readers ask beside their fetches goes over another connection.
    pub(super) fn responded(&mut self, (peer, role): Way, owner: Owner, took: Duration) {
        self.count(peer, |metrics| {
            let latency = match (owner, role) {
                (Owner::Producer(_), _) => &mut metrics.publish_latency,
                (_, Role::Fetch(_)) => &mut metrics.fetch_latency,
                (_, Role::Produce | Role::Control | Role::Metadata | Role::Group | Role::Member(_)) => {
                    &mut metrics.other_latency
                }
            };
            latency.add(took);
        });
    }

    /// A response has a connection sent nothing for so much longer.
    pub(super) fn throttled(&mut self, peer: Peer, rests: Duration) {
        self.count(peer, |metrics| {
            metrics.throttles += 1;
            metrics.throttled += rests;
        });
    }
}

impl Network {
    /// Each peer that was dialled.
    pub(crate) fn metrics(&self) -> Vec<BrokerMetrics> {
        let mut peers = self.traffic.0.clone();
        for (_, (peer, _), connection) in self.slots.iter() {
            if let Some(metrics) = peers.get_mut(&peer) {
                metrics.connections += 1;
                metrics.requests_in_flight += connection.owed();
            }
        }
        let named = peers.into_iter().map(|(peer, metrics)| BrokerMetrics {
            broker: match peer {
                Peer::Broker(id) => Some(id),
                Peer::Bootstrap(_) => None,
            },
            ..metrics
        });
        named.collect()
    }
}
