//! What happened on the connections, told to whom it concerns.

use std::time::Duration;

use super::Engine;
use crate::admin::{GroupLookupInput, LookupInput};
use crate::cluster::ClusterInput;
use crate::connection::{News, Owner, Peer, Role};
use crate::consumer::ConsumerInput;
use crate::event::Event;
use crate::group::GroupInput;
use crate::producer::ProducerInput;

impl Engine {
    pub(super) fn news(&mut self, news: News) {
        match news {
            News::Ready { peer, role } => self.ready(peer, role),
            News::Unreachable { peer, role, reason, is_loss } => {
                if let Peer::Broker(broker) = peer
                    && is_loss
                {
                    self.out.event(Event::BrokerLost { broker, reason: reason.clone() });
                }
                self.unreachable(peer, role, reason, is_loss);
            }
            News::Throttled { peer, role, lasts } => self.throttled(peer, role, lasts),
            News::Response { owner, version, frame } => match owner {
                Owner::Cluster => self.cluster(ClusterInput::Response { version, frame }),
                Owner::Producer(token) => self.producer(ProducerInput::Response { token, version, frame }),
                Owner::Consumer(token) => self.consumer(ConsumerInput::Response { token, version, frame }),
                Owner::Lookup(token) => self.lookup(LookupInput::Response { token, version, frame }),
                Owner::Group(token) => self.groups(GroupInput::Response { token, version, frame }),
                Owner::GroupLookup(token) => {
                    self.group_lookup(GroupLookupInput::Response { token, version, frame });
                }
            },
            News::Failed { owner, failure } => match owner {
                Owner::Cluster => self.cluster(ClusterInput::Failed(failure)),
                Owner::Producer(token) => self.producer(ProducerInput::Failed { token, failure }),
                Owner::Consumer(token) => self.consumer(ConsumerInput::Failed { token, failure }),
                Owner::Lookup(token) => self.lookup(LookupInput::Failed { token, failure }),
                Owner::Group(token) => self.groups(GroupInput::Failed { token, failure }),
                Owner::GroupLookup(token) => {
                    self.group_lookup(GroupLookupInput::Failed { token, failure });
                }
            },
            News::Oversized { owner, conn, bytes } => match owner {
                Owner::Consumer(token) => self.consumer(ConsumerInput::Oversized { token, conn, bytes }),
                Owner::Cluster
                | Owner::Producer(_)
                | Owner::Lookup(_)
                | Owner::Group(_)
                | Owner::GroupLookup(_) => {
                    self.net.allow(self.now, conn);
                }
            },
        }
    }

    fn ready(&mut self, peer: Peer, role: Role) {
        match role {
            Role::Produce => self.producer(ProducerInput::Ready { peer }),
            Role::Fetch(_) => self.consumer(ConsumerInput::Ready),
            Role::Metadata => self.cluster(ClusterInput::Ready),
            Role::Group => {
                self.groups(GroupInput::LookAgain);
                self.group_lookup(GroupLookupInput::LookAgain);
            }
            Role::Member(_) => self.groups(GroupInput::LookAgain),
            Role::Control => {
                self.producer(ProducerInput::ContactChanged);
                self.consumer(ConsumerInput::Ready);
                self.groups(GroupInput::LookAgain);
                self.group_lookup(GroupLookupInput::LookAgain);
                self.lookup(LookupInput::Ready);
            }
        }
    }

    fn unreachable(&mut self, peer: Peer, role: Role, reason: String, is_loss: bool) {
        match role {
            Role::Produce => self.producer(ProducerInput::Unreachable { peer, reason }),
            Role::Fetch(_) => self.consumer(ConsumerInput::Unreachable { peer, role, reason, is_loss }),
            Role::Metadata => {
                self.cluster(ClusterInput::Unreachable { peer, reason });
                self.producer(ProducerInput::ContactChanged);
            }
            Role::Group => {
                self.groups(GroupInput::Unreachable { peer, reason: reason.clone() });
                self.group_lookup(GroupLookupInput::Unreachable { peer, reason });
            }
            Role::Member(_) => self.groups(GroupInput::Unreachable { peer, reason }),
            Role::Control => {
                self.cluster(ClusterInput::Unreachable { peer, reason: reason.clone() });
                self.producer(ProducerInput::ContactChanged);
                let lost = ConsumerInput::Unreachable { peer, role, reason: reason.clone(), is_loss };
                self.consumer(lost);
                self.groups(GroupInput::LookAgain);
                self.group_lookup(GroupLookupInput::LookAgain);
                self.lookup(LookupInput::Unreachable { peer, reason });
            }
        }
    }

    fn throttled(&mut self, peer: Peer, role: Role, lasts: Duration) {
        let peer_name = self.net.describe(peer);
        tracing::debug!(peer = %peer_name, %role, ?lasts, "throttled");
        if let Peer::Broker(broker) = peer {
            self.out.event(Event::Throttled { broker, lasts });
        }
    }
}
