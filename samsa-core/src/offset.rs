//! Places in partitions.

use crate::time::UnixMillis;

/// A place in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offset {
    /// The first record that is kept.
    Earliest,
    /// Behind the last record.
    Latest,
    /// This very offset.
    Exact(i64),
    /// The first record at or after this time; the end when there is none.
    At(UnixMillis),
}

/// An offset of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionOffset {
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
}
