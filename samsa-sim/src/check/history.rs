//! What an application did and saw, in order.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::cluster::{LoggedRecord, Loss};

/// A record that the client accepted. Its value is unlike that of any other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) key: Option<Vec<u8>>,
    /// The partition that was asked for.
    pub(crate) partition: Option<i32>,
    pub(crate) value: Vec<u8>,
    /// The value of the header that it has, if it has one.
    pub(crate) header: Option<Vec<u8>>,
}

impl Accepted {
    /// Whether its partition was decided when it was accepted.
    pub(crate) const fn is_bound(&self) -> bool {
        self.key.is_some() || self.partition.is_some()
    }
}

/// What became of an accepted record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Acknowledged { partition: i32, offset: Option<i64> },
    NotSent,
    PossiblySent,
}

/// A record that a reader got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) offset: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
}

/// What an application did with one topic.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    /// In the order of acceptance; a record's place is its number.
    pub(crate) accepted: Vec<Accepted>,
    /// From these numbers on another client publishes than before. What the one before has sent may still arrive, and order
    /// between two is nobody's promise.
    pub(crate) publisher_changes: BTreeSet<usize>,
    /// The numbers of records that were published as a set.
    pub(crate) sets: Vec<Range<usize>>,
    /// By the record's number.
    pub(crate) outcomes: BTreeMap<usize, Vec<Outcome>>,
    /// Where receipts say that records are whose partition was decided when they were accepted: by partition and number.
    pub(crate) receipts: BTreeMap<i32, BTreeMap<usize, i64>>,
    /// By the reader's number and the partition, in the order of reading.
    pub(crate) reads: BTreeMap<(usize, i32), Vec<Read>>,
    /// Whether a record that is sent again is to be stored once.
    pub(crate) idempotent: bool,
    /// Whether what may be stored is not to be sent again.
    pub(crate) sent_once: bool,
    /// Whether what is acknowledged is with its leader only, and lost with it.
    pub(crate) by_leader: bool,
    /// How often each client told that the topic was made anew, by their numbers.
    pub(crate) made_anew: BTreeMap<usize, u64>,
    /// How often each client told that its reader goes on elsewhere, by its number and the partition.
    pub(crate) resets: BTreeMap<(usize, i32), u64>,
    /// What the brokers lost, as no fault of the client.
    pub(crate) losses: Vec<Loss>,
    /// What leaders had and those that came after them had not: partition and record.
    pub(crate) dropped: Vec<(i32, LoggedRecord)>,
    /// Where readers began that did not begin with the first record, by their numbers and the partition.
    pub(crate) starts: BTreeMap<(usize, i32), i64>,
    /// Where each reader stands in each partition.
    pub(crate) positions: BTreeMap<(usize, i32), i64>,
    /// The readers that must have read to the end.
    pub(crate) finished_readers: Vec<usize>,
}

/// The committed records of each partition, oldest first.
pub(crate) type Logs = BTreeMap<i32, Vec<LoggedRecord>>;

impl History {
    /// A record was accepted; its number is returned.
    pub(crate) fn accept(&mut self, record: Accepted) -> usize {
        self.accepted.push(record);
        self.accepted.len() - 1
    }

    /// What is accepted from now on another client publishes.
    pub(crate) fn change_publisher(&mut self) {
        self.publisher_changes.insert(self.accepted.len());
    }

    /// The numbers of what one client published, among them this one.
    pub(crate) fn publisher_range(&self, number: usize) -> Range<usize> {
        let from = self.publisher_changes.range(..=number).next_back();
        let to = self.publisher_changes.range(number + 1..).next();
        from.copied().unwrap_or(0)..to.copied().unwrap_or(usize::MAX)
    }

    pub(crate) fn settle(&mut self, number: usize, outcome: Outcome) {
        if let Outcome::Acknowledged { partition, offset: Some(offset) } = outcome
            && self.accepted[number].is_bound()
        {
            self.receipts.entry(partition).or_default().insert(number, offset);
        }
        self.outcomes.entry(number).or_default().push(outcome);
    }

    pub(crate) fn read(&mut self, reader: usize, partition: i32, read: Read) {
        self.reads.entry((reader, partition)).or_default().push(read);
    }

    /// Where the log of a partition went on when what was behind was lost.
    pub(crate) fn losses_of(&self, partition: i32) -> impl Iterator<Item = &Loss> {
        self.losses.iter().filter(move |loss| loss.partition == partition)
    }

    /// Whether the brokers lost this record of a partition.
    pub(crate) fn is_lost(&self, partition: i32, is_it: impl Fn(&LoggedRecord) -> bool) -> bool {
        self.losses_of(partition).flat_map(|loss| &loss.records).any(is_it)
    }

    /// Whether it went with a leader who alone had this record of a partition, where that is nobody's fault.
    pub(crate) fn is_dropped(&self, partition: i32, is_it: impl Fn(&LoggedRecord) -> bool) -> bool {
        let mut dropped = self.dropped.iter().filter(|_| self.by_leader);
        dropped.any(|(at, record)| *at == partition && is_it(record))
    }

    /// Whether what is stored at an offset is this record.
    pub(crate) fn is_at(&self, number: usize, offset: i64, stored: &LoggedRecord) -> bool {
        let record = &self.accepted[number];
        stored.offset == offset && stored.key == record.key && stored.value.as_ref() == Some(&record.value)
    }

    /// What a reader has in the end: who goes back to where a log was cut forgets what it read behind that.
    pub(crate) fn left(&self, reader: usize, partition: i32) -> Vec<&Read> {
        let mut left: Vec<&Read> = Vec::new();
        for read in self.reads.get(&(reader, partition)).into_iter().flatten() {
            left.truncate(left.partition_point(|earlier| earlier.offset < read.offset));
            left.push(read);
        }
        let position = self.positions.get(&(reader, partition)).copied().unwrap_or(i64::MAX);
        left.truncate(left.partition_point(|read| read.offset < position));
        left
    }

    /// Whether this record was acknowledged, once, and nothing else was said of it.
    pub(crate) fn is_acknowledged(&self, number: usize) -> bool {
        matches!(self.outcomes.get(&number).map(Vec::as_slice), Some([Outcome::Acknowledged { .. }]))
    }

    pub(crate) fn acknowledged(&self) -> usize {
        let outcomes = self.outcomes.values().flatten();
        outcomes.filter(|outcome| matches!(outcome, Outcome::Acknowledged { .. })).count()
    }

    pub(crate) fn read_count(&self) -> usize {
        self.reads.values().map(Vec::len).sum()
    }
}
