//! The committed offset of one partition, in its node.
//!
//! | state   | input                             | then    | asks                                         |
//! |---------|-----------------------------------|---------|----------------------------------------------|
//! | Idle    | commit                            | Writing | Set at the known version; Create if none     |
//! | Writing | done                              | Idle    |                                              |
//! | Writing | bad version, is there, is not     | Reading | Get                                          |
//! | Writing | unknown fate                      | Resting |                                              |
//! | Resting | due                               | Reading | Sync, Get                                    |
//! | Reading | the same or a later offset        | Idle    |                                              |
//! | Reading | an earlier one, or none           | Writing | Set at that version; Create if none          |
//! | Reading | no answer                         | Resting |                                              |
//! | Writing, Reading | a refusal                | Idle    | (told as failed)                             |
//!
//! A committed offset goes back only in a later [turn](super::world::Done::turn). No node without an offset is made. Where a
//! partition begins is committed only where nothing is: what somebody has said meanwhile stands, be it earlier or later.

use samsa_proto::zookeeper::{read_offset, write_offset};

use super::world::Done;
use crate::zookeeper::{ZkAnswer, ZkError, ZkOp};

#[derive(Clone, Debug, Hash)]
pub(super) struct OffsetNode {
    path: String,
    /// `None` when there is no node.
    version: Option<i32>,
    stored: Option<i64>,
    /// In which turn that was stored.
    turn: Option<u64>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    Idle,
    Writing(Done),
    Resting(Done),
    Reading(Done),
}

/// What comes of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Ask(ZkOp),
    /// It has no answer that counts: to be looked at after a wait.
    Rest,
    /// Nothing is under way any more.
    Settled,
    Failed(String),
    /// Nothing is under way any more: somebody has said meanwhile that the partition begins here.
    Stands(i64),
}

impl OffsetNode {
    pub(super) fn new(path: String) -> Self {
        Self { path, version: None, stored: None, turn: None, state: State::Idle }
    }

    pub(super) fn get(&self) -> ZkOp {
        ZkOp::Get { path: self.path.clone(), watch: false }
    }

    pub(super) fn sync(&self) -> ZkOp {
        ZkOp::Sync { path: self.path.clone() }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.state == State::Idle
    }

    pub(super) fn stored(&self) -> Option<i64> {
        self.stored
    }

    /// Takes over what was read. Says what is wrong with the data, if it cannot be read.
    pub(super) fn learn(&mut self, found: &Result<ZkAnswer, ZkError>) -> Result<(), String> {
        (self.version, self.stored) = (None, None);
        if let Ok(ZkAnswer::Data(data, stat)) = found {
            self.version = Some(stat.version);
            self.stored = read_offset(data).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// In which turn the partition began to be read, or what is stored was stored.
    pub(super) fn turn(&self) -> Option<u64> {
        self.turn
    }

    /// What the turn is in which the partition begins to be read.
    pub(super) fn begin(&mut self, turn: Option<u64>) {
        self.turn = turn;
    }

    /// Whether there is something to commit. Nothing that was done in a turn before that of what is stored is.
    pub(super) fn is_behind(&self, done: Done) -> bool {
        let goes_back = self.turn.is_some_and(|turn| turn < done.turn);
        self.turn.is_none_or(|turn| turn <= done.turn)
            && self.stored.is_none_or(|stored| stored < done.offset || (goes_back && stored != done.offset))
    }

    /// Commits, if nothing is under way and there is something to commit.
    pub(super) fn commit(&mut self, done: Done) -> Option<ZkOp> {
        (self.is_idle() && self.is_behind(done)).then(|| self.write(done))
    }

    fn write(&mut self, done: Done) -> ZkOp {
        self.state = State::Writing(done);
        let (path, data) = (self.path.clone(), write_offset(done.offset.unsigned_abs()));
        match self.version {
            Some(version) => ZkOp::Set { path, data, version },
            None => ZkOp::Create { path, data, ephemeral: false },
        }
    }

    /// What was asked has its answer.
    pub(super) fn answered(&mut self, result: &Result<ZkAnswer, ZkError>) -> Step {
        match (self.state, result) {
            (State::Idle | State::Resting(_), _) => Step::Settled,
            (State::Writing(done), Ok(answer)) => {
                self.version = Some(if let ZkAnswer::Set(stat) = answer { stat.version } else { 0 });
                (self.stored, self.turn) = (Some(done.offset), Some(done.turn));
                self.settle()
            }
            (State::Writing(done), Err(ZkError::BadVersion | ZkError::NodeExists)) => {
                self.state = State::Reading(done);
                Step::Ask(self.get())
            }
            (State::Writing(done), Err(ZkError::NoNode)) if self.version.is_some() => {
                self.state = State::Reading(done);
                Step::Ask(self.get())
            }
            (State::Writing(done) | State::Reading(done), Err(ZkError::ConnectionLost)) => {
                self.state = State::Resting(done);
                Step::Rest
            }
            (State::Reading(done), Ok(_) | Err(ZkError::NoNode)) => self.read(done, result),
            (_, Err(error)) => {
                self.state = State::Idle;
                Step::Failed(error.to_string())
            }
        }
    }

    /// The commit of where the partition begins has its answer.
    pub(super) fn start_answered(&mut self, result: &Result<ZkAnswer, ZkError>) -> Step {
        if let (State::Reading(start), Ok(_)) = (self.state, result)
            && self.learn(result).is_ok()
            && let Some(found) = self.stored.filter(|found| *found != start.offset)
        {
            self.state = State::Idle;
            return Step::Stands(found);
        }
        self.answered(result)
    }

    fn read(&mut self, done: Done, found: &Result<ZkAnswer, ZkError>) -> Step {
        if let Err(reason) = self.learn(found) {
            self.state = State::Idle;
            return Step::Failed(reason);
        }
        if self.is_behind(done) { Step::Ask(self.write(done)) } else { self.settle() }
    }

    fn settle(&mut self) -> Step {
        self.state = State::Idle;
        Step::Settled
    }

    /// The wait is over. Says whether there is something to look at.
    pub(super) fn look_again(&mut self) -> bool {
        let State::Resting(done) = self.state else { return false };
        self.state = State::Reading(done);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zookeeper::ZkStat;

    fn done(offset: i64, turn: u64) -> Done {
        Done { offset, turn }
    }

    type Answer = Result<ZkAnswer, ZkError>;

    fn data(text: &str, version: i32) -> ZkAnswer {
        ZkAnswer::Data(text.as_bytes().to_vec(), ZkStat { version, ..ZkStat::default() })
    }

    fn node(found: &Answer) -> OffsetNode {
        let mut node = OffsetNode::new("/o".to_owned());
        node.learn(found).unwrap();
        node.begin(Some(1));
        node
    }

    fn set(text: &str, version: i32) -> ZkOp {
        ZkOp::Set { path: "/o".to_owned(), data: text.as_bytes().to_vec(), version }
    }

    fn create(text: &str) -> ZkOp {
        ZkOp::Create { path: "/o".to_owned(), data: text.as_bytes().to_vec(), ephemeral: false }
    }

    #[test]
    fn the_first_commit_creates_the_node_with_its_offset_and_the_next_sets_it() {
        let mut node = node(&Err(ZkError::NoNode));
        assert_eq!(node.commit(done(5, 1)), Some(create("5")));
        assert_eq!(node.commit(done(6, 1)), None, "one at a time");
        assert_eq!(node.answered(&Ok(ZkAnswer::Created)), Step::Settled);
        assert_eq!(node.commit(done(6, 1)), Some(set("6", 0)));
    }

    #[test]
    fn what_is_not_ahead_is_not_written() {
        let mut node = node(&Ok(data("7", 3)));
        assert_eq!(node.commit(done(7, 1)), None);
        assert_eq!(node.commit(done(6, 1)), None);
        assert_eq!(node.commit(done(8, 1)), Some(set("8", 3)));
    }

    #[test]
    fn an_offset_goes_back_only_after_the_application_went_elsewhere() {
        let mut node = node(&Ok(data("7", 3)));
        assert_eq!(node.commit(done(2, 2)), Some(set("2", 3)));
        let stat = ZkStat { version: 4, ..ZkStat::default() };
        assert_eq!(node.answered(&Ok(ZkAnswer::Set(stat))), Step::Settled);
        assert_eq!(node.commit(done(1, 2)), None);
    }

    #[test]
    fn what_was_handed_out_is_missed_until_it_or_something_of_a_later_turn_is_stored() {
        let mut node = node(&Ok(data("7", 3)));
        assert!(!node.is_behind(done(7, 1)) && node.is_behind(done(9, 1)));
        node.commit(done(2, 2)).unwrap();
        node.answered(&Ok(ZkAnswer::Set(ZkStat { version: 4, ..ZkStat::default() })));
        assert!(!node.is_behind(done(9, 1)), "the application went elsewhere");
        assert!(node.is_behind(done(3, 2)) && !node.is_behind(done(2, 2)));
    }

    #[test]
    fn a_bad_version_is_read_and_the_larger_offset_kept() {
        for (found, step) in [
            (Ok(data("9", 5)), Step::Settled),
            (Ok(data("3", 5)), Step::Ask(set("8", 5))),
            (Ok(data("", 5)), Step::Ask(set("8", 5))),
            (Err(ZkError::NoNode), Step::Ask(create("8"))),
        ] {
            let mut node = node(&Ok(data("7", 3)));
            node.commit(done(8, 1)).unwrap();
            assert_eq!(node.answered(&Err(ZkError::BadVersion)), Step::Ask(node.get()));
            assert_eq!(node.answered(&found), step, "{found:?}");
        }
    }

    #[test]
    fn a_commit_of_unknown_fate_is_looked_at_before_anything_else() {
        for (found, step) in [(Ok(data("8", 4)), Step::Settled), (Ok(data("7", 3)), Step::Ask(set("8", 3)))] {
            let mut node = node(&Ok(data("7", 3)));
            node.commit(done(8, 1)).unwrap();
            assert_eq!(node.answered(&Err(ZkError::ConnectionLost)), Step::Rest);
            assert!(!node.is_idle() && node.commit(done(9, 1)).is_none());
            assert!(node.look_again());
            assert_eq!(node.answered(&found), step);
        }
    }

    #[test]
    fn data_that_is_no_offset_is_left_alone_and_told() {
        let mut node = node(&Ok(data("7", 3)));
        node.commit(done(8, 1)).unwrap();
        node.answered(&Err(ZkError::BadVersion));
        assert!(matches!(node.answered(&Ok(data("x", 4))), Step::Failed(_)));
        assert!(node.is_idle());
    }

    #[test]
    fn where_a_partition_begins_is_written_over_nothing() {
        for (found, step) in [
            (Ok(data("8", 3)), Step::Settled),
            (Ok(data("3", 5)), Step::Stands(3)),
            (Ok(data("9", 5)), Step::Stands(9)),
            (Ok(data("", 5)), Step::Ask(set("8", 5))),
            (Err(ZkError::NoNode), Step::Ask(create("8"))),
        ] {
            let mut node = node(&Err(ZkError::NoNode));
            assert_eq!(node.commit(done(8, 1)), Some(create("8")));
            assert_eq!(node.start_answered(&Err(ZkError::NodeExists)), Step::Ask(node.get()));
            assert_eq!(node.start_answered(&found), step, "{found:?}");
            assert_eq!(node.is_idle(), !matches!(step, Step::Ask(_)));
        }
    }
}
