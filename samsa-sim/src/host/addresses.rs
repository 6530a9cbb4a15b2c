//! Where brokers listen: at an address of their own, which may become another one, and by a name that leads there.

use std::time::Duration;

use samsa_core::HostPort;

use super::{Host, Inner, PORT, name};
use crate::cluster::Release;
use crate::rng::Rng;

/// For how long nobody is reached at an address that swallows what is dialled. Then it refuses.
const SWALLOWS: Duration = Duration::from_secs(120);

/// What becomes of an address that a broker has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// Nobody is let in.
    Refuses,
    /// Who dials it hears nothing.
    Swallows,
    /// Somebody listens who sends back whoever asks for the brokers (KIP-1102).
    SendsBack,
}

impl Left {
    /// Any that brokers of this release know.
    pub(crate) fn draw(release: Release, rng: &mut Rng) -> Self {
        const ALL: &[Left] = &[Left::Refuses, Left::Swallows, Left::SendsBack];
        let known = if release >= Release::V4_4 { ALL } else { &ALL[..2] };
        rng.pick(known).copied().unwrap_or(Self::Refuses)
    }
}

/// The name that leads to a broker wherever it is.
pub(super) fn lasting_name(broker: i32) -> String {
    format!("seed{broker}")
}

impl Host {
    /// The name of every broker that leads to it wherever it is, with the port, and with commas between.
    pub(crate) fn lasting_names(&self) -> String {
        let inner = self.0.borrow();
        let names = inner.cluster.broker_ids().into_iter().map(|id| format!("{}:{PORT}", lasting_name(id)));
        names.collect::<Vec<_>>().join(",")
    }

    /// A broker that does not run will listen where nobody did before.
    pub(crate) fn leave_address(&self, broker: i32, left: Left) {
        self.0.borrow_mut().leave_address(broker, left);
    }

    /// Brokers none of which runs will each listen where the next one did.
    pub(crate) fn exchange_addresses(&self) {
        let inner = &mut *self.0.borrow_mut();
        let brokers = inner.cluster.broker_ids();
        let mut addresses: Vec<HostPort> =
            brokers.iter().filter_map(|id| inner.cluster.address(*id).cloned()).collect();
        addresses.rotate_left(1);
        for (broker, address) in brokers.into_iter().zip(addresses) {
            inner.set_address(broker, address);
        }
    }
}

impl Inner {
    fn leave_address(&mut self, broker: i32, left: Left) {
        let Some(before) = self.cluster.address(broker).cloned() else { return };
        if self.cluster.is_running(broker) {
            return;
        }
        match left {
            Left::Refuses => {}
            Left::Swallows => self.world.network.shut(&before.host, SWALLOWS),
            Left::SendsBack => {
                let listener = self.socket_address(broker).map(|address| self.world.network.listen(address));
                self.former.extend(listener.map(|listener| (broker, listener)));
            }
        }
        self.moves += 1;
        let trace = &self.world.trace;
        trace.line(&name(broker), format_args!("leaves {before}, which {left:?} from now on"));
        self.set_address(broker, HostPort { host: format!("k{broker}-{}", self.moves), port: PORT });
        self.wake();
    }

    fn set_address(&mut self, broker: i32, address: HostPort) {
        self.world.trace.line(&name(broker), format_args!("will listen at {address}"));
        self.world.network.point(&lasting_name(broker), &address.host);
        self.cluster.set_address(broker, address);
    }
}
