//! What publishers were told, against what Java reads.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use samsa_tests::{RealKafka, java};
use samsa_tokio::{Certainty, Offset, PublishError, Receipt};

use crate::client::Runtime;

const LIMIT: Duration = Duration::from_secs(240);
const KEYS: u64 = 100;

/// The key of a publisher's message.
pub(crate) fn key(publisher: &str, number: u64) -> String {
    format!("{publisher}-{}", number * 7919 % KEYS)
}

/// A message of a publisher, and where the broker said that it is.
pub(crate) struct Acknowledged {
    pub(crate) number: u64,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
}

/// What Java reads: key and number by place.
pub(crate) type Log = BTreeMap<(i32, i64), (String, u64)>;

pub(crate) fn read(kafka: &RealKafka, topic: &str) -> Log {
    let records: i64 = Runtime::Tokio.run(kafka, async |cluster| {
        let ends = cluster.topic(topic).offsets(Offset::Latest).await.expect("offsets");
        ends.iter().map(|end| end.offset).sum()
    });
    let read = java::consume(kafka, topic, records as usize, LIMIT, &[]).expect("Java reads");
    assert_eq!(read.len(), records as usize);
    let text = |bytes: Option<Vec<u8>>| String::from_utf8(bytes.expect("bytes")).expect("text");
    read.into_iter()
        .map(|record| {
            let number = text(record.value).parse().expect("a number");
            ((record.partition, record.offset), (text(record.key), number))
        })
        .collect()
}

/// What became of a message.
pub(crate) type Outcome = Result<Receipt, PublishError>;

/// What became of each message of a publisher, by its number, agrees with the log.
pub(crate) fn agrees(log: &Log, name: &str, outcomes: &[Outcome]) {
    let stored = is_once_and_in_order(log, name);
    for (number, outcome) in outcomes.iter().enumerate() {
        let number = number as u64;
        match outcome {
            Ok(receipt) => {
                assert!(stored.contains(&number), "{name}: {number} was acknowledged and is not there");
                if let Some(offset) = receipt.offset {
                    let there = log.get(&(receipt.partition, offset));
                    assert_eq!(there, Some(&(key(name, number), number)));
                }
            }
            Err(error) if error.certainty() == Certainty::NotSent => {
                assert!(!stored.contains(&number), "{name}: {number} was not sent, and is there: {error}");
            }
            Err(_) => {}
        }
    }
}

/// All that a publisher published is there, once and in the order of each key, though batches whose answers the broker took
/// to its grave were sent again.
pub(crate) fn is_whole_and_in_order(log: &Log, publisher: &str, count: u64) {
    let seen = is_once_and_in_order(log, publisher);
    assert_eq!((seen.len() as u64, seen.into_iter().max()), (count, Some(count - 1)));
}

/// What is there of a publisher is there once and in the order of each key. Returns its numbers.
pub(crate) fn is_once_and_in_order(log: &Log, publisher: &str) -> HashSet<u64> {
    let mut newest: HashMap<&str, u64> = HashMap::new();
    let mut seen = HashSet::new();
    for (found, number) in log.values() {
        if *found != key(publisher, *number) {
            assert!(!found.starts_with(publisher), "{found}: {number}");
            continue;
        }
        assert!(seen.insert(*number), "{publisher}: {number} is stored twice");
        let before = newest.insert(found, *number);
        assert!(before.is_none_or(|before| before < *number), "{publisher}: {number} comes after {before:?}");
    }
    seen
}

/// Each receipt tells the truth, and the receipts of a key are in order.
pub(crate) fn is_where_it_was_acknowledged(log: &Log, publisher: &str, acknowledged: &[Acknowledged]) {
    let mut newest: HashMap<String, i64> = HashMap::new();
    for Acknowledged { number, partition, offset } in acknowledged {
        let key = key(publisher, *number);
        assert_eq!(log.get(&(*partition, *offset)), Some(&(key.clone(), *number)));
        let before = newest.insert(key, *offset);
        assert!(before.is_none_or(|before| before < *offset), "{number}: {offset} comes after {before:?}");
    }
}
