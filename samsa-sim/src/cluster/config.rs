//! What a cluster is made of.

use std::time::Duration;

use super::release::Release;

/// A cluster of model brokers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterConfig {
    /// What its brokers are. Default: 3.9, which has `ZooKeeper`.
    pub release: Release,
    /// What its brokers are one by one, from broker 1 on, until each is upgraded to `release`: a cluster in the middle of a
    /// rolling upgrade. Default: none is another.
    pub releases: Vec<Release>,
    /// Newer brokers keep messages of format 1 until none is older than 0.11, as `log.message.format.version` has them do during an
    /// upgrade: they refuse batches with an identity, and cannot convert headers. Default false.
    pub keeps_old_format: bool,
    /// How many there are, with ids from 1. Default 1.
    pub brokers: u16,
    /// Partitions of a topic that is created because somebody publishes to it. Default 3.
    pub partitions: i32,
    /// Replicas of such a topic's partitions, at most as many as there are brokers. Default 1.
    pub replication: u16,
    /// In how many racks the brokers stand, in turn: broker 5 of 3 racks in `r2`. In 0 none says where it stands. Where there are
    /// some, followers serve readers (KIP-392). Default 0.
    pub racks: u16,
    /// Whether topics are created because somebody publishes to them. Default true.
    pub auto_create: bool,
    /// Fetch sessions that a broker remembers, the most recently used ones. Default 1,000, as
    /// `max.incremental.fetch.session.cache.slots`.
    pub fetch_sessions: usize,
    /// The largest batch that is taken, in bytes. Default 1,048,588, as `message.max.bytes`.
    pub batch_bytes: usize,
    /// How long at most a follower takes to have what its leader was given. Default 4 ms.
    pub follower_lag: Duration,
    /// For how long at most a broker that has just started knows no topic, where that goes wrong. Default 2.5 s.
    pub blank: Duration,
    /// How long a group that was empty waits for more members. Default 300 ms, a tenth of what
    /// `group.initial.rebalance.delay.ms` is by default.
    pub initial_rebalance_delay: Duration,
    /// The longest session of a member of the classic protocol, where its release does not allow less. Default 30 min, as
    /// `group.max.session.timeout.ms`.
    pub longest_session: Duration,
    /// The session of a member of KIP-848. Default 6 s; that of `group.consumer.session.timeout.ms` is 45 s.
    pub member_session: Duration,
    /// How often such a member is to be heard. Default 1 s; that of `group.consumer.heartbeat.interval.ms` is 5 s.
    pub heartbeat_interval: Duration,
    /// Whether such a member may commit with an epoch that has passed what it has had since, as from 4.3 on (KIP-1251). Default
    /// false, as before.
    pub takes_older_epochs: bool,
}

impl ClusterConfig {
    /// What the oldest of its brokers is at first.
    pub(crate) fn oldest(&self) -> Release {
        self.releases.iter().copied().fold(self.release, Release::min)
    }
}

impl Default for ClusterConfig {
    fn default() -> Self {
        Self {
            release: Release::V3_9,
            releases: Vec::new(),
            keeps_old_format: false,
            brokers: 1,
            partitions: 3,
            replication: 1,
            racks: 0,
            auto_create: true,
            fetch_sessions: 1_000,
            batch_bytes: 1_048_588,
            follower_lag: Duration::from_millis(4),
            blank: Duration::from_millis(2_500),
            initial_rebalance_delay: Duration::from_millis(300),
            longest_session: Duration::from_secs(1_800),
            member_session: Duration::from_secs(6),
            heartbeat_interval: Duration::from_secs(1),
            takes_older_epochs: false,
        }
    }
}
