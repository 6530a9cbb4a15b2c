//! Leaders that a fetch response names in the place of the broker that sent it (KIP-951).

use samsa_proto::api::fetch::{LeaderIdAndEpoch, NodeEndpoint};

use super::partition::Partition;
use crate::address::HostPort;
use crate::id::BrokerId;
use crate::limits;
use crate::topology::PartitionInfo;

/// A broker and where it listens, if that makes sense.
pub(crate) fn introduction(endpoint: &NodeEndpoint<'_>) -> Option<(BrokerId, HostPort)> {
    let port = u16::try_from(endpoint.port).ok().filter(|port| *port != 0)?;
    let known = endpoint.node_id >= 0 && !endpoint.host.is_empty();
    known.then(|| (BrokerId(endpoint.node_id), HostPort { host: endpoint.host.to_owned(), port }))
}

impl Partition {
    /// A leader of a later epoch than the one that is known is asked at once, unless one named the other too often; the
    /// metadata will follow.
    pub(crate) fn take_hint(&mut self, hint: &LeaderIdAndEpoch) {
        if hint.leader_id >= 0 && self.is_later_than_known(hint.leader_epoch) {
            let not_before = self.not_before;
            self.follow(&PartitionInfo {
                partition: self.source.partition(),
                leader: Some(BrokerId(hint.leader_id)),
                leader_epoch: Some(hint.leader_epoch),
                replicas: Vec::new(),
                in_sync: Vec::new(),
            });
            if self.failures > limits::HINTS_AT_ONCE {
                self.not_before = not_before;
            }
        }
    }
}
