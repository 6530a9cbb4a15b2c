//! What goes through the fetch buffer: the batches of one partition in one response, or its end.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::source::Source;
use crate::error::ReadError;

/// What the application takes.
#[derive(Debug)]
pub(crate) enum Item {
    Segment(Segment),
    Failed { partition: i32, error: ReadError },
}

/// The batches of one partition in one response, in place.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) source: Arc<Source>,
    /// The turn that it was fetched in.
    pub(crate) turn: u64,
    /// Whole batches, each checked. None where all that came was for nobody.
    pub(crate) records: Bytes,
    /// Records before this offset are not wanted.
    pub(crate) from: i64,
    /// Where the partition is read on behind it: nothing between its last record and there is for the application.
    pub(crate) next: i64,
    /// The leader epoch of the record before `from`, where that is known.
    pub(crate) leader_epoch: Option<i32>,
}

/// What is fetched again because it was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GivenUp {
    pub(crate) partition: i32,
    pub(crate) from: i64,
    pub(crate) leader_epoch: Option<i32>,
}

impl Segment {
    /// Whether it is of the present turns, of a partition that has not stopped.
    pub(super) fn is_current(&self) -> bool {
        self.source.hands_out(self.turn)
    }

    /// Whether it would be handed out, and would not come again: it was fetched before the position was lost.
    pub(super) fn is_irreplaceable(&self) -> bool {
        self.is_current() && self.turn != self.source.turn()
    }
}

impl Item {
    pub(super) fn segment(&self) -> Option<&Segment> {
        match self {
            Self::Segment(segment) => Some(segment),
            Self::Failed { .. } => None,
        }
    }

    /// Whether it was fetched before the position was lost, and can be had here alone.
    pub(super) fn is_irreplaceable(&self) -> bool {
        self.segment().is_some_and(Segment::is_irreplaceable)
    }

    /// The partition that ends with it.
    pub(super) fn failed(&self) -> Option<i32> {
        match self {
            Self::Segment(_) => None,
            Self::Failed { partition, .. } => Some(*partition),
        }
    }

    pub(super) fn partition(&self) -> i32 {
        match self {
            Self::Segment(segment) => segment.source.partition(),
            Self::Failed { partition, .. } => *partition,
        }
    }
}

impl GivenUp {
    /// Where each partition of these items has to be fetched again from. What a seek has left behind does not count, nor
    /// what was fetched before the position was lost: its offsets mean nothing to the log that is read now.
    pub(super) fn of<'a>(items: impl IntoIterator<Item = &'a Item>) -> BTreeMap<i32, Self> {
        let mut given_up = BTreeMap::new();
        let is_again = |segment: &&Segment| segment.is_current() && !segment.is_irreplaceable();
        let current = items.into_iter().filter_map(Item::segment).filter(is_again);
        for Segment { source, from, leader_epoch, .. } in current {
            let partition = source.partition();
            let this = Self { partition, from: *from, leader_epoch: *leader_epoch };
            let first = given_up.entry(partition).or_insert(this);
            if this.from < first.from {
                *first = this;
            }
        }
        given_up
    }
}
