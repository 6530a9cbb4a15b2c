//! Brokers that keep offsets of the group.

use super::Script;
use crate::group::OffsetsError;
use crate::group::member::MemberInput;
use crate::group::offsets::{CoordinatorAnswer, CoordinatorAsk, OffsetAsk};

impl Script {
    pub(super) fn brokers_answer_one(&mut self) -> bool {
        if !self.brokers_answer {
            return false;
        }
        let Some((id, ask)) = self.world.asked_brokers.pop_front() else { return false };
        let what = match &ask {
            CoordinatorAsk::Offset(place, OffsetAsk::Read) => format!("read {}", place.partition),
            CoordinatorAsk::Offset(place, OffsetAsk::Commit(offset)) => {
                format!("commit {}@{offset}", place.partition)
            }
            CoordinatorAsk::Members => "members".to_owned(),
            CoordinatorAsk::Member(_) => unreachable!("members in ZooKeeper do not ask that"),
            CoordinatorAsk::Outside(ask) => panic!("a member asks {ask:?}"),
        };
        let refusal = self.broken.remove(&what);
        self.nodes.log.push(what);
        if let CoordinatorAsk::Offset(place, OffsetAsk::Commit(offset)) = &ask
            && refusal.as_ref().is_none_or(|(_, was_done)| *was_done)
        {
            self.brokers.insert(place.partition, *offset);
        }
        let answer = match (refusal, ask) {
            (Some((error, _)), _) => Err(error),
            (None, CoordinatorAsk::Members) => Ok(CoordinatorAnswer::Members(self.members_on_brokers)),
            (None, CoordinatorAsk::Offset(place, OffsetAsk::Read)) => {
                Ok(CoordinatorAnswer::Read(self.brokers.get(&place.partition).copied()))
            }
            (None, CoordinatorAsk::Offset(..) | CoordinatorAsk::Member(_) | CoordinatorAsk::Outside(_)) => {
                Ok(CoordinatorAnswer::Committed)
            }
        };
        self.input(MemberInput::Brokers { id, answer });
        true
    }

    /// The brokers answer one thing that they were asked.
    pub(crate) fn brokers_answers_one(&mut self) {
        self.brokers_answer = true;
        assert!(self.brokers_answer_one(), "nothing was asked");
        self.brokers_answer = false;
    }

    /// So many consumers are in a group of this name that the brokers coordinate.
    pub(crate) fn has_members_on_brokers(&mut self, count: usize) {
        self.members_on_brokers = count;
    }

    /// From now on the brokers answer what was asked of them only by and by, or at once again.
    pub(crate) fn brokers_answer(&mut self, at_once: bool) {
        self.brokers_answer = at_once;
    }

    /// The brokers fail at this once, be it done or not.
    pub(crate) fn brokers_fail_at(&mut self, what: &str, error: OffsetsError, was_done: bool) {
        self.broken.insert(what.to_owned(), (error, was_done));
    }

    /// What is committed on the brokers.
    pub(crate) fn on_brokers(&self, partition: i32) -> Option<i64> {
        self.brokers.get(&partition).copied()
    }

    pub(crate) fn put_on_brokers(&mut self, partition: i32, offset: i64) {
        self.brokers.insert(partition, offset);
    }
}
