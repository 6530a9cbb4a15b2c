//! Whether a broker is older than Kafka 0.10, which does not know `ApiVersions`.
//!
//! A close or a silence proves nothing: a modern broker that is frozen, overloaded or going down does the same. So a
//! broker counts as old only when it answers `Metadata` 0 promptly while `ApiVersions` failed just before and just after,
//! each on a fresh connection:
//!
//! | age        | opening        | came to             | then       | opens next with |
//! |------------|----------------|---------------------|------------|-----------------|
//! | Unknown    | ask versions   | closed, or silence  | Suspected  | `Metadata` 0    |
//! | Suspected  | `Metadata` 0   | an answer           | Confirming | confirm         |
//! | Suspected  | `Metadata` 0   | closed, or silence  | Unknown    | ask versions    |
//! | Confirming | confirm        | closed, or silence  | Old        | nothing         |
//! | Old        | nothing        | the connection ends | Unknown    | ask versions    |
//! | Suspected, Confirming | any | not reached         | Unknown    | ask versions    |
//! | any        | either of them | any answer          | Modern     | ask versions    |
//!
//! To confirm is to ask for the versions on a connection that began after the answer to `Metadata` 0: one that was begun
//! before, perhaps to a frozen broker, proves nothing. Any answer to `ApiVersions`, also a refusal, comes from 0.10 or
//! later.
//!
//! A broker that has ever answered is never doubted again, nor is any broker of a cluster in which another one has
//! answered, or has registered itself in ZooKeeper in a form of 0.10 or later: unless it registered itself in the form of
//! 0.8 or 0.9, which no later one uses of its own accord. That form is also proof enough: such a broker is old as soon as
//! `ApiVersions` fails once. What was concluded before such news came is taken back.

use std::collections::BTreeMap;

use super::Peer;
use crate::id::BrokerId;
use crate::planted::{PlantedBug, is_planted};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Age {
    #[default]
    Unknown,
    Suspected,
    /// Since this answer to `Metadata` 0.
    Confirming(u64),
    Old,
    Modern,
}

/// What a connection begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    AskVersions,
    AskMetadata,
    /// Asks for the versions, after this answer to `Metadata` 0.
    Confirm(u64),
    /// It is known to be old.
    Nothing,
}

/// All that is known of the ages of brokers.
#[derive(Debug, Default)]
pub(crate) struct Ages {
    peers: BTreeMap<Peer, Age>,
    /// Answers to `Metadata` 0 so far.
    metadata_answers: u64,
    /// The brokers that are registered in ZooKeeper, and whether in the form of 0.8 or 0.9.
    registered_as_old: BTreeMap<BrokerId, bool>,
}

impl Ages {
    pub(crate) fn opening(&self, peer: Peer) -> Opening {
        match self.of(peer) {
            Age::Unknown | Age::Modern => Opening::AskVersions,
            Age::Confirming(since) => Opening::Confirm(since),
            Age::Suspected => Opening::AskMetadata,
            Age::Old => Opening::Nothing,
        }
    }

    /// Whether the first answer is waited for as long as any other.
    pub(crate) fn is_modern(&self, peer: Peer) -> bool {
        self.of(peer) == Age::Modern
    }

    /// What is registered in ZooKeeper, and whether in the form of 0.8 or 0.9. Returns who was taken for old wrongly.
    pub(crate) fn set_registered(&mut self, as_old: BTreeMap<BrokerId, bool>) -> Vec<Peer> {
        self.registered_as_old = as_old;
        self.acquit()
    }

    /// The broker answered `ApiVersions`, whatever it said. Returns who was taken for old wrongly.
    pub(crate) fn answered_versions(&mut self, peer: Peer) -> Vec<Peer> {
        let before = self.peers.insert(peer, Age::Modern);
        if before == Some(Age::Modern) {
            return Vec::new();
        }
        let itself = (before == Some(Age::Old)).then_some(peer);
        itself.into_iter().chain(self.acquit()).collect()
    }

    /// The broker answered `Metadata` 0.
    pub(crate) fn told_metadata(&mut self, peer: Peer) {
        if self.of(peer) == Age::Suspected {
            self.metadata_answers += 1;
            self.peers.insert(peer, Age::Confirming(self.metadata_answers));
        }
    }

    /// A connection ended before it could be used, or one to an old broker ended. True when another opening may tell
    /// more at once.
    pub(crate) fn ended(&mut self, peer: Peer, opening: Opening) -> bool {
        let doubts_all = is_planted(PlantedBug::DoubtsModernBrokers);
        let next = match (self.of(peer), opening) {
            (Age::Unknown | Age::Modern, Opening::AskVersions) if doubts_all => Age::Suspected,
            (Age::Unknown, Opening::AskVersions) if self.is_registered_old(peer) => Age::Old,
            (Age::Unknown, Opening::AskVersions) if !self.is_cluster_modern() => Age::Suspected,
            (Age::Confirming(since), Opening::Confirm(begun)) if since == begun => Age::Old,
            (Age::Suspected, Opening::AskMetadata) | (Age::Old, Opening::Nothing) => Age::Unknown,
            (same, _) => same,
        };
        let before = self.peers.insert(peer, next).unwrap_or_default();
        before != next && next != Age::Unknown
    }

    /// The peer could not even be connected to, or spoke nonsense: what was found out before is not "just before" any more.
    pub(crate) fn not_reached(&mut self, peer: Peer) {
        if matches!(self.of(peer), Age::Suspected | Age::Confirming(_)) {
            self.peers.insert(peer, Age::Unknown);
        }
    }

    fn of(&self, peer: Peer) -> Age {
        self.peers.get(&peer).copied().unwrap_or_default()
    }

    /// In a modern cluster nobody is doubted without a registration. Returns those of whom the doubt had become
    /// certainty.
    fn acquit(&mut self) -> Vec<Peer> {
        if !self.is_cluster_modern() || is_planted(PlantedBug::DoubtsModernBrokers) {
            return Vec::new();
        }
        let doubted = |age: &Age| matches!(age, Age::Suspected | Age::Confirming(_) | Age::Old);
        let doubted = self.peers.iter().filter(|(peer, age)| doubted(age) && !self.is_registered_old(**peer));
        let doubted: Vec<(Peer, Age)> = doubted.map(|(peer, age)| (*peer, *age)).collect();
        self.peers.extend(doubted.iter().map(|(peer, _)| (*peer, Age::Unknown)));
        doubted.into_iter().filter(|(_, age)| *age == Age::Old).map(|(peer, _)| peer).collect()
    }

    fn is_registered_old(&self, peer: Peer) -> bool {
        matches!(peer, Peer::Broker(id) if self.registered_as_old.get(&id) == Some(&true))
    }

    fn is_cluster_modern(&self) -> bool {
        let has_answered = self.peers.values().any(|age| *age == Age::Modern);
        has_answered || self.registered_as_old.values().any(|is_old| !is_old)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Peer = Peer::Broker(BrokerId(1));
    const TWO: Peer = Peer::Broker(BrokerId(2));

    fn old() -> Ages {
        let mut ages = Ages::default();
        assert!(ages.ended(ONE, Opening::AskVersions));
        assert_eq!(ages.opening(ONE), Opening::AskMetadata);
        ages.told_metadata(ONE);
        let confirm = ages.opening(ONE);
        assert!(matches!(confirm, Opening::Confirm(_)), "{confirm:?}");
        assert!(ages.ended(ONE, confirm));
        ages
    }

    #[test]
    fn a_broker_that_answers_metadata_but_never_its_versions_is_old() {
        assert_eq!(old().opening(ONE), Opening::Nothing);
    }

    #[test]
    fn a_broker_that_is_silent_to_everything_is_not_old() {
        let mut ages = Ages::default();
        for _ in 0..5 {
            assert!(ages.ended(ONE, Opening::AskVersions));
            assert_eq!(ages.opening(ONE), Opening::AskMetadata);
            assert!(!ages.ended(ONE, Opening::AskMetadata), "there is nothing more to find out");
            assert_eq!(ages.opening(ONE), Opening::AskVersions);
        }
    }

    #[test]
    fn evidence_does_not_outlive_a_broker_that_cannot_be_reached() {
        let mut ages = Ages::default();
        ages.ended(ONE, Opening::AskVersions);
        ages.told_metadata(ONE);
        ages.not_reached(ONE);
        ages.ended(ONE, Opening::AskVersions);
        assert_eq!(ages.opening(ONE), Opening::AskMetadata, "it is asked from the beginning");
    }

    #[test]
    fn a_broker_that_thaws_between_two_questions_is_modern() {
        let mut ages = Ages::default();
        ages.ended(ONE, Opening::AskVersions);
        ages.told_metadata(ONE);
        ages.answered_versions(ONE);
        assert!(ages.is_modern(ONE));
    }

    #[test]
    fn a_connection_that_began_before_the_metadata_came_confirms_nothing() {
        let mut ages = Ages::default();
        let (one_link, other_link) = (ages.opening(ONE), ages.opening(ONE));
        assert!(ages.ended(ONE, one_link));
        ages.told_metadata(ONE);
        assert!(!ages.ended(ONE, other_link), "it was dialled while the broker was frozen");
        assert!(matches!(ages.opening(ONE), Opening::Confirm(_)));

        let confirm = ages.opening(ONE);
        ages.not_reached(ONE);
        ages.ended(ONE, Opening::AskVersions);
        ages.told_metadata(ONE);
        assert!(!ages.ended(ONE, confirm), "it was to confirm an earlier answer");
    }

    #[test]
    fn a_broker_that_was_taken_for_old_and_answers_is_asked_anew() {
        let mut ages = old();
        assert_eq!(ages.answered_versions(ONE), [ONE]);
        assert!(ages.is_modern(ONE));
    }

    #[test]
    fn a_broker_that_answered_once_is_never_doubted_again() {
        let mut ages = Ages::default();
        ages.answered_versions(ONE);
        assert!(!ages.ended(ONE, Opening::AskVersions));
        assert_eq!(ages.opening(ONE), Opening::AskVersions);
    }

    #[test]
    fn no_broker_is_doubted_where_another_one_answered() {
        let mut ages = Ages::default();
        ages.answered_versions(ONE);
        assert!(!ages.ended(TWO, Opening::AskVersions));
        assert_eq!(ages.opening(TWO), Opening::AskVersions);
    }

    #[test]
    fn a_registration_of_0_8_or_0_9_is_proof_enough_even_beside_modern_brokers() {
        let mut ages = Ages::default();
        ages.answered_versions(ONE);
        ages.set_registered(BTreeMap::from([(BrokerId(1), false), (BrokerId(2), true)]));
        assert!(ages.ended(TWO, Opening::AskVersions));
        assert_eq!(ages.opening(TWO), Opening::Nothing);
    }

    #[test]
    fn no_broker_is_doubted_where_one_registered_as_0_10_or_later() {
        let mut ages = Ages::default();
        ages.set_registered(BTreeMap::from([(BrokerId(1), false)]));
        for peer in [ONE, TWO, Peer::Bootstrap(0)] {
            assert!(!ages.ended(peer, Opening::AskVersions));
            assert_eq!(ages.opening(peer), Opening::AskVersions);
        }
    }

    #[test]
    fn a_broker_that_was_taken_for_old_is_asked_anew_once_another_one_answers() {
        let mut ages = old();
        assert_eq!(ages.answered_versions(TWO), [ONE]);
        assert_eq!(ages.opening(ONE), Opening::AskVersions);
        assert_eq!(ages.answered_versions(TWO), [], "it is told once");
    }

    #[test]
    fn a_broker_that_was_taken_for_old_is_asked_anew_once_it_is_registered_as_0_10_or_later() {
        let mut ages = old();
        assert_eq!(ages.set_registered(BTreeMap::from([(BrokerId(1), true)])), []);
        assert_eq!(ages.opening(ONE), Opening::Nothing);
        assert_eq!(ages.set_registered(BTreeMap::from([(BrokerId(1), false)])), [ONE]);
        assert_eq!(ages.opening(ONE), Opening::AskVersions);
    }

    #[test]
    fn an_old_broker_is_asked_anew_when_its_connection_ends_since_it_may_come_back_upgraded() {
        let mut ages = old();
        assert!(!ages.ended(ONE, Opening::Nothing));
        assert_eq!(ages.opening(ONE), Opening::AskVersions);
    }

    #[test]
    fn late_news_of_an_earlier_opening_decides_nothing() {
        let mut ages = Ages::default();
        ages.ended(ONE, Opening::AskVersions);
        assert!(!ages.ended(ONE, Opening::AskVersions), "a second connection of the same moment");
        assert_eq!(ages.opening(ONE), Opening::AskMetadata);
        let mut fresh = Ages::default();
        fresh.told_metadata(ONE);
        assert_eq!(fresh.opening(ONE), Opening::AskVersions);
        assert!(!fresh.is_modern(ONE));
    }
}
