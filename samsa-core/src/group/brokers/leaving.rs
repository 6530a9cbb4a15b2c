//! How a member leaves: everything is given up, what is done of it committed, and then the coordinator is told, so that others need
//! not wait for a member that is silent.

use std::sync::Arc;

use super::member::{Member, Phase, Protocol};
use super::world::BrokerWorld;
use crate::group::GroupError;
use crate::group::coordinator::{Attend, MemberAsk};
use crate::limits;
use crate::time::{Instant, Now};

impl Member {
    /// Whoever can never be told where to start has no use for the partitions. What is done of the others is committed first.
    pub(super) fn leave_if_refused(&mut self, now: Now, world: &mut impl BrokerWorld) {
        if self.commits.refusal().is_some() && self.phase == Phase::Joined {
            self.leave(now, now.mono + limits::LEAVING, world);
        }
    }

    pub(super) fn leave(&mut self, now: Now, until: Instant, world: &mut impl BrokerWorld) {
        match &mut self.phase {
            Phase::Joined | Phase::Preparing => {}
            Phase::Joining | Phase::Sharing(_) | Phase::Syncing => {
                // Who was never heard of need not be waited for.
                if world.drop_unsent() && self.name.is_empty() {
                    return self.end(None, world);
                }
            }
            // What it asked before may have been heard.
            Phase::Resting(_) if !self.name.is_empty() => {}
            Phase::Leaving { until: earlier, .. } => {
                *earlier = until.min(*earlier);
                return self.give_up_all(now, until, world);
            }
            Phase::Resting(_) | Phase::Listing | Phase::Over => return self.end(None, world),
        }
        self.phase = Phase::Leaving { until, is_asked: false };
        self.commit_due = None;
        self.give_up_all(now, until, world);
    }

    /// A quarter of the time is for the coordinator to be told.
    fn give_up_all(&mut self, now: Now, until: Instant, world: &mut impl BrokerWorld) {
        let time = until.since(now.mono);
        self.revoke(now, |_| true, now.mono + time * 3 / 4, world);
    }

    pub(super) fn finish_leaving(&mut self, now: Now, world: &mut impl BrokerWorld) {
        let Phase::Leaving { until, is_asked } = self.phase else { return };
        if self.holdings.is_empty() && !is_asked {
            self.phase = Phase::Leaving { until, is_asked: self.say_goodbye(now, world) };
        }
        if until <= now.mono {
            let left = self.holdings.values().filter(|holding| holding.has_more(&*world)).count();
            self.drop_all("the time to leave was over", world);
            self.end_leaving(left, "the time to leave was over", world);
        }
    }

    /// What cannot go on, or has no room. Others wait for a member that is silent, so the coordinator is told.
    pub(super) fn withdraw(&mut self, now: Now, error: GroupError, world: &mut impl BrokerWorld) {
        let reason = error.to_string();
        let left = self.drop_all(&reason, world);
        if matches!(self.phase, Phase::Leaving { .. }) {
            return self.end_leaving(left, &reason, world);
        }
        if self.say_goodbye(now, world) {
            self.failure = Some(error);
            self.phase = Phase::Leaving { until: now.mono + limits::GOODBYE, is_asked: true };
        } else {
            self.end(Some(error), world);
        }
    }

    /// Tells the coordinator, which answers when it has taken the member out. Says whether it could be told: a member that
    /// has no name yet cannot be named.
    pub(super) fn say_goodbye(&mut self, now: Now, world: &mut impl BrokerWorld) -> bool {
        if self.name.is_empty() {
            return false;
        }
        let member = Arc::clone(&self.name);
        let ask = match self.protocol {
            Protocol::Classic(_) => MemberAsk::Leave { member },
            Protocol::Consumer(_) => {
                MemberAsk::Attend(Attend { member, epoch: Attend::LEAVES, wish: None, holds: None })
            }
        };
        self.attendance.ask(world, now, ask);
        true
    }

    pub(super) fn has_left(&mut self, world: &mut impl BrokerWorld) {
        if matches!(self.phase, Phase::Leaving { .. }) {
            self.drop_all("it has left", world);
            self.end_leaving(0, "it has left", world);
        }
    }

    pub(super) fn end_leaving(&mut self, left: usize, reason: &str, world: &mut impl BrokerWorld) {
        let left = self.commits.why_left(&self.settings.group, left, reason);
        let failure = self.failure.take().or(left);
        self.end(failure, world);
    }
}
