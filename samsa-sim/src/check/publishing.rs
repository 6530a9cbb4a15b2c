//! What must hold of published records.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::history::{Accepted, History, Logs, Outcome};
use super::order;
use crate::cluster::LoggedRecord;
use crate::violations::Violation;

/// Where each value is found: partition and offset, first to last within a partition.
pub(super) type Places<'a> = BTreeMap<&'a [u8], Vec<(i32, i64)>>;

pub(super) fn check(history: &History, logs: &Logs) -> Vec<Violation> {
    let places = places(logs);
    let mut found = Vec::new();
    for (number, record) in history.accepted.iter().enumerate() {
        let outcomes = history.outcomes.get(&number).map_or(&[][..], Vec::as_slice);
        found.extend(one_outcome(number, record, outcomes));
        for outcome in outcomes {
            found.extend(matches_log(history, number, *outcome, logs, &places));
        }
    }
    found.extend(order::check(history, &places));
    found.extend(stored_once(history, &places));
    found.extend(nothing_foreign(history, logs));
    found.extend(headers_are_kept(history, logs));
    found.extend(history.sets.iter().filter_map(|set| whole_set(history, set, &places)));
    found.extend(one_partition_per_key(logs));
    found
}

pub(super) fn violation(invariant: &'static str, what: String) -> Violation {
    Violation { invariant, what }
}

fn places(logs: &Logs) -> Places<'_> {
    let mut places = Places::new();
    for (partition, log) in logs {
        for record in log {
            let value = record.value.as_deref().unwrap_or_default();
            places.entry(value).or_default().push((*partition, record.offset));
        }
    }
    places
}

fn one_outcome(number: usize, record: &Accepted, outcomes: &[Outcome]) -> Option<Violation> {
    let text = || format!("record {number} ({}) has {} outcomes: {outcomes:?}", show(record), outcomes.len());
    (outcomes.len() != 1).then(|| violation("one-outcome", text()))
}

fn matches_log(
    history: &History,
    number: usize,
    outcome: Outcome,
    logs: &Logs,
    places: &Places<'_>,
) -> Option<Violation> {
    let record = &history.accepted[number];
    let found = places.get(record.value.as_slice());
    match outcome {
        Outcome::Acknowledged { partition, offset } => {
            let log = logs.get(&partition).map_or(&[][..], |log| where_it_may_be(log, offset));
            let is_it = |stored: &LoggedRecord| {
                let same = stored.key == record.key && stored.value.as_ref() == Some(&record.value);
                same && offset.is_none_or(|offset| offset == stored.offset)
            };
            let wanted = record.partition.is_none_or(|wanted| wanted == partition);
            let text = || {
                format!(
                    "record {number} ({}) was acknowledged in partition {partition} at {offset:?}, but is at {found:?}",
                    show(record)
                )
            };
            let is_there = log.iter().any(is_it)
                || history.is_lost(partition, is_it)
                || history.is_dropped(partition, is_it);
            (!wanted || !is_there).then(|| violation("acknowledged-is-stored", text()))
        }
        Outcome::NotSent => found.map(|found| {
            let text = format!("record {number} ({}) was not sent, but is at {found:?}", show(record));
            violation("not-sent-is-not-stored", text)
        }),
        Outcome::PossiblySent => None,
    }
}

/// The part of a log that has the record at this offset; all of it when the offset is not known.
fn where_it_may_be(log: &[LoggedRecord], offset: Option<i64>) -> &[LoggedRecord] {
    let Some(offset) = offset else { return log };
    let from = log.partition_point(|stored| stored.offset < offset);
    let to = log.partition_point(|stored| stored.offset <= offset);
    &log[from..to]
}

/// With idempotence, or where what may be stored is not sent again, no record is there twice.
fn stored_once(history: &History, places: &Places<'_>) -> Vec<Violation> {
    let all = history.accepted.iter().enumerate().filter(|_| history.idempotent || history.sent_once);
    let twice = all.filter_map(|(number, record)| {
        let found = places.get(record.value.as_slice()).filter(|found| found.len() > 1)?;
        let text = format!("record {number} ({}) is there more than once: {found:?}", show(record));
        Some(violation("stored-once", text))
    });
    twice.collect()
}

/// The records of a set are one behind the other, or none is there. Of several copies the first is looked at.
fn whole_set(history: &History, set: &Range<usize>, places: &Places<'_>) -> Option<Violation> {
    let place =
        |number: usize| places.get(history.accepted[number].value.as_slice()).and_then(|found| found.first());
    let found: Vec<_> = set.clone().map(place).collect();
    let is_whole = found.windows(2).all(|pair| match (pair[0], pair[1]) {
        (None, None) => true,
        (Some((partition, offset)), Some(next)) => *next == (*partition, offset + 1),
        _ => false,
    });
    let text = || format!("the set of records {set:?} is at {found:?}");
    (!is_whole).then(|| violation("sets-are-whole", text()))
}

fn nothing_foreign(history: &History, logs: &Logs) -> Vec<Violation> {
    let published: BTreeSet<(Option<&[u8]>, &[u8])> =
        history.accepted.iter().map(|record| (record.key.as_deref(), record.value.as_slice())).collect();
    let all = logs.iter().flat_map(|(partition, log)| log.iter().map(move |record| (partition, record)));
    let foreign = all.filter(|(_, record)| {
        !published.contains(&(record.key.as_deref(), record.value.as_deref().unwrap_or_default()))
    });
    foreign
        .map(|(partition, record)| {
            let value = record.value.as_deref().unwrap_or_default().escape_ascii();
            violation("nothing-foreign", format!("partition {partition} has {value} at {}", record.offset))
        })
        .collect()
}

/// Wherever a record is stored, it has the header that it was published with.
fn headers_are_kept(history: &History, logs: &Logs) -> Vec<Violation> {
    let published: BTreeMap<&[u8], &Accepted> =
        history.accepted.iter().map(|record| (record.value.as_slice(), record)).collect();
    let all = logs.iter().flat_map(|(partition, log)| log.iter().map(move |stored| (partition, stored)));
    let changed = all.filter_map(|(partition, stored)| {
        let record =
            published.get(stored.value.as_deref()?).filter(|record| record.header != stored.header)?;
        let (had, has) = (&record.header, &stored.header);
        let text = format!("{} is in partition {partition} with {has:?}, and had {had:?}", show(record));
        Some(violation("headers-are-kept", text))
    });
    changed.collect()
}

fn one_partition_per_key(logs: &Logs) -> Vec<Violation> {
    let mut partitions: BTreeMap<&[u8], BTreeSet<i32>> = BTreeMap::new();
    for (partition, log) in logs {
        for key in log.iter().filter_map(|record| record.key.as_deref()) {
            partitions.entry(key).or_default().insert(*partition);
        }
    }
    let split = partitions.into_iter().filter(|(_, partitions)| partitions.len() > 1);
    split
        .map(|(key, partitions)| {
            violation(
                "one-partition-per-key",
                format!("key {} is in partitions {partitions:?}", key.escape_ascii()),
            )
        })
        .collect()
}

pub(super) fn show(record: &Accepted) -> String {
    let value = record.value.escape_ascii().to_string();
    let value = value.split_whitespace().next().unwrap_or_default();
    match &record.key {
        Some(key) => format!("{value}, key {}", key.escape_ascii()),
        None => value.to_owned(),
    }
}
