//! Where groups and their offsets are kept, as it is said and told.

use clap::ValueEnum;
use samsa_client::OffsetStorage;

/// One of the stores of offsets, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StorageName {
    #[value(name = "zookeeper")]
    ZooKeeper,
    Brokers,
    Both,
}

impl StorageName {
    pub(crate) fn storage(self) -> OffsetStorage {
        match self {
            Self::ZooKeeper => OffsetStorage::ZooKeeper,
            Self::Brokers => OffsetStorage::Brokers,
            Self::Both => OffsetStorage::Both,
        }
    }
}

/// What keeps groups, or offsets of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    ZooKeeper,
    Brokers,
}

impl Store {
    /// What it is called, in tables and objects.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ZooKeeper => "ZooKeeper",
            Self::Brokers => "brokers",
        }
    }

    pub(crate) fn all_of(storage: OffsetStorage) -> impl Iterator<Item = Self> {
        let in_zookeeper = storage.in_zookeeper().then_some(Self::ZooKeeper);
        in_zookeeper.into_iter().chain(storage.on_brokers().then_some(Self::Brokers))
    }
}
