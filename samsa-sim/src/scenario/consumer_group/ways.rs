//! In which ways groups read.

use samsa_client::{Assignor, Dialect, GroupProtocol, Offset, OffsetStorage};

use super::{LAST, LATE, OTHER};
use crate::rng::Rng;
use crate::scenario::stage::TOPIC;

/// How the members of the group read.
pub(super) struct Ways {
    pub(super) topics: Vec<&'static str>,
    /// Whether a member may choose them by a pattern.
    pub(super) patterns: bool,
    /// Whether members have different numbers of streams.
    pub(super) streams: bool,
    pub(super) start: Offset,
    pub(super) assignor: Assignor,
    /// Where the group lives.
    pub(super) protocol: GroupProtocol,
    pub(super) seeks: bool,
    /// Where the offsets are, if it is said.
    pub(super) offsets: Option<OffsetStorage>,
}

impl Ways {
    /// Those of all groups of a world: of one, or of two that read the same topics. They begin alike.
    pub(super) fn of_groups(seed: u64) -> Vec<Self> {
        let rng = &mut Rng::new(seed ^ 0x7477_6f00);
        let first = Self::of(seed);
        if !rng.chance(300) {
            return vec![first];
        }
        let (topics, patterns, start) = (first.topics.clone(), first.patterns, first.start);
        let second = Self { topics, patterns, start, ..Self::of(rng.draw()) };
        let second = Self { seeks: second.seeks && start == Offset::Earliest, ..second };
        if first.topics != [TOPIC] || rng.chance(500) {
            return vec![first, second];
        }
        let (protocol, offsets) = (GroupProtocol::ZooKeeper(Dialect::Samsa), Some(OffsetStorage::Brokers));
        vec![first, Self { streams: false, protocol, offsets, ..second }]
    }

    pub(super) fn of(seed: u64) -> Self {
        let rng = &mut Rng::new(seed ^ 0x7761_7973);
        let topics = if rng.chance(300) { vec![TOPIC, OTHER] } else { vec![TOPIC] };
        let start = if rng.chance(400) { Offset::Latest } else { Offset::Earliest };
        let assignor = if rng.chance(300) { Assignor::RoundRobin } else { Assignor::Range };
        // Who begins at the end and seeks to what came before may leave some of it out.
        let seeks = start == Offset::Earliest && rng.chance(400);
        let offsets =
            [None, Some(OffsetStorage::ZooKeeper), Some(OffsetStorage::Brokers), Some(OffsetStorage::Both)];
        let offsets = rng.pick(&offsets).copied().flatten();
        let patterns = rng.chance(300);
        let topics = if patterns { [&[TOPIC, OTHER, LAST], &LATE[..]].concat() } else { topics };
        let streams = rng.chance(300);
        let protocol = GroupProtocol::ZooKeeper(Dialect::Scala);
        Self { topics, patterns, streams, start, assignor, protocol, seeks, offsets }
    }

    /// Those of one or two groups on the brokers.
    pub(super) fn of_groups_on_brokers(seed: u64) -> Vec<Self> {
        let rng = &mut Rng::new(seed ^ 0x6272_6f6b);
        let on_brokers = |ways: Self, rng: &mut Rng| {
            let protocol = if rng.chance(400) { GroupProtocol::Classic } else { GroupProtocol::Brokers };
            Self { streams: false, protocol, offsets: Some(OffsetStorage::Brokers), ..ways }
        };
        let first = on_brokers(Self::of(seed), rng);
        if !rng.chance(300) {
            return vec![first];
        }
        let (topics, patterns, start) = (first.topics.clone(), first.patterns, first.start);
        let second = Self { topics, patterns, start, ..Self::of(rng.draw()) };
        let second = on_brokers(Self { seeks: second.seeks && start == Offset::Earliest, ..second }, rng);
        vec![first, second]
    }

    /// How the members of a group in `ZooKeeper` speak.
    pub(super) fn dialect(&self) -> Option<Dialect> {
        if let GroupProtocol::ZooKeeper(dialect) = self.protocol { Some(dialect) } else { None }
    }
}
