//! How many addresses a client dials at once.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;

use crate::violations::Violations;

/// Over all brokers.
const MOST: usize = 8;

/// To one address: two to the broker, and two to it as a bootstrap address.
const MOST_TO_ONE: usize = 4;

/// The dials of a client that are under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dials(Rc<RefCell<BTreeMap<SocketAddr, usize>>>);

/// One of them, until it is over or given up.
#[derive(Debug)]
pub(crate) struct Dial {
    all: Dials,
    address: SocketAddr,
}

impl Dial {
    /// Brokers that come back must not be stormed: one dial too many is a violation.
    pub(crate) fn begin(all: &Dials, address: SocketAddr, violations: &Violations) -> Self {
        let mut under_way = all.0.borrow_mut();
        *under_way.entry(address).or_default() += 1;
        let (in_all, to_it) = (under_way.values().sum::<usize>(), under_way[&address]);
        violations.checked(1);
        if in_all > MOST || to_it > MOST_TO_ONE {
            violations
                .add("dials-few", format!("{in_all} dials are under way, {to_it} of them to {address}"));
        }
        drop(under_way);
        Self { all: all.clone(), address }
    }
}

impl Drop for Dial {
    fn drop(&mut self) {
        let mut under_way = self.all.0.borrow_mut();
        let left = under_way.get_mut(&self.address).map(|count| {
            *count -= 1;
            *count
        });
        if left == Some(0) {
            under_way.remove(&self.address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::clock::VirtualClock;
    use crate::executor::Schedule;
    use crate::trace::Trace;

    fn address(last: u8) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, last], 9092))
    }

    #[test]
    fn what_is_dialled_beyond_a_bound_is_told_and_what_is_over_does_not_count() {
        for (addresses, is_told) in
            [(vec![1; 4], false), (vec![1; 5], true), ((1..=8).collect(), false), ((1..=9).collect(), true)]
        {
            let violations =
                Violations::new(Trace::new(Rc::new(Schedule::new(Arc::new(VirtualClock::new()))), false));
            let all = Dials::default();
            for _ in 0..2 {
                let _held: Vec<_> =
                    addresses.iter().map(|last| Dial::begin(&all, address(*last), &violations)).collect();
            }
            assert_eq!(!violations.take().is_empty(), is_told, "{addresses:?}");
        }
    }
}
