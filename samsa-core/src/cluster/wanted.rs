//! A topic that somebody wants to know about, and when it is believed that there is none of its name.
//!
//! | trouble     | input                                    | then               | emits                            |
//! |-------------|------------------------------------------|--------------------|----------------------------------|
//! | not asked   | the question goes out                    | asked              |                                  |
//! | not asked   | somebody says that it is unknown         | not asked          | that was about an older wish     |
//! | any         | partitions, of an id that it has or had  | none               | leaders that are others now      |
//! | any         | partitions, of an id it never had        | none               | the same; it was made anew       |
//! | unknown, of | partitions without id, whose epochs      | none               | the same; it was made anew       |
//! | enough      | begin again                              |                    |                                  |
//! | any         | somebody says that it is unknown         | unknown, not sure  | the first ones are noted         |
//! | unknown     | enough brokers said so, for long enough  | unknown, sure      | its view is laid by; from now on |
//! |             | where it was ever seen                   |                    | it is only looked for            |
//! | unknown     | ZooKeeper does not have it, either       | unknown, sure      | the same                         |
//! | any         | it is not ready yet                      | not yet            |                                  |
//! | any         | a refusal                                | refused            |                                  |
//! | unknown,    | somebody wants to read it                | not asked          |                                  |
//! | sure        |                                          |                    |                                  |
//! | any         | partitions without id, while ZooKeeper   | none               | leaders that are others now      |
//! |             | has just shown another node of the name  |                    |                                  |
//!
//! The first partitions that are seen of a topic are nobody's move. What ZooKeeper shows of another node it tells itself.

use std::collections::VecDeque;

use samsa_proto::ErrorCode;

use super::contacts::Place;
use super::metadata::Answer;
use super::view::{Moved, TopicView};
use crate::limits;
use crate::planted::{PlantedBug, is_planted};
use crate::time::Instant;

/// Why a topic is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Interest {
    /// It is never created by looking.
    Read,
    /// The cluster may create it.
    Publish,
}

/// Who answered, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Witness {
    pub(crate) place: Option<Place>,
    /// At how many places somebody could be asked.
    pub(crate) rivals: usize,
    pub(crate) now: Instant,
}

/// So many answers in a row, of as many brokers where there are so many, say that a topic is unknown before that is believed: a
/// broker that restarts says so of every topic for a while.
pub(super) const UNKNOWN_BEFORE_BELIEVED: usize = 3;

#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) interest: Interest,
    pub(super) view: Option<TopicView>,
    /// What was known before all brokers said that it is unknown.
    forgotten: Option<TopicView>,
    pub(super) trouble: Trouble,
    /// Which transaction created its node in ZooKeeper.
    pub(super) czxid: Option<i64>,
    /// Until when it is not sure which incarnation an answer is about.
    pub(super) anew_until: Option<Instant>,
    /// The ids that it has had, the latest last.
    pub(super) ids: VecDeque<[u8; 16]>,
}

/// Brokers that lag tell of former ids; so many are known again.
const FORMER_IDS: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    None,
    NotAsked,
    /// The question is under way.
    Asked,
    /// So many in a row said so, and the first different ones among them.
    Unknown {
        since: Instant,
        answers: usize,
        witnesses: [Option<Place>; UNKNOWN_BEFORE_BELIEVED],
        is_sure: bool,
    },
    NotYet,
    Refused(ErrorCode),
}

/// What an answer has changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct TopicNews {
    pub(crate) moves: Vec<Moved>,
    /// It is another topic than before under this name, for the first time.
    pub(crate) is_made_anew: bool,
}

impl Wanted {
    pub(super) fn new(interest: Interest) -> Self {
        Self {
            interest,
            view: None,
            forgotten: None,
            trouble: Trouble::NotAsked,
            czxid: None,
            anew_until: None,
            ids: VecDeque::new(),
        }
    }

    /// Takes in what one broker answered. While a topic is the same, its leader epochs never go back: that is asserted where
    /// faults can be planted.
    pub(super) fn learn(&mut self, answer: Answer, from: Witness) -> TopicNews {
        let is_held_to_it = cfg!(feature = "planted-bugs") && !is_planted(PlantedBug::BelievesStaleLeaders);
        let before = self.latest().filter(|_| is_held_to_it).cloned();
        let news = self.take_in(answer, from);
        if let (Some(before), Some(now)) = (before, self.latest()) {
            now.assert_goes_on_from(&before);
        }
        news
    }

    /// What is known of it, or was.
    fn latest(&self) -> Option<&TopicView> {
        self.view.as_ref().or(self.forgotten.as_ref())
    }

    fn take_in(&mut self, answer: Answer, from: Witness) -> TopicNews {
        let before = self.incarnation();
        let is_in_doubt = self.anew_until > Some(from.now) || self.is_said_to_be_unknown(from);
        self.trouble = match &answer {
            Answer::Known(_) => Trouble::None,
            // It is wanted anew since that was asked.
            Answer::Unknown if self.trouble == Trouble::NotAsked => Trouble::NotAsked,
            Answer::Unknown => self.unknown_once_more(from),
            Answer::NotYet(_) => Trouble::NotYet,
            Answer::Refused(code) => Trouble::Refused(*code),
        };
        if self.is_sure_to_be_unknown(from) {
            self.believe_unknown();
        }
        let moves = match (answer, &mut self.view) {
            (Answer::Known(newer), Some(view)) if is_in_doubt => view.replace(newer),
            (Answer::Known(newer), Some(view)) => view.update(newer),
            (Answer::Known(newer), view @ None) => {
                let known = view.insert(self.forgotten.take().unwrap_or_else(|| newer.clone()));
                known.replace(newer);
                Vec::new()
            }
            _ => Vec::new(),
        };
        let begins_again = before.is_some() && self.incarnation() != before;
        let is_sure = self.anew_until.is_none_or(|until| until <= from.now);
        let is_made_anew = match self.view.as_ref().and_then(|view| view.id) {
            Some(id) => self.has_new_id(id),
            None => begins_again && is_sure,
        };
        TopicNews { moves, is_made_anew }
    }

    /// How often its epochs have begun again, if it was ever seen.
    fn incarnation(&self) -> Option<u64> {
        self.latest().map(|view| view.incarnation)
    }

    /// Notes an id. Says whether it has had another one before, and this one never.
    fn has_new_id(&mut self, id: [u8; 16]) -> bool {
        if self.ids.contains(&id) {
            return false;
        }
        let had_another = !self.ids.is_empty();
        self.ids.push_back(id);
        if self.ids.len() > FORMER_IDS {
            self.ids.pop_front();
        }
        had_another
    }

    pub(super) fn is_unknown(&self) -> bool {
        matches!(self.trouble, Trouble::Unknown { is_sure: true, .. })
    }

    fn unknown_once_more(&self, from: Witness) -> Trouble {
        let (since, answers, mut witnesses, is_sure) = match self.trouble {
            Trouble::Unknown { since, answers, witnesses, is_sure } => (since, answers, witnesses, is_sure),
            _ => (from.now, 0, Default::default(), false),
        };
        if !witnesses.contains(&from.place)
            && let Some(free) = witnesses.iter_mut().find(|witness| witness.is_none())
        {
            *free = from.place;
        }
        Trouble::Unknown { since, answers: answers + 1, witnesses, is_sure }
    }

    /// Whether enough brokers said so in a row: what is told of it next may be about another one.
    fn is_said_to_be_unknown(&self, from: Witness) -> bool {
        let Trouble::Unknown { answers, witnesses, .. } = self.trouble else { return false };
        answers >= UNKNOWN_BEFORE_BELIEVED && witnesses.iter().flatten().count() >= from.rivals.clamp(1, 2)
    }

    /// Of one that was seen, by a broker or by ZooKeeper, that is so only after a time in which every broker will have heard of
    /// it. One that nobody has seen may be new.
    fn is_sure_to_be_unknown(&self, from: Witness) -> bool {
        let Trouble::Unknown { since, answers, witnesses, .. } = self.trouble else { return false };
        if self.view.is_some() || self.czxid.is_some() {
            return self.is_said_to_be_unknown(from) && since + limits::UNKNOWN <= from.now;
        }
        let enough = from.rivals.clamp(1, UNKNOWN_BEFORE_BELIEVED);
        let all_say_so = answers >= 2 && witnesses.iter().flatten().count() >= enough;
        // Others may not be there at all.
        all_say_so || (answers > UNKNOWN_BEFORE_BELIEVED && since + limits::NEVER_SEEN <= from.now)
    }

    pub(super) fn believe_unknown(&mut self) {
        if let Trouble::Unknown { is_sure, .. } = &mut self.trouble {
            *is_sure = true;
        }
        if let Some(view) = self.view.take() {
            self.forgotten = Some(view);
            // Somebody deleted it: it is not made anew before somebody publishes to it anew.
            self.interest = Interest::Read;
        }
    }
}
