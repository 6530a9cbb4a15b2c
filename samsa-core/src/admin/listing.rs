//! An offset of each partition that is wanted of a topic, gathered from their leaders.

use std::collections::{BTreeMap, BTreeSet};

use super::list_offsets::{self, Found, Wanted};
use crate::cluster::TopicView;
use crate::id::BrokerId;
use crate::offset::{Offset, PartitionOffset};

/// What is known so far.
#[derive(Debug)]
pub(crate) struct Listing {
    /// Of these partitions alone.
    only: Option<BTreeSet<i32>>,
    at: Offset,
    parts: BTreeMap<i32, Part>,
}

#[derive(Debug)]
struct Part {
    leader: Option<BrokerId>,
    leader_epoch: Option<i32>,
    at: Offset,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Wanted,
    Asked(u64),
    Found(i64),
    /// Not in this round.
    Failed,
}

impl Listing {
    pub(crate) fn new(only: Option<BTreeSet<i32>>, at: Offset) -> Self {
        Self { only, at, parts: BTreeMap::new() }
    }

    /// A new round: what was not found is looked for at the leaders of now.
    pub(crate) fn begin(&mut self, view: &TopicView) {
        let only = &self.only;
        let is_wanted = |number| only.as_ref().is_none_or(|only| only.contains(&number));
        for info in view.partitions.iter().filter(|info| is_wanted(info.partition)) {
            let at = self.at;
            let fresh = || Part { leader: None, leader_epoch: None, at, state: State::Wanted };
            let part = self.parts.entry(info.partition).or_insert_with(fresh);
            part.leader = info.leader;
            part.leader_epoch = info.leader_epoch;
            part.state = match (part.state, at) {
                (State::Found(offset), _) | (_, Offset::Exact(offset)) => State::Found(offset),
                _ if info.leader.is_none() => State::Failed,
                _ => State::Wanted,
            };
        }
    }

    /// Whom to ask.
    pub(crate) fn leaders(&self) -> Vec<BrokerId> {
        let wanted = self.parts.values().filter(|part| part.state == State::Wanted);
        let mut leaders: Vec<_> = wanted.filter_map(|part| part.leader).collect();
        leaders.sort_unstable();
        leaders.dedup();
        leaders
    }

    pub(crate) fn wanted(&self, leader: BrokerId) -> Vec<Wanted> {
        let parts = self.parts.iter();
        let parts = parts.filter(|(_, part)| part.state == State::Wanted && part.leader == Some(leader));
        parts
            .map(|(number, part)| Wanted { partition: *number, leader_epoch: part.leader_epoch, at: part.at })
            .collect()
    }

    pub(crate) fn asked(&mut self, leader: BrokerId, token: u64) {
        for part in self.parts.values_mut() {
            if part.state == State::Wanted && part.leader == Some(leader) {
                part.state = State::Asked(token);
            }
        }
    }

    /// The answer about one partition; says what is wrong, if anything is.
    pub(crate) fn take(&mut self, token: u64, number: i32, version: i16, found: Found) -> Option<Trouble> {
        let part = self.parts.get_mut(&number).filter(|part| part.state == State::Asked(token))?;
        part.state = State::Failed;
        match found {
            Found::Offset(offset, _) => part.state = State::Found(offset),
            Found::Nothing if part.at == list_offsets::instead(version) => {
                return Some(Trouble::Silent(number));
            }
            Found::Nothing => {
                part.at = list_offsets::instead(version);
                part.state = State::Wanted;
            }
            Found::Impossible(offset) => return Some(Trouble::Impossible(number, offset)),
            Found::Refused(code) => return Some(Trouble::Refused(code)),
        }
        None
    }

    /// What was asked of this broker, or is still to be, fails in this round.
    pub(crate) fn fail(&mut self, leader: BrokerId) {
        for part in self.parts.values_mut().filter(|part| part.leader == Some(leader)) {
            if part.state == State::Wanted {
                part.state = State::Failed;
            }
        }
    }

    /// What a request left unanswered fails in this round.
    pub(crate) fn fail_rest(&mut self, token: u64) {
        for part in self.parts.values_mut().filter(|part| part.state == State::Asked(token)) {
            part.state = State::Failed;
        }
    }

    /// Whether nothing more comes in this round.
    pub(crate) fn is_over(&self) -> bool {
        !self.parts.values().any(|part| matches!(part.state, State::Wanted | State::Asked(_)))
    }

    /// All of them, by partition, if all were found.
    pub(crate) fn found(&self) -> Option<Vec<PartitionOffset>> {
        let offsets = self.parts.iter().map(|(partition, part)| match part.state {
            State::Found(offset) => Some(PartitionOffset { partition: *partition, offset }),
            State::Wanted | State::Asked(_) | State::Failed => None,
        });
        offsets.collect()
    }

    pub(crate) fn leaderless(&self) -> Option<i32> {
        let lacks = |part: &Part| part.leader.is_none() && !matches!(part.state, State::Found(_));
        self.parts.iter().find(|(_, part)| lacks(part)).map(|(number, _)| *number)
    }
}

/// Why a partition has no offset yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    Refused(samsa_proto::ErrorCode),
    /// The broker does not say where the partition begins or ends.
    Silent(i32),
    /// It tells an offset that no log has.
    Impossible(i32, i64),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::UnixMillis;
    use crate::topology::PartitionInfo;
    use samsa_proto::ErrorCode;

    fn view(leaders: &[Option<i32>]) -> TopicView {
        let info = |(partition, leader): (i32, &Option<i32>)| PartitionInfo {
            partition,
            leader: leader.map(BrokerId),
            leader_epoch: None,
            replicas: Vec::new(),
            in_sync: Vec::new(),
        };
        TopicView::of(None, (0..).zip(leaders).map(info).collect())
    }

    fn offsets(listing: &Listing) -> Option<Vec<i64>> {
        Some(listing.found()?.iter().map(|found| found.offset).collect())
    }

    #[test]
    fn each_leader_is_asked_once_for_what_it_leads() {
        let mut listing = Listing::new(None, Offset::Latest);
        listing.begin(&view(&[Some(1), Some(2), Some(1)]));
        assert_eq!(listing.leaders(), [BrokerId(1), BrokerId(2)]);
        assert_eq!(
            listing.wanted(BrokerId(1)).iter().map(|wanted| wanted.partition).collect::<Vec<_>>(),
            [0, 2]
        );

        listing.asked(BrokerId(1), 7);
        assert_eq!(listing.leaders(), [BrokerId(2)]);
        listing.asked(BrokerId(2), 8);
        for (token, number, offset) in [(7, 0, 10), (7, 2, 12), (8, 1, 11)] {
            assert!(!listing.is_over());
            assert_eq!(listing.take(token, number, 1, Found::Offset(offset, None)), None);
        }
        assert!(listing.is_over());
        assert_eq!(offsets(&listing), Some(vec![10, 11, 12]));
    }

    #[test]
    fn a_new_round_asks_only_for_what_is_missing() {
        let mut listing = Listing::new(None, Offset::Latest);
        listing.begin(&view(&[Some(1), Some(1), None]));
        listing.asked(BrokerId(1), 7);
        listing.take(7, 0, 1, Found::Offset(10, None));
        let trouble = listing.take(7, 1, 1, Found::Refused(ErrorCode::NOT_LEADER_OR_FOLLOWER));
        assert_eq!(trouble, Some(Trouble::Refused(ErrorCode::NOT_LEADER_OR_FOLLOWER)));
        assert!(listing.is_over());
        assert_eq!((listing.found(), listing.leaderless()), (None, Some(2)));

        listing.begin(&view(&[Some(2), Some(2), Some(2)]));
        assert_eq!(
            listing.wanted(BrokerId(2)).iter().map(|wanted| wanted.partition).collect::<Vec<_>>(),
            [1, 2]
        );
    }

    #[test]
    fn where_no_record_is_that_late_the_end_is_asked_for_and_before_version_1_the_start() {
        for (version, instead) in [(1, Offset::Latest), (0, Offset::Earliest)] {
            let mut listing = Listing::new(None, Offset::At(UnixMillis(1)));
            listing.begin(&view(&[Some(1)]));
            listing.asked(BrokerId(1), 7);
            assert_eq!(listing.take(7, 0, version, Found::Nothing), None);
            assert_eq!(listing.wanted(BrokerId(1))[0].at, instead);
            listing.asked(BrokerId(1), 8);
            assert_eq!(listing.take(8, 0, version, Found::Nothing), Some(Trouble::Silent(0)));
            assert!(listing.is_over());
        }
    }

    #[test]
    fn answers_that_were_not_asked_for_are_not_listened_to() {
        let mut listing = Listing::new(None, Offset::Latest);
        listing.begin(&view(&[Some(1)]));
        listing.asked(BrokerId(1), 7);
        assert_eq!(listing.take(6, 0, 1, Found::Offset(1, None)), None);
        assert_eq!(listing.take(7, 5, 1, Found::Offset(1, None)), None);
        listing.take(7, 0, 1, Found::Offset(2, None));
        listing.take(7, 0, 1, Found::Offset(3, None));
        assert_eq!(offsets(&listing), Some(vec![2]));
    }

    #[test]
    fn an_exact_offset_needs_no_question() {
        let mut listing = Listing::new(None, Offset::Exact(42));
        listing.begin(&view(&[Some(1), None]));
        assert!(listing.leaders().is_empty());
        assert_eq!(offsets(&listing), Some(vec![42, 42]));
    }

    #[test]
    fn a_partition_that_is_not_wanted_need_not_have_a_leader() {
        let mut listing = Listing::new(Some(BTreeSet::from([1, 9])), Offset::Latest);
        listing.begin(&view(&[None, Some(1)]));
        assert_eq!((listing.leaders(), listing.leaderless()), (vec![BrokerId(1)], None));
        listing.asked(BrokerId(1), 7);
        assert_eq!(listing.take(7, 1, 1, Found::Offset(10, None)), None);
        assert_eq!(listing.found(), Some(vec![PartitionOffset { partition: 1, offset: 10 }]));
    }
}
