//! How a member leaves: everything is given up, what is done of it committed, and then the session closed.

use super::assign::Share;
use super::member::{Member, Phase};
use super::world::World;
use crate::limits;
use crate::time::{Instant, Now};

impl Member {
    /// Whoever can never be told where to start has no use for the partitions. What is done of the others is committed first.
    pub(super) fn leave_if_refused(&mut self, now: Now, world: &mut impl World) {
        if self.commits.refusal().is_some() && self.phase == Phase::Joined {
            self.leave(now, now.mono + limits::LEAVING, world);
        }
    }

    pub(super) fn leave(&mut self, now: Now, until: Instant, world: &mut impl World) {
        match &mut self.phase {
            Phase::Joined => {}
            Phase::Leaving { until: earlier } => {
                *earlier = until.min(*earlier);
                return;
            }
            _ => return self.end(None, world),
        }
        self.phase = Phase::Leaving { until };
        (self.round, self.round_due, self.commit_due) = (None, None, None);
        self.want_only(now, &Share::new(), Some(until), world);
    }

    pub(super) fn finish_leaving(&mut self, now: Now, world: &mut impl World) {
        let Phase::Leaving { until } = self.phase else { return };
        if self.claims.is_empty() || until <= now.mono {
            let left = self.claims.values().filter(|claim| claim.has_more(&*world)).count();
            let failure = self.commits.why_left(&self.settings.group, left, "the time to leave was over");
            self.end(failure, world);
        }
    }
}
