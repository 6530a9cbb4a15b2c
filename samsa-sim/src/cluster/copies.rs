//! Values that are to be stored once: a second copy is told of when it is appended, whatever becomes of it then.

use std::collections::BTreeMap;

use super::Output;
use super::state::State;

/// Where each value of a topic is.
#[derive(Debug, Default)]
pub(super) struct Copies {
    /// No topic, no look.
    topic: Option<String>,
    /// Partition and offset, by the value. Some are not there any more.
    places: BTreeMap<Vec<u8>, (i32, i64)>,
}

impl Copies {
    /// No value is to be in this topic twice.
    pub(super) fn expect_once(&mut self, topic: &str) {
        self.topic = Some(topic.to_owned());
    }
}

impl State {
    /// What stands in a partition from this offset on was appended just now.
    pub(super) fn look_for_copies(&mut self, topic: &str, number: i32, base: i64) {
        if self.copies.topic.as_deref() != Some(topic) {
            return;
        }
        let appended = self.topic(topic).and_then(|topic| topic.partition(number));
        let appended = appended.map(|partition| partition.log.records_from(base)).unwrap_or_default();
        for record in appended {
            let (value, place) = (record.value.unwrap_or_default(), (number, record.offset));
            let before = self.copies.places.insert(value.clone(), place);
            // What went with a leader, or with its topic, may come again, also where it was.
            if let Some((at, offset)) =
                before.filter(|before| *before != place && self.is_at(topic, *before, &value))
            {
                let value = value.escape_ascii().to_string();
                let value = value.split_whitespace().next().unwrap_or_default();
                self.out.push_back(Output::Copied(format!(
                    "{value} is in partition {at} at {offset}, and is appended to partition {number} at {} as well",
                    record.offset
                )));
            }
        }
    }

    fn is_at(&self, topic: &str, (number, offset): (i32, i64), value: &[u8]) -> bool {
        let partition = self.topic(topic).and_then(|topic| topic.partition(number));
        let stored = partition.and_then(|partition| partition.log.record_at(offset));
        stored.is_some_and(|stored| stored.value.as_deref() == Some(value))
    }
}
