//! Places in partitions.

use crate::planted::{PlantedBug, is_planted};
use crate::time::UnixMillis;

/// A place in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

/// Beyond every log: who names such an offset does not mean what it says.
const NO_LOG: i64 = 1 << 62;

/// Whether a log can have this offset.
pub(crate) fn is_possible(offset: i64) -> bool {
    (0..NO_LOG).contains(&offset) || is_planted(PlantedBug::TrustsOffsets)
}
