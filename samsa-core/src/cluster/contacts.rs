//! Whom to ask about the cluster: any broker will do, so whoever does not answer is passed over for the next.

use std::collections::BTreeSet;

use crate::address::HostPort;
use crate::connection::Peer;
use crate::id::BrokerId;
use crate::planted::{PlantedBug, is_planted};
use crate::rng::Rng;

#[derive(Debug)]
pub(crate) struct Contacts {
    bootstrap: Vec<HostPort>,
    /// The brokers, then the bootstrap addresses.
    all: Vec<Contact>,
    brokers: usize,
    current: usize,
    /// Which bootstrap address has its turn next, whatever the others said meanwhile.
    turn: usize,
    /// Who did not answer last.
    avoided: Option<Place>,
    rng: Rng,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Contact {
    pub(crate) peer: Peer,
    pub(crate) place: Place,
}

/// Where a contact is. A broker may be there by its id and by a bootstrap address, and is at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(pub(super) Peer);

impl Contacts {
    /// Starts at any of the bootstrap addresses, so that clients which start together do not all ask the first.
    pub(crate) fn new(bootstrap: &[HostPort], rng: Rng) -> Self {
        let bootstrap = bootstrap.iter().take(usize::from(u16::MAX)).cloned().collect();
        let (all, avoided) = (Vec::new(), None);
        let mut contacts = Self { bootstrap, all, brokers: 0, current: 0, turn: 0, avoided, rng };
        contacts.set_brokers([]);
        contacts
    }

    /// The brokers come first, in any order, then the bootstrap addresses again: all brokers that are known may be gone
    /// while the names lead to new ones.
    pub(crate) fn set_brokers<'a>(&mut self, brokers: impl IntoIterator<Item = (BrokerId, &'a HostPort)>) {
        let before = self.current();
        let broker = |(id, address)| self.at(Peer::Broker(id), address);
        let mut all: Vec<Contact> = brokers.into_iter().map(broker).collect();
        self.brokers = all.len();
        let numbered = (0..).map(Peer::Bootstrap).zip(self.beginnings());
        all.extend(numbered.map(|(peer, address)| self.at(peer, address)));
        self.all = all;
        let same = self.all[..self.brokers].iter().position(|contact| Some(contact.peer) == before);
        self.current = same.unwrap_or_else(|| self.any());
    }

    /// Where to begin again.
    fn beginnings(&self) -> &[HostPort] {
        let is_over = self.brokers > 0 && is_planted(PlantedBug::NeverRebootstraps);
        if is_over { &[] } else { &self.bootstrap }
    }

    fn at(&self, peer: Peer, address: &HostPort) -> Contact {
        let first = (0..).map(Peer::Bootstrap).zip(&self.bootstrap).find(|(_, other)| *other == address);
        Contact { peer, place: Place(first.map_or(peer, |(first, _)| first)) }
    }

    /// Any broker, if there is one, but who did not answer last.
    fn any(&mut self) -> usize {
        let count = if self.brokers > 0 { self.brokers } else { self.all.len() };
        let others: Vec<usize> =
            (0..count).filter(|index| Some(self.all[*index].place) != self.avoided).collect();
        let choice = self.rng.below(if others.is_empty() { count } else { others.len() } as u64) as usize;
        others.get(choice).copied().unwrap_or(choice)
    }

    /// `None` when nobody is known.
    pub(crate) fn current(&self) -> Option<Peer> {
        self.contact().map(|contact| contact.peer)
    }

    /// The same, with where it is.
    pub(crate) fn contact(&self) -> Option<Contact> {
        self.all.get(self.current).copied()
    }

    /// This one does not answer: the next, at another place.
    pub(crate) fn next(&mut self) {
        if let Some(contact) = self.contact() {
            self.pass_over(contact.place);
        }
    }

    /// Who is there does not answer: if it is the one at hand, the next, at another place.
    pub(crate) fn pass_over(&mut self, silent: Place) {
        self.avoided = Some(silent);
        if self.contact().is_none_or(|contact| contact.place != silent) {
            return;
        }
        let count = self.all.len().max(1);
        let others = (1..count).map(|step| (self.current + step) % count);
        let elsewhere = |index: &usize| Some(self.all[*index].place) != self.avoided;
        self.current = others.into_iter().find(elsewhere).unwrap_or((self.current + 1) % count);
    }

    /// Another broker may know better. Where only one is known, the bootstrap addresses may lead to others: a broker that has just
    /// started may know of nobody but itself.
    pub(crate) fn next_broker(&mut self) {
        match self.brokers {
            0 | 1 if self.beginnings().is_empty() => self.next(),
            0 | 1 => {
                self.current = self.brokers + self.turn;
                self.turn = (self.turn + 1) % self.bootstrap.len();
            }
            brokers => self.current = (self.current + 1) % brokers,
        }
    }

    /// At how many places those are among whom the next broker is.
    pub(crate) fn rivals(&self) -> usize {
        let count = if self.brokers > 1 { self.brokers } else { self.all.len() };
        self.all[..count].iter().map(|contact| contact.place).collect::<BTreeSet<_>>().len()
    }

    /// The brokers that are known are not those to ask any more (KIP-1102). Where there are no bootstrap addresses, the
    /// next broker is asked.
    pub(crate) fn begin_again(&mut self) {
        match self.beginnings().len() {
            0 => self.next(),
            count => self.current = self.brokers + self.rng.below(count as u64) as usize,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contacts with so many bootstrap addresses, which are none of the brokers'.
    fn start(bootstrap: usize, seed: u64) -> Contacts {
        let addresses: Vec<HostPort> = (0..bootstrap).map(|number| at(&format!("b{number}"))).collect();
        Contacts::new(&addresses, Rng::new(seed))
    }

    fn at(host: &str) -> HostPort {
        format!("{host}:1").parse().unwrap()
    }

    /// These brokers are known, at addresses of their own.
    fn know(contacts: &mut Contacts, brokers: impl IntoIterator<Item = i32>) {
        let brokers: Vec<_> =
            brokers.into_iter().map(|id| (BrokerId(id), at(&format!("broker{id}")))).collect();
        contacts.set_brokers(brokers.iter().map(|(id, address)| (*id, address)));
    }

    fn round(contacts: &mut Contacts, turns: usize) -> Vec<Peer> {
        let turn = |_| {
            let peer = contacts.current().unwrap();
            contacts.next();
            peer
        };
        let mut peers: Vec<Peer> = (0..turns).map(turn).collect();
        peers.sort();
        peers
    }

    #[test]
    fn each_bootstrap_address_has_its_turn() {
        let mut contacts = start(3, 5);
        assert_eq!(round(&mut contacts, 3), [Peer::Bootstrap(0), Peer::Bootstrap(1), Peer::Bootstrap(2)]);
    }

    #[test]
    fn a_broker_is_asked_before_any_bootstrap_address() {
        for seed in 0..20 {
            let mut contacts = start(3, seed);
            know(&mut contacts, [1, 2]);
            assert!(matches!(contacts.current(), Some(Peer::Broker(_))));
            assert_eq!(round(&mut contacts, 5).len(), 5);
        }
    }

    #[test]
    fn the_broker_at_hand_stays_while_it_is_among_the_brokers() {
        let mut contacts = start(1, 1);
        know(&mut contacts, [1, 2]);
        let before = contacts.current();
        know(&mut contacts, [0, 1, 2, 3]);
        assert_eq!(contacts.current(), before);
    }

    #[test]
    fn another_broker_is_looked_for_among_the_bootstrap_addresses_where_only_one_is_known() {
        let mut contacts = start(2, 1);
        know(&mut contacts, [1]);
        let mut next = || {
            contacts.next_broker();
            contacts.current().unwrap()
        };
        assert_eq!([next(), next(), next()], [Peer::Bootstrap(0), Peer::Bootstrap(1), Peer::Bootstrap(0)]);

        know(&mut contacts, [1, 2]);
        for _ in 0..4 {
            contacts.next_broker();
            assert!(matches!(contacts.current(), Some(Peer::Broker(_))));
        }
    }

    #[test]
    fn each_bootstrap_address_has_its_turn_though_each_names_itself_alone() {
        let mut contacts = start(3, 1);
        let mut asked = Vec::new();
        for _ in 0..3 {
            contacts.next_broker();
            let Some(Peer::Bootstrap(number)) = contacts.current() else { panic!("an address is asked") };
            asked.push(number);
            know(&mut contacts, [i32::from(number)]);
            assert_eq!(contacts.rivals(), 4);
        }
        asked.sort_unstable();
        assert_eq!(asked, [0, 1, 2]);
    }

    #[test]
    fn who_did_not_answer_is_not_asked_next_under_another_name() {
        for seed in 0..20 {
            let addresses: Vec<HostPort> = (1..=3).map(|id| at(&format!("broker{id}"))).collect();
            let mut contacts = Contacts::new(&addresses, Rng::new(seed));
            know(&mut contacts, [1, 2, 3]);
            for _ in 0..10 {
                let silent = contacts.contact().unwrap().place;
                contacts.next();
                assert_ne!(contacts.contact().unwrap().place, silent);
                know(&mut contacts, [1, 2, 3]);
                assert_ne!(contacts.contact().unwrap().place, silent, "after the next one's answer");
            }
        }
    }

    #[test]
    fn a_broker_and_its_bootstrap_address_are_at_one_place() {
        let mut contacts = Contacts::new(&[at("broker1"), at("broker1"), at("b")], Rng::new(1));
        know(&mut contacts, [1]);
        assert_eq!(contacts.rivals(), 2);
    }

    #[test]
    fn once_told_to_begin_again_a_bootstrap_address_is_asked() {
        let mut contacts = start(2, 1);
        know(&mut contacts, [1, 2, 3]);
        contacts.begin_again();
        assert!(matches!(contacts.current(), Some(Peer::Bootstrap(_))));

        let mut alone = start(0, 1);
        know(&mut alone, [1]);
        alone.begin_again();
        assert_eq!(alone.current(), Some(Peer::Broker(BrokerId(1))));
    }

    #[test]
    fn nobody_is_known_before_zookeeper_told() {
        let mut contacts = start(0, 1);
        assert_eq!(contacts.current(), None);
        contacts.next();
        know(&mut contacts, [4]);
        assert_eq!(contacts.current(), Some(Peer::Broker(BrokerId(4))));
    }
}
