//! What must hold of what readers get.

use super::history::{History, Logs, Read};
use crate::cluster::LoggedRecord;
use crate::violations::Violation;

pub(super) fn check(history: &History, logs: &Logs) -> Vec<Violation> {
    let mut found = Vec::new();
    for ((reader, partition), reads) in &history.reads {
        let who = format!("reader {reader} of partition {partition}");
        let log = logs.get(partition).map_or(&[][..], Vec::as_slice);
        found.extend(without_gaps(&who, reads, |offset| {
            history.losses_of(*partition).any(|loss| loss.from == offset)
        }));
        found.extend(what_is_stored(&who, reads, |read| {
            let is_it = |record: &LoggedRecord| record.offset == read.offset && is_same(record, read);
            let place = log.binary_search_by_key(&read.offset, |stored| stored.offset);
            place.is_ok_and(|place| is_it(&log[place])) || history.is_lost(*partition, is_it)
        }));
    }
    for reader in &history.finished_readers {
        found
            .extend(logs.iter().filter_map(|(partition, log)| to_the_end(history, *reader, *partition, log)));
    }
    found
}

/// Whoever read what was lost goes back to where the log went on.
fn without_gaps(who: &str, reads: &[Read], goes_on: impl Fn(i64) -> bool) -> Option<Violation> {
    let is_gap = |before: i64, after: i64| after != before + 1 && !(after <= before && goes_on(after));
    let gap = reads.windows(2).find(|pair| is_gap(pair[0].offset, pair[1].offset))?;
    let what = format!("{who} got {} after {}", gap[1].offset, gap[0].offset);
    Some(Violation { invariant: "reads-without-gaps", what })
}

fn is_same(stored: &LoggedRecord, read: &Read) -> bool {
    stored.key == read.key && stored.value == read.value
}

fn what_is_stored(who: &str, reads: &[Read], is_stored: impl Fn(&Read) -> bool) -> Option<Violation> {
    let wrong = reads.iter().find(|read| !is_stored(read))?;
    let what = format!("{who} got at {} what is not there: {wrong:?}", wrong.offset);
    Some(Violation { invariant: "reads-what-is-stored", what })
}

fn to_the_end(history: &History, reader: usize, partition: i32, log: &[LoggedRecord]) -> Option<Violation> {
    let stored = log.last()?.offset;
    let reads = history.reads.get(&(reader, partition));
    let read = reads.and_then(|reads| reads.last()).map(|read| read.offset);
    let what =
        format!("reader {reader} of partition {partition} got all up to {read:?}, and {stored} is there");
    (read != Some(stored)).then_some(Violation { invariant: "reads-to-the-end", what })
}
