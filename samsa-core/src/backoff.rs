//! How long to wait before trying again: exponential, with jitter in its upper half (KIP-580 in spirit).

use std::time::Duration;

use crate::rng::Rng;

/// The bounds of a wait that doubles with each failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Backoff {
    /// The longest wait after the first failure.
    pub first: Duration,
    /// The longest wait ever.
    pub most: Duration,
}

impl Backoff {
    /// The wait after `failures` failures in a row: between half and all of the doubled bound, so that clients
    /// which failed together do not come back together.
    pub(crate) fn wait(self, failures: u32, rng: &mut Rng) -> Duration {
        let doublings = failures.saturating_sub(1).min(20);
        let bound = self.first.saturating_mul(1 << doublings).min(self.most);
        bound / 2 + rng.up_to(bound / 2)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const BACKOFF: Backoff = Backoff { first: Duration::from_millis(100), most: Duration::from_secs(1) };

    #[test]
    fn the_wait_doubles_up_to_its_bound() {
        let mut rng = Rng::new(3);
        for (failures, bound) in [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1000), (500, 1000)] {
            let wait = BACKOFF.wait(failures, &mut rng);
            assert!(wait >= Duration::from_millis(bound / 2), "{failures}: {wait:?}");
            assert!(wait <= Duration::from_millis(bound), "{failures}: {wait:?}");
        }
    }

    #[test]
    fn those_that_failed_together_do_not_come_back_together() {
        let waits: BTreeSet<_> = (0..20).map(|seed| BACKOFF.wait(4, &mut Rng::new(seed))).collect();
        assert!(waits.len() > 15, "{waits:?}");
    }
}
