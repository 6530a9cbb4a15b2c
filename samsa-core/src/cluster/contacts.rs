//! Whom to ask about the cluster: any broker will do, so whoever does not answer is passed over for the next.

use crate::connection::Peer;
use crate::id::BrokerId;
use crate::rng::Rng;

#[derive(Debug)]
pub(crate) struct Contacts {
    bootstrap: u16,
    /// The brokers, then the bootstrap addresses.
    peers: Vec<Peer>,
    brokers: usize,
    current: usize,
    /// Which bootstrap address has its turn next, whatever the others said meanwhile.
    turn: u16,
    rng: Rng,
}

impl Contacts {
    /// Starts at any of so many bootstrap addresses, so that clients which start together do not all ask the first.
    pub(crate) fn new(bootstrap: usize, rng: Rng) -> Self {
        let bootstrap = u16::try_from(bootstrap).unwrap_or(u16::MAX);
        let mut contacts = Self { bootstrap, peers: Vec::new(), brokers: 0, current: 0, turn: 0, rng };
        contacts.set_brokers([]);
        contacts
    }

    /// The brokers come first, in any order, then the bootstrap addresses again: all brokers that are known may be gone
    /// while the names lead to new ones.
    pub(crate) fn set_brokers(&mut self, brokers: impl IntoIterator<Item = BrokerId>) {
        let before = self.current();
        let mut peers: Vec<Peer> = brokers.into_iter().map(Peer::Broker).collect();
        let brokers = peers.len();
        peers.extend((0..self.bootstrap).map(Peer::Bootstrap));
        self.peers = peers;
        self.brokers = brokers;
        let same = before.and_then(|peer| self.peers[..brokers].iter().position(|other| *other == peer));
        let choice = if brokers > 0 { brokers } else { self.peers.len() };
        self.current = same.unwrap_or_else(|| self.rng.below(choice as u64) as usize);
    }

    /// `None` when nobody is known.
    pub(crate) fn current(&self) -> Option<Peer> {
        self.peers.get(self.current).copied()
    }

    pub(crate) fn next(&mut self) {
        self.current = (self.current + 1) % self.peers.len().max(1);
    }

    /// Another broker may know better. Where only one is known, the bootstrap addresses may lead to others: a broker that has just
    /// started may know of nobody but itself.
    pub(crate) fn next_broker(&mut self) {
        match self.brokers {
            0 | 1 if self.bootstrap == 0 => self.next(),
            0 | 1 => {
                self.current = self.brokers + usize::from(self.turn);
                self.turn = (self.turn + 1) % self.bootstrap;
            }
            brokers => self.current = (self.current + 1) % brokers,
        }
    }

    /// Those among whom the next broker is. A broker may be there by its id and by a bootstrap address.
    pub(crate) fn rivals(&self) -> &[Peer] {
        let count = if self.brokers > 1 { self.brokers } else { self.peers.len() };
        &self.peers[..count]
    }

    /// The brokers that are known are not those to ask any more (KIP-1102). Where there are no bootstrap addresses, the
    /// next broker is asked.
    pub(crate) fn begin_again(&mut self) {
        match usize::from(self.bootstrap) {
            0 => self.next(),
            count => self.current = self.brokers + self.rng.below(count as u64) as usize,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let mut contacts = Contacts::new(3, Rng::new(5));
        assert_eq!(round(&mut contacts, 3), [Peer::Bootstrap(0), Peer::Bootstrap(1), Peer::Bootstrap(2)]);
    }

    #[test]
    fn a_broker_is_asked_before_any_bootstrap_address() {
        for seed in 0..20 {
            let mut contacts = Contacts::new(3, Rng::new(seed));
            contacts.set_brokers([BrokerId(1), BrokerId(2)]);
            assert!(matches!(contacts.current(), Some(Peer::Broker(_))));
            assert_eq!(round(&mut contacts, 5).len(), 5);
        }
    }

    #[test]
    fn the_broker_at_hand_stays_while_it_is_among_the_brokers() {
        let mut contacts = Contacts::new(1, Rng::new(1));
        contacts.set_brokers([BrokerId(1), BrokerId(2)]);
        let before = contacts.current();
        contacts.set_brokers([BrokerId(0), BrokerId(1), BrokerId(2), BrokerId(3)]);
        assert_eq!(contacts.current(), before);
    }

    #[test]
    fn another_broker_is_looked_for_among_the_bootstrap_addresses_where_only_one_is_known() {
        let mut contacts = Contacts::new(2, Rng::new(1));
        contacts.set_brokers([BrokerId(1)]);
        let mut next = || {
            contacts.next_broker();
            contacts.current().unwrap()
        };
        assert_eq!([next(), next(), next()], [Peer::Bootstrap(0), Peer::Bootstrap(1), Peer::Bootstrap(0)]);

        contacts.set_brokers([BrokerId(1), BrokerId(2)]);
        for _ in 0..4 {
            contacts.next_broker();
            assert!(matches!(contacts.current(), Some(Peer::Broker(_))));
        }
    }

    #[test]
    fn each_bootstrap_address_has_its_turn_though_each_names_itself_alone() {
        let mut contacts = Contacts::new(3, Rng::new(1));
        let mut asked = Vec::new();
        for _ in 0..3 {
            contacts.next_broker();
            let Some(Peer::Bootstrap(number)) = contacts.current() else { panic!("an address is asked") };
            asked.push(number);
            contacts.set_brokers([BrokerId(i32::from(number))]);
            assert_eq!(contacts.rivals().len(), 4);
        }
        asked.sort_unstable();
        assert_eq!(asked, [0, 1, 2]);
    }

    #[test]
    fn once_told_to_begin_again_a_bootstrap_address_is_asked() {
        let mut contacts = Contacts::new(2, Rng::new(1));
        contacts.set_brokers([BrokerId(1), BrokerId(2), BrokerId(3)]);
        contacts.begin_again();
        assert!(matches!(contacts.current(), Some(Peer::Bootstrap(_))));

        let mut alone = Contacts::new(0, Rng::new(1));
        alone.set_brokers([BrokerId(1)]);
        alone.begin_again();
        assert_eq!(alone.current(), Some(Peer::Broker(BrokerId(1))));
    }

    #[test]
    fn nobody_is_known_before_zookeeper_told() {
        let mut contacts = Contacts::new(0, Rng::new(1));
        assert_eq!(contacts.current(), None);
        contacts.next();
        contacts.set_brokers([BrokerId(4)]);
        assert_eq!(contacts.current(), Some(Peer::Broker(BrokerId(4))));
    }
}
