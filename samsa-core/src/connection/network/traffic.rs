//! What goes to brokers and comes from them, in figures.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::{Owner, Peer};
use super::Network;
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

    /// A response came after so long.
    pub(super) fn responded(&mut self, peer: Peer, owner: Owner, took: Duration, throttle: Duration) {
        self.count(peer, |metrics| {
            match owner {
                Owner::Producer(_) => metrics.publish_latency.add(took),
                Owner::Consumer(_) => metrics.fetch_latency.add(took),
                Owner::Cluster | Owner::Lookup(_) => metrics.other_latency.add(took),
            }
            metrics.throttles += u64::from(!throttle.is_zero());
            metrics.throttled += throttle;
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
                metrics.requests_in_flight += connection.in_flight();
            }
        }
        let named = peers.into_iter().map(|(peer, metrics)| BrokerMetrics {
            broker: match peer {
                Peer::Broker(id) => Some(id),
                Peer::Bootstrap(_) => None,
            },
            address: self.addresses.get(&peer).map(ToString::to_string).unwrap_or_default(),
            ..metrics
        });
        named.collect()
    }
}
