//! What must hold of what readers get.

use super::history::{History, Logs, Read};
use crate::cluster::LoggedRecord;
use crate::violations::Violation;

pub(super) fn check(history: &History, logs: &Logs) -> Vec<Violation> {
    let mut found = Vec::new();
    for ((reader, partition), reads) in &history.reads {
        let who = format!("reader {reader} of partition {partition}");
        let log = logs.get(partition).map_or(&[][..], Vec::as_slice);
        let went_on_at = |offset| history.losses_of(*partition).any(|loss| loss.from == offset);
        let is_between =
            |before, after| log.iter().any(|record| before < record.offset && record.offset < after);
        let mut pairs = reads.windows(2).map(|pair| (pair[0].offset, pair[1].offset));
        found.extend(pairs.find_map(|pair| gap(*reader, *partition, pair, went_on_at, is_between)));
        found.extend(from_the_start(&who, reads, log, history.starts.get(&(*reader, *partition))));
        found.extend(what_is_stored(&who, reads, |read| {
            let is_it = |record: &LoggedRecord| record.offset == read.offset && is_same(record, read);
            let place = log.binary_search_by_key(&read.offset, |stored| stored.offset);
            place.is_ok_and(|place| is_it(&log[place])) || history.is_lost(*partition, is_it)
        }));
    }
    for reader in &history.finished_readers {
        for (partition, log) in logs {
            found.extend(to_the_end(history, *reader, *partition, log));
            found.extend(what_is_left(history, *reader, *partition, log));
        }
    }
    found
}

/// A reader gets the record at this offset: it is the next one. What it began with is looked at in the end.
pub(crate) fn at_hand_out(
    history: &History,
    (reader, partition): (usize, i32),
    offset: i64,
    went_on_at: impl Fn(i64) -> bool,
    is_between: impl Fn(i64, i64) -> bool,
) -> Option<Violation> {
    let before = history.reads.get(&(reader, partition))?.last()?.offset;
    gap(reader, partition, (before, offset), went_on_at, is_between)
}

/// Offsets that nobody can read do not count: only those do of which `is_between` says that a record is there. Whoever read what
/// was lost goes back to where the log went on.
fn gap(
    reader: usize,
    partition: i32,
    (before, after): (i64, i64),
    went_on_at: impl Fn(i64) -> bool,
    is_between: impl Fn(i64, i64) -> bool,
) -> Option<Violation> {
    let is_next =
        if after <= before { went_on_at(after) } else { after == before + 1 || !is_between(before, after) };
    let what = || format!("reader {reader} of partition {partition} got {after} after {before}");
    (!is_next).then(|| Violation { invariant: "reads-without-gaps", what: what() })
}

/// The first record that a reader gets is the first from its start on.
fn from_the_start(who: &str, reads: &[Read], log: &[LoggedRecord], start: Option<&i64>) -> Option<Violation> {
    let (start, read) = (*start?, reads.first()?);
    let first = log.iter().find(|record| record.offset >= start).map(|record| record.offset);
    let what = format!("{who} began at {start}, where {first:?} is the first, and got {}", read.offset);
    (first != Some(read.offset)).then_some(Violation { invariant: "reads-from-its-start", what })
}

fn is_same(stored: &LoggedRecord, read: &Read) -> bool {
    stored.key == read.key && stored.value == read.value
}

fn what_is_stored(who: &str, reads: &[Read], is_stored: impl Fn(&Read) -> bool) -> Option<Violation> {
    let wrong = reads.iter().find(|read| !is_stored(read))?;
    let what = format!("{who} got at {} what is not there: {wrong:?}", wrong.offset);
    Some(Violation { invariant: "reads-what-is-stored", what })
}

fn what_is_left(history: &History, reader: usize, partition: i32, log: &[LoggedRecord]) -> Option<Violation> {
    history.losses_of(partition).next()?;
    let is_there = |read: &&&Read| {
        let place = log.binary_search_by_key(&read.offset, |stored| stored.offset);
        place.is_ok_and(|place| is_same(&log[place], read))
    };
    let left = history.left(reader, partition);
    let lost = left.iter().find(|read| !is_there(read))?;
    let what = format!("reader {reader} of partition {partition} kept {} of a log that was cut", lost.offset);
    Some(Violation { invariant: "reads-what-is-left", what })
}

fn to_the_end(history: &History, reader: usize, partition: i32, log: &[LoggedRecord]) -> Option<Violation> {
    let stored = log.last()?.offset;
    if history.starts.get(&(reader, partition)).is_some_and(|start| *start > stored) {
        return None;
    }
    let read = history.left(reader, partition).last().map(|read| read.offset);
    let what =
        format!("reader {reader} of partition {partition} got all up to {read:?}, and {stored} is there");
    (read != Some(stored)).then_some(Violation { invariant: "reads-to-the-end", what })
}
