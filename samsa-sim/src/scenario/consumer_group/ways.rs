//! In which ways groups read.

use samsa_client::{Assignor, Dialect, Offset, OffsetStorage};

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
    pub(super) dialect: Dialect,
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
        let (dialect, offsets) = (Dialect::Samsa, Some(OffsetStorage::Brokers));
        vec![first, Self { streams: false, dialect, offsets, ..second }]
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
        Self { topics, patterns, streams, start, assignor, dialect: Dialect::Scala, seeks, offsets }
    }
}
