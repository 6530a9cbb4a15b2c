//! The committed offset of one partition, in one of the places where a group keeps offsets.
//!
//! | state   | input                             | then    | asks                                         |
//! |---------|-----------------------------------|---------|----------------------------------------------|
//! | Idle    | commit                            | Writing | the write                                    |
//! | Idle    | where it begins, on the brokers   | Reading | the read                                     |
//! | Writing | done                              | Idle    |                                              |
//! | Writing | overtaken                         | Reading | the read                                     |
//! | Writing | unknown fate                      | Resting |                                              |
//! | Resting | due                               | Reading | the read, behind what was written            |
//! | Reading | the same or a later offset        | Idle    |                                              |
//! | Reading | an earlier one, or none           | Writing | the write                                    |
//! | Reading | unknown fate                      | Resting |                                              |
//! | Writing, Reading | a refusal, too many doubts | Idle  | (told as failed)                             |
//!
//! A committed offset goes back only in a later [turn](super::super::world::Done::turn). Where a partition begins is committed
//! only where nothing is: what somebody has said meanwhile stands, be it earlier or later.
//!
//! In ZooKeeper a write is a Set at the known version, or a Create: whoever was overtaken is told. No node without an offset
//! is made. The brokers have no versions: there it is read first where it counts, and a write that comes late is not noticed.

use samsa_proto::zookeeper::{read_offset, write_offset};

use super::super::world::Done;
use super::{Answer, Ask, CoordinatorAnswer, OffsetAsk};
use crate::group::OffsetsError;
use crate::limits;
use crate::zookeeper::{ZkAnswer, ZkError, ZkOp};

#[derive(Clone, Debug, Hash)]
pub(super) struct Kept {
    place: Place,
    stored: Option<i64>,
    /// Whether it is known what is stored.
    is_read: bool,
    /// In which turn that was stored.
    turn: Option<u64>,
    state: State,
    /// Writes of unknown fate in a row.
    doubts: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// The version is `None` when there is no node.
    Node {
        path: String,
        version: Option<i32>,
    },
    Brokers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    Idle,
    Writing(Done),
    Resting(Done),
    Reading(Done),
}

/// What an answer says.
enum Heard {
    Read(Option<i64>),
    Written,
    /// Somebody else has written meanwhile.
    Overtaken,
    Unknown(String),
    Refused(String),
}

/// What comes of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Step {
    Ask(Ask),
    /// It has no answer that counts: to be looked at after a wait.
    Rest,
    /// Nothing is under way any more.
    Settled,
    Failed(String),
    /// Nothing is under way any more: somebody has said meanwhile that the partition begins here.
    Stands(i64),
}

impl Kept {
    pub(super) fn in_node(path: String) -> Self {
        Self::new(Place::Node { path, version: None })
    }

    pub(super) fn on_brokers() -> Self {
        Self::new(Place::Brokers)
    }

    fn new(place: Place) -> Self {
        Self { place, stored: None, is_read: false, turn: None, state: State::Idle, doubts: 0 }
    }

    pub(super) fn is_at(&self, answer: &Answer<'_>) -> bool {
        matches!(
            (&self.place, answer),
            (Place::Node { .. }, Answer::ZooKeeper(_)) | (Place::Brokers, Answer::Brokers(_))
        )
    }

    pub(super) fn is_idle(&self) -> bool {
        self.state == State::Idle
    }

    pub(super) fn stored(&self) -> Option<i64> {
        self.stored
    }

    pub(super) fn is_read(&self) -> bool {
        self.is_read
    }

    /// In which turn the partition began to be read, or what is stored was stored.
    pub(super) fn turn(&self) -> Option<u64> {
        self.turn
    }

    /// What the turn is in which the partition begins to be read.
    pub(super) fn begin(&mut self, turn: Option<u64>) {
        self.turn = turn;
    }

    /// What was read of it counts no more.
    pub(super) fn read_anew(&mut self) {
        self.is_read = false;
    }

    pub(super) fn read(&self) -> Ask {
        match &self.place {
            Place::Node { path, .. } => Ask::ZooKeeper(ZkOp::Get { path: path.clone(), watch: false }),
            Place::Brokers => Ask::Brokers(OffsetAsk::Read),
        }
    }

    /// Only what is read after it counts.
    pub(super) fn sync(&self) -> Option<ZkOp> {
        match &self.place {
            Place::Node { path, .. } => Some(ZkOp::Sync { path: path.clone() }),
            Place::Brokers => None,
        }
    }

    /// Takes over what was read. Says why it cannot be read, if so.
    pub(super) fn learn(&mut self, answer: &Answer<'_>) -> Result<(), String> {
        match self.heard(answer) {
            Heard::Read(stored) => {
                (self.stored, self.is_read) = (stored, true);
                Ok(())
            }
            Heard::Unknown(reason) | Heard::Refused(reason) => Err(reason),
            Heard::Written | Heard::Overtaken => Err("it is no answer to a read".to_owned()),
        }
    }

    /// Whether there is something to commit. Nothing that was done in a turn before that of what is stored is.
    pub(super) fn is_behind(&self, done: Done) -> bool {
        let goes_back = self.turn.is_some_and(|turn| turn < done.turn);
        self.turn.is_none_or(|turn| turn <= done.turn)
            && self.stored.is_none_or(|stored| stored < done.offset || (goes_back && stored != done.offset))
    }

    /// Commits, if nothing is under way and there is something to commit.
    pub(super) fn commit(&mut self, done: Done) -> Option<Ask> {
        (self.is_idle() && self.is_behind(done)).then(|| self.write(done))
    }

    /// Commits where the partition begins. The brokers would write it over whatever is there.
    pub(super) fn commit_start(&mut self, start: Done) -> Option<Ask> {
        if self.place != Place::Brokers {
            return self.commit(start);
        }
        self.is_idle().then(|| {
            self.state = State::Reading(start);
            self.read()
        })
    }

    fn write(&mut self, done: Done) -> Ask {
        self.state = State::Writing(done);
        let offset = done.offset;
        match &self.place {
            Place::Brokers => Ask::Brokers(OffsetAsk::Commit(offset)),
            Place::Node { path, version } => {
                let (path, data) = (path.clone(), write_offset(offset.unsigned_abs()));
                Ask::ZooKeeper(match *version {
                    Some(version) => ZkOp::Set { path, data, version },
                    None => ZkOp::Create { path, data, ephemeral: false },
                })
            }
        }
    }

    /// What was asked has its answer.
    pub(super) fn answered(&mut self, answer: &Answer<'_>) -> Step {
        let (State::Writing(done) | State::Reading(done)) = self.state else { return Step::Settled };
        let heard = self.heard(answer);
        self.goes_on(done, heard)
    }

    fn goes_on(&mut self, done: Done, heard: Heard) -> Step {
        match (self.state, heard) {
            (State::Writing(_), Heard::Written) => {
                (self.stored, self.turn) = (Some(done.offset), Some(done.turn));
                self.settle()
            }
            (State::Reading(_), Heard::Read(stored)) => {
                self.stored = stored;
                if self.is_behind(done) { Step::Ask(self.write(done)) } else { self.settle() }
            }
            (_, Heard::Unknown(reason)) => self.rest(done, reason),
            (_, Heard::Refused(reason)) => self.fail(reason),
            (_, Heard::Overtaken | Heard::Written | Heard::Read(_)) => {
                self.state = State::Reading(done);
                Step::Ask(self.read())
            }
        }
    }

    /// The commit of where the partition begins has its answer. What is found stands; where it begins elsewhere, too, only
    /// what is later.
    pub(super) fn start_answered(&mut self, answer: &Answer<'_>, begins_elsewhere: bool) -> Step {
        let (State::Writing(start) | State::Reading(start)) = self.state else { return Step::Settled };
        let heard = self.heard(answer);
        if let (State::Reading(_), Heard::Read(stored)) = (self.state, &heard) {
            (self.stored, self.is_read) = (*stored, true);
            if let Some(found) = stored.filter(|found| *found != start.offset)
                && (found > start.offset || !begins_elsewhere)
            {
                self.settle();
                return Step::Stands(found);
            }
        }
        self.goes_on(start, heard)
    }

    fn rest(&mut self, done: Done, reason: String) -> Step {
        self.doubts += 1;
        // In ZooKeeper the end of the session ends all doubt.
        if self.place == Place::Brokers && self.doubts > limits::COMMIT_DOUBTS {
            return self.fail(reason);
        }
        self.state = State::Resting(done);
        Step::Rest
    }

    fn fail(&mut self, reason: String) -> Step {
        self.settle();
        Step::Failed(reason)
    }

    fn settle(&mut self) -> Step {
        (self.state, self.doubts) = (State::Idle, 0);
        Step::Settled
    }

    /// The wait is over. Says whether there is something to look at.
    pub(super) fn look_again(&mut self) -> bool {
        let State::Resting(done) = self.state else { return false };
        self.state = State::Reading(done);
        true
    }

    fn heard(&mut self, answer: &Answer<'_>) -> Heard {
        match (answer, &mut self.place) {
            (Answer::ZooKeeper(result), Place::Node { version, .. }) => {
                let is_write = matches!(self.state, State::Writing(_));
                heard_of_node(result, version, is_write)
            }
            (Answer::Brokers(Ok(CoordinatorAnswer::Read(stored))), Place::Brokers) => Heard::Read(*stored),
            (Answer::Brokers(Ok(CoordinatorAnswer::Committed)), Place::Brokers) => Heard::Written,
            (Answer::Brokers(Err(error @ OffsetsError::Unanswered { .. })), Place::Brokers) => {
                Heard::Unknown(error.to_string())
            }
            (Answer::Brokers(Err(error)), Place::Brokers) => Heard::Refused(error.to_string()),
            (
                Answer::Brokers(Ok(
                    CoordinatorAnswer::Members(_)
                    | CoordinatorAnswer::Member(_)
                    | CoordinatorAnswer::Outside(_),
                )),
                _,
            )
            | (Answer::ZooKeeper(_), Place::Brokers)
            | (Answer::Brokers(_), Place::Node { .. }) => {
                Heard::Refused("what came is an answer to something else".to_owned())
            }
        }
    }
}

fn heard_of_node(result: &Result<ZkAnswer, ZkError>, version: &mut Option<i32>, is_write: bool) -> Heard {
    match result {
        Ok(ZkAnswer::Data(data, stat)) => {
            *version = Some(stat.version);
            read_offset(data).map_or_else(|error| Heard::Refused(error.to_string()), Heard::Read)
        }
        Ok(answer) => {
            *version = Some(if let ZkAnswer::Set(stat) = answer { stat.version } else { 0 });
            Heard::Written
        }
        Err(ZkError::BadVersion | ZkError::NodeExists) if is_write => Heard::Overtaken,
        Err(ZkError::NoNode) if !is_write => {
            *version = None;
            Heard::Read(None)
        }
        Err(ZkError::NoNode) if version.is_some() => Heard::Overtaken,
        Err(error @ ZkError::ConnectionLost) => Heard::Unknown(error.to_string()),
        Err(error) => Heard::Refused(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
