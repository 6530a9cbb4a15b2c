//! How a member gets from what it has to what it is to have.
//!
//! | progress   | when it is heard of                      | then                                                       |
//! |------------|------------------------------------------|------------------------------------------------------------|
//! | Stable     | there is another target                  | Unrevoked, if it has what is not its own any more          |
//! |            |                                          | Unreleased, if others still have what it is to have        |
//! |            |                                          | Stable, with all that it is to have                        |
//! | Unrevoked  | it still says that it has what it is not to have, or says nothing | Unrevoked: nothing changes        |
//! | Unrevoked  | it does not have it                      | as from Stable, in the next epoch                          |
//! | Unreleased |                                          | as from Stable                                             |

use std::collections::{BTreeMap, BTreeSet};

use samsa_core::Instant;

use super::{Member, Part};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Progress {
    #[default]
    Stable,
    Unrevoked,
    Unreleased,
}

impl Member {
    pub(super) fn is_reconciled_to(&self, epoch: i32) -> bool {
        self.progress == Progress::Stable && self.epoch == epoch
    }

    /// One step. `owned` is what the member says that it has, `taken` what anybody has or has not given back.
    pub(super) fn reconcile(
        &mut self,
        now: Instant,
        (epoch, target): (i32, &BTreeSet<Part>),
        owned: Option<&BTreeSet<Part>>,
        taken: &BTreeSet<Part>,
    ) {
        if self.is_reconciled_to(epoch) {
            return;
        }
        let still_has = |parts: &BTreeMap<Part, i32>| {
            owned.is_none_or(|owned| parts.keys().any(|part| owned.contains(part)))
        };
        let is_unrevoked = self.progress == Progress::Unrevoked;
        if is_unrevoked && still_has(&self.revoking) {
            return;
        }
        let (kept, revoked): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.assigned).into_iter().partition(|(part, _)| target.contains(part));
        self.assigned = kept;
        self.previous_epoch = self.epoch;
        if !revoked.is_empty() && still_has(&revoked) {
            self.epoch += i32::from(is_unrevoked);
            self.progress = Progress::Unrevoked;
            self.revoking = revoked;
        } else {
            let missing = target.iter().filter(|part| !self.assigned.contains_key(part)).copied();
            let (unreleased, free): (BTreeSet<_>, BTreeSet<_>) =
                missing.partition(|part| taken.contains(part));
            self.epoch = epoch;
            self.progress = if unreleased.is_empty() { Progress::Stable } else { Progress::Unreleased };
            self.assigned.extend(free.into_iter().map(|part| (part, epoch)));
            self.revoking.clear();
        }
        self.limit_revocation(now);
    }

    /// It has so much time to give back what it has to.
    pub(super) fn limit_revocation(&mut self, now: Instant) {
        let is_unrevoked = self.progress == Progress::Unrevoked;
        self.revokes_until = is_unrevoked.then(|| now + self.rebalance_timeout);
    }
}
