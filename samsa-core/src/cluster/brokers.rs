//! Where the brokers are, from two sources: registrations in ZooKeeper, and what brokers tell of each other.
//!
//! Either may be out of date: ZooKeeper may be out of reach for hours, and a broker may lag behind. So neither source
//! overrides the other for good: of a broker's addresses, the one counts that was news last. A source that repeats itself
//! tells no news.

use std::collections::BTreeMap;

use super::zookeeper::Registered;
use crate::id::BrokerId;
use crate::topology::BrokerInfo;

#[derive(Debug, Default)]
pub(crate) struct Brokers {
    registered: BTreeMap<BrokerId, Registered>,
    advertised: BTreeMap<BrokerId, BrokerInfo>,
    /// Whoever is in one of them.
    known: BTreeMap<BrokerId, BrokerInfo>,
}

impl Brokers {
    /// What is registered now. Says whether that is news.
    pub(crate) fn set_registered(&mut self, registered: BTreeMap<BrokerId, Registered>) -> bool {
        if registered == self.registered {
            return false;
        }
        for (id, now) in &registered {
            if self.registered.get(id) != Some(now) {
                self.known.insert(*id, now.info.clone());
            }
        }
        self.registered = registered;
        self.forget_who_is_in_neither();
        true
    }

    /// What a broker tells of all of them.
    pub(crate) fn set_advertised(&mut self, advertised: BTreeMap<BrokerId, BrokerInfo>) {
        for (id, now) in &advertised {
            let is_news = match self.advertised.get(id) {
                Some(before) => before != now,
                None => self.known.get(id).is_none_or(|known| known.address != now.address),
            };
            if is_news {
                self.known.insert(*id, self.with_registration(now));
            }
        }
        self.advertised = advertised;
        self.forget_who_is_in_neither();
    }

    /// All that are known, by id.
    pub(crate) fn known(&self) -> &BTreeMap<BrokerId, BrokerInfo> {
        &self.known
    }

    /// Whether any broker was told of by another.
    pub(crate) fn are_advertised(&self) -> bool {
        !self.advertised.is_empty()
    }

    /// The brokers that are registered, and whether in the form of 0.8 or 0.9.
    pub(crate) fn registered_as_old(&self) -> BTreeMap<BrokerId, bool> {
        self.registered.iter().map(|(id, broker)| (*id, broker.is_old)).collect()
    }

    /// Brokers do not tell of each other when they registered.
    fn with_registration(&self, info: &BrokerInfo) -> BrokerInfo {
        let registered = self.registered.get(&info.id).and_then(|broker| broker.info.registered);
        BrokerInfo { registered, ..info.clone() }
    }

    fn forget_who_is_in_neither(&mut self) {
        let Self { registered, advertised, known } = self;
        known.retain(|id, _| registered.contains_key(id) || advertised.contains_key(id));
        for (id, info) in advertised {
            known.entry(*id).or_insert_with(|| info.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::UnixMillis;

    const ONE: BrokerId = BrokerId(1);

    fn at(address: &str, registered: Option<i64>) -> BrokerInfo {
        let registered = registered.map(UnixMillis);
        BrokerInfo { id: ONE, address: address.parse().unwrap(), rack: None, registered }
    }

    fn registers(brokers: &mut Brokers, address: &str) -> bool {
        let info = at(address, Some(7));
        brokers.set_registered(BTreeMap::from([(ONE, Registered { info, is_old: false })]))
    }

    fn advertises(brokers: &mut Brokers, address: &str) {
        brokers.set_advertised(BTreeMap::from([(ONE, at(address, None))]));
    }

    fn address(brokers: &Brokers) -> String {
        brokers.known()[&ONE].address.to_string()
    }

    #[test]
    fn a_registration_that_is_out_of_date_does_not_override_newer_metadata() {
        let mut brokers = Brokers::default();
        assert!(registers(&mut brokers, "old:9092"));
        advertises(&mut brokers, "old:9092");
        advertises(&mut brokers, "new:9092");
        assert_eq!(address(&brokers), "new:9092");
        assert!(!registers(&mut brokers, "old:9092"), "it only repeats itself");
        assert_eq!(address(&brokers), "new:9092");
        assert_eq!(brokers.known()[&ONE].registered, Some(UnixMillis(7)));
    }

    #[test]
    fn a_new_registration_overrides_what_brokers_said_before() {
        let mut brokers = Brokers::default();
        advertises(&mut brokers, "old:9092");
        assert!(registers(&mut brokers, "new:9092"));
        assert_eq!(address(&brokers), "new:9092");
        advertises(&mut brokers, "old:9092");
        assert_eq!(address(&brokers), "new:9092", "that is what was said before");
    }

    #[test]
    fn a_broker_that_moves_to_another_rack_is_news() {
        let mut brokers = Brokers::default();
        advertises(&mut brokers, "k1:9092");
        let moved = BrokerInfo { rack: Some("b".to_owned()), ..at("k1:9092", None) };
        brokers.set_advertised(BTreeMap::from([(ONE, moved.clone())]));
        assert_eq!(brokers.known()[&ONE], moved);
    }

    #[test]
    fn who_is_in_neither_source_is_forgotten() {
        let mut brokers = Brokers::default();
        registers(&mut brokers, "k1:9092");
        advertises(&mut brokers, "k1:9092");
        brokers.set_registered(BTreeMap::new());
        assert_eq!(address(&brokers), "k1:9092");
        brokers.set_advertised(BTreeMap::new());
        assert!(brokers.known().is_empty());
    }
}
