//! What a broker remembers of a reader's fetches, so that only changes have to be said (KIP-227).
//!
//! | state          | input                                    | then           | the next request                       |
//! |----------------|------------------------------------------|----------------|----------------------------------------|
//! | Full           | an answer with a session                 | Going on at 1  | what is new, changed, or to forget     |
//! | Full           | an answer without one                    | Full           | all that is wanted                     |
//! | Going on at n  | an answer                                | Going on at n+1| what is new, changed, or to forget     |
//! | Going on at n  | the broker does not know the session     | Full           | all that is wanted                     |
//! | Going on at n  | no answer, any other error, another id   | Full           | all that is wanted, in place of the old|
//! |                | of the topic                             |                | session                                |
//!
//! Of what a broker is told of and does not mention in an answer there is nothing new.

use std::collections::BTreeMap;

use samsa_proto::ErrorCode;
use samsa_proto::api::fetch::FetchPartition;

use crate::planted::{PlantedBug, is_planted};

/// The first version with sessions.
const FIRST: i16 = 7;
/// What stands for no session.
const NONE: i32 = 0;
/// The epoch that asks for a session, one that fetches without, and one that ends it.
const INITIAL: i32 = 0;
const WITHOUT: i32 = -1;
const FINAL: i32 = -1;

/// The session with one broker.
#[derive(Debug, Default)]
pub(crate) struct Session {
    id: i32,
    /// Of the next request.
    epoch: i32,
    topic: Option<[u8; 16]>,
    /// What the broker fetches.
    held: BTreeMap<i32, FetchPartition>,
    /// The broker refused it, and nothing went right since.
    refused: bool,
}

/// What a request says of the session.
#[derive(Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) id: i32,
    pub(crate) epoch: i32,
    pub(crate) partitions: Vec<FetchPartition>,
    pub(crate) forgotten: Vec<i32>,
    /// The answer leaves out that of which there is nothing new.
    pub(crate) is_incremental: bool,
}

impl Session {
    /// What to say so that these partitions are fetched and no others. It counts as said.
    pub(crate) fn fetch(
        &mut self,
        version: i16,
        topic: Option<[u8; 16]>,
        wanted: Vec<FetchPartition>,
    ) -> Part {
        if version < FIRST {
            return Part {
                id: NONE,
                epoch: WITHOUT,
                partitions: wanted,
                forgotten: Vec::new(),
                is_incremental: false,
            };
        }
        if self.topic != topic {
            self.renew();
            self.topic = topic;
        }
        if self.epoch == INITIAL {
            self.held = wanted.iter().map(|wanted| (wanted.partition, wanted.clone())).collect();
            let (id, epoch) = (self.id, INITIAL);
            return Part { id, epoch, partitions: wanted, forgotten: Vec::new(), is_incremental: false };
        }
        let forgotten = self.forget_all_but(&wanted);
        let partitions: Vec<_> = wanted.into_iter().filter(|wanted| self.is_news(wanted)).collect();
        self.held.extend(partitions.iter().map(|wanted| (wanted.partition, wanted.clone())));
        Part { id: self.id, epoch: self.epoch, partitions, forgotten, is_incremental: true }
    }

    fn forget_all_but(&mut self, wanted: &[FetchPartition]) -> Vec<i32> {
        if is_planted(PlantedBug::NeverForgets) {
            return Vec::new();
        }
        let is_wanted = |number: &i32| wanted.iter().any(|wanted| wanted.partition == *number);
        self.held.extract_if(.., |number, _| !is_wanted(number)).map(|(number, _)| number).collect()
    }

    fn is_news(&self, wanted: &FetchPartition) -> bool {
        self.held.get(&wanted.partition) != Some(wanted)
    }

    /// An answer without an error of the session.
    pub(crate) fn go_on(&mut self, version: i16, id: i32) {
        self.refused = false;
        if version < FIRST {
            return;
        }
        if id == NONE || (self.epoch != INITIAL && id != self.id) {
            self.id = NONE;
            return self.renew();
        }
        self.id = id;
        self.epoch = if self.epoch == i32::MAX { 1 } else { self.epoch + 1 };
    }

    /// An error of the session. Says whether to ask anew at once.
    pub(crate) fn refuse(&mut self, code: ErrorCode) -> bool {
        if is_planted(PlantedBug::KeepsLostSession) {
            return false;
        }
        if code == ErrorCode::FETCH_SESSION_ID_NOT_FOUND {
            self.id = NONE;
        }
        self.renew();
        let is_of_session = matches!(
            code,
            ErrorCode::FETCH_SESSION_ID_NOT_FOUND
                | ErrorCode::INVALID_FETCH_SESSION_EPOCH
                | ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR
                | ErrorCode::INCONSISTENT_TOPIC_ID
        );
        is_of_session && !std::mem::replace(&mut self.refused, true)
    }

    /// The next request takes the place of the session.
    pub(crate) fn renew(&mut self) {
        self.epoch = INITIAL;
        self.held.clear();
    }

    /// How to end it, if the broker keeps one.
    pub(crate) fn end(&self) -> Option<Part> {
        let (id, epoch, partitions, forgotten) = (self.id, FINAL, Vec::new(), Vec::new());
        (id != NONE).then_some(Part { id, epoch, partitions, forgotten, is_incremental: true })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: Option<[u8; 16]> = Some([7; 16]);

    fn at(partitions: &[(i32, i64)]) -> Vec<FetchPartition> {
        let wanted = |(partition, fetch_offset): &(i32, i64)| FetchPartition {
            partition: *partition,
            fetch_offset: *fetch_offset,
            ..Default::default()
        };
        partitions.iter().map(wanted).collect()
    }

    fn said(part: &Part) -> (i32, i32, Vec<(i32, i64)>, &[i32]) {
        let partitions = part.partitions.iter().map(|wanted| (wanted.partition, wanted.fetch_offset));
        (part.id, part.epoch, partitions.collect(), &part.forgotten)
    }

    fn going_on() -> Session {
        let mut session = Session::default();
        let part = session.fetch(18, TOPIC, at(&[(0, 5), (1, 5)]));
        assert_eq!(said(&part), (0, 0, vec![(0, 5), (1, 5)], &[][..]));
        session.go_on(18, 77);
        session
    }

    #[test]
    fn only_changes_are_said() {
        let mut session = going_on();
        let part = session.fetch(18, TOPIC, at(&[(0, 6), (1, 5)]));
        assert_eq!(said(&part), (77, 1, vec![(0, 6)], &[][..]));
        session.go_on(18, 77);
        let part = session.fetch(18, TOPIC, at(&[(0, 6), (2, 0)]));
        assert_eq!(said(&part), (77, 2, vec![(2, 0)], &[1][..]));
        session.go_on(18, 77);
        let part = session.fetch(18, TOPIC, at(&[(0, 6), (1, 5), (2, 0)]));
        assert_eq!(said(&part), (77, 3, vec![(1, 5)], &[][..]), "what was forgotten is said again");
    }

    #[test]
    fn a_broker_that_lost_the_session_is_told_everything_anew_at_once_but_not_again_and_again() {
        let mut session = going_on();
        assert!(session.refuse(ErrorCode::FETCH_SESSION_ID_NOT_FOUND));
        let part = session.fetch(18, TOPIC, at(&[(0, 6)]));
        assert_eq!(said(&part), (0, 0, vec![(0, 6)], &[][..]));
        assert!(!session.refuse(ErrorCode::FETCH_SESSION_ID_NOT_FOUND));
    }

    #[test]
    fn where_an_answer_is_missing_or_the_topic_is_another_a_new_session_takes_the_place_of_the_old() {
        for trouble in [Session::renew, |session: &mut Session| {
            assert!(session.refuse(ErrorCode::INVALID_FETCH_SESSION_EPOCH));
        }] {
            let mut session = going_on();
            trouble(&mut session);
            assert_eq!(said(&session.fetch(18, TOPIC, at(&[(0, 6)]))), (77, 0, vec![(0, 6)], &[][..]));
        }
        let mut session = going_on();
        assert_eq!(session.fetch(18, Some([8; 16]), at(&[(0, 0)])).epoch, 0);
    }

    #[test]
    fn a_broker_that_keeps_none_is_told_everything_each_time() {
        let mut session = Session::default();
        for _ in 0..2 {
            assert_eq!(session.fetch(18, TOPIC, at(&[(0, 5)])).epoch, 0);
            session.go_on(18, 0);
        }
        assert_eq!(session.end(), None);
        let part = session.fetch(6, None, at(&[(0, 5)]));
        assert_eq!((part.epoch, part.partitions.len()), (-1, 1));
    }

    #[test]
    fn epochs_go_round_past_the_one_that_begins() {
        let mut session = going_on();
        session.epoch = i32::MAX;
        session.go_on(18, 77);
        assert_eq!(session.fetch(18, TOPIC, at(&[(0, 5)])).epoch, 1);
        assert_eq!(session.end().map(|part| (part.id, part.epoch)), Some((77, -1)));
    }
}
