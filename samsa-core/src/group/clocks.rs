//! Until when a member relies on its session: both clocks are looked at, and so is its own node.

use super::member::{Member, Phase};
use super::session::Question;
use super::standing::Standing;
use super::world::World;
use crate::time::Now;
use crate::zookeeper::{ZkAnswer, ZkError, ZkOp};

impl Member {
    pub(super) fn look_at_the_clocks(&mut self, now: Now, world: &mut impl World) {
        let owns = self.owns();
        let Some(session) = &mut self.session else { return };
        if owns && session.ends() <= now.mono {
            return self.lose(now, "ZooKeeper did not answer in time", world);
        }
        if session.comes_in_doubt(now) {
            tracing::warn!(group = %self.settings.group, "the clocks disagree: the machine may have been suspended");
            world.end_lease();
            self.ask_whether_alive(now, world);
        }
    }

    pub(super) fn ask_whether_alive(&mut self, now: Now, world: &mut impl World) {
        let path = self.paths.own.clone();
        let Some(session) = self.session.as_mut().filter(|session| session.id.is_some()) else { return };
        let question = Question::Alive(session.doubts());
        session.ask(world, now, Question::Synced, ZkOp::Sync { path: path.clone() });
        session.ask(world, now, question, ZkOp::Exists { path, watch: false });
    }

    pub(super) fn renew_lease(&self, world: &mut impl World) {
        if let Some(session) = self.session.as_ref().filter(|session| !session.is_in_doubt())
            && self.owns()
        {
            world.renew(session.ends(), session.ahead_at_most());
        }
    }

    pub(super) fn alive_answered(
        &mut self,
        now: Now,
        doubts: u64,
        result: &Result<ZkAnswer, ZkError>,
        world: &mut impl World,
    ) {
        let Some(session) = &mut self.session else { return };
        match result {
            Ok(ZkAnswer::Stat(Some(stat))) if session.id == Some(stat.ephemeral_owner) => {
                session.is_there(doubts);
            }
            Ok(ZkAnswer::Stat(_)) if matches!(self.phase, Phase::Joined | Phase::Leaving { .. }) => {
                self.lose(now, "the member's registration is gone", world);
            }
            Ok(_) => session.is_there(doubts),
            Err(_) => {}
        }
    }
}
