//! Whether records lie in the order in which they were accepted: looked at when one is acknowledged, and in the end.

use std::collections::BTreeMap;

use super::history::{History, Outcome};
use super::publishing::{Places, show, violation};
use crate::cluster::LoggedRecord;
use crate::violations::Violation;

/// A record is acknowledged in a partition at an offset: of those that the same client published there and that are acknowledged,
/// it lies behind the nearest before it, and before the nearest after it. Where receipts are in another order, the first copies need not be: then the
/// `places` are asked for, which have the first offset of each value that the partition's leader has. What is not in them does
/// not count.
pub(crate) fn at_receipt(
    history: &History,
    number: usize,
    (partition, offset): (i32, i64),
    places: impl FnOnce() -> BTreeMap<Vec<u8>, i64>,
) -> Option<Violation> {
    let receipts = history.receipts.get(&partition).filter(|_| history.accepted[number].is_bound())?;
    let of_one_client = history.publisher_range(number);
    let before = receipts.range(of_one_client.start..number).rev();
    let after = receipts.range(number + 1..of_one_client.end);
    let is_early = before.clone().next().is_some_and(|(_, earlier)| *earlier >= offset);
    let is_late = after.clone().next().is_some_and(|(_, later)| *later <= offset);
    if !is_early && !is_late {
        return None;
    }
    let places = places();
    let place = |number: usize| Some((number, *places.get(&history.accepted[number].value)?));
    let this = place(number)?;
    let earlier = before.map(|(number, _)| *number).find_map(place).filter(|(_, at)| *at >= this.1);
    let later = after.map(|(number, _)| *number).find_map(place).filter(|(_, at)| *at <= this.1);
    let pair = earlier.map(|earlier| (earlier, this)).or_else(|| Some((this, later?)));
    pair.map(|(first, second)| out_of_order(history, partition, first, second))
}

/// In the end: in each partition, the records of one client whose partition was decided at acceptance.
pub(super) fn check(history: &History, places: &Places<'_>) -> Vec<Violation> {
    let mut last: BTreeMap<i32, (usize, i64)> = BTreeMap::new();
    let mut found = Vec::new();
    for (number, record) in history.accepted.iter().enumerate() {
        if history.publisher_changes.contains(&number) {
            last.clear();
        }
        // A copy that was under way may arrive behind others when the first is gone.
        let is_it = |stored: &LoggedRecord| stored.value.as_ref() == Some(&record.value);
        let was_dropped = history.by_leader && history.dropped.iter().any(|(_, stored)| is_it(stored));
        let bound = record.is_bound() && !was_dropped;
        let stored = places.get(record.value.as_slice()).filter(|_| bound);
        let outcomes = history.outcomes.get(&number).map_or(&[][..], Vec::as_slice);
        let is_meant = |at: i32| match outcomes.first() {
            Some(Outcome::Acknowledged { partition, .. }) => *partition == at,
            _ => history.idempotent,
        };
        let first = stored.and_then(|places| places.iter().find(|(at, _)| is_meant(*at)));
        let Some((partition, offset)) = first else { continue };
        if let Some((earlier, before)) = last.insert(*partition, (number, *offset))
            && before >= *offset
        {
            found.push(out_of_order(history, *partition, (earlier, before), (number, *offset)));
        }
    }
    found
}

/// The first of two records, with their offsets, was accepted before the second.
fn out_of_order(
    history: &History,
    partition: i32,
    (earlier, before): (usize, i64),
    (number, offset): (usize, i64),
) -> Violation {
    let text = format!(
        "partition {partition}: record {earlier} ({}) is at {before}, and record {number} ({}), accepted after it, at {offset}",
        show(&history.accepted[earlier]),
        show(&history.accepted[number]),
    );
    violation("order", text)
}
