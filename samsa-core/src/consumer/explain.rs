//! What readers wait for, in words, and what they have, in figures.

use std::sync::Arc;

use super::fetcher::{Fetcher, Question};
use crate::explanation::Waiting;
use crate::id::ReaderId;
use crate::metrics::ReadPartition;
use crate::time::Instant;

impl Fetcher {
    pub(super) fn explain(&self, now: Instant, reader: ReaderId, lines: &mut Vec<Waiting>) {
        let who = format!("reader {} of {:?}", reader.0, self.spec.topic);
        if let Some(opening) = self.opening {
            let what = "the topic's partitions, and where to start in them".to_owned();
            lines.push(Waiting::of_command(who.clone(), what, opening.time));
        }
        let (used, most) = (self.buffer.memory().used(), self.spec.fetch.buffer_bytes);
        if self.short_since.is_some() || used > most {
            let what = format!(
                "memory to fetch more: {used} of {most} bytes are buffered or held by the application"
            );
            lines.push(Waiting { who: who.clone(), what, since: self.short_since, until: None });
        }
        self.explain_sources(now, &who, lines);
        self.explain_requests(&who, lines);
        self.explain_partitions(&who, lines);
    }

    /// Its partitions in figures.
    pub(super) fn metrics(&self, reader: ReaderId) -> impl Iterator<Item = ReadPartition> {
        self.partitions.iter().map(move |(number, partition)| {
            let high_watermark = partition.ends.high_watermark;
            ReadPartition {
                reader: reader.0,
                group: self.group.clone(),
                topic: Arc::clone(&self.spec.topic),
                partition: *number,
                leader: partition.leader,
                read_from: partition.asked_of(Question::Records),
                fetched: partition.fetched,
                position: partition.source.position(),
                high_watermark: Some(high_watermark).filter(|offset| *offset >= 0),
                lag: partition.source.lag(),
                is_paused: partition.source.is_paused(),
                is_stopped: partition.is_stopped(),
            }
        })
    }

    fn explain_requests(&self, who: &str, lines: &mut Vec<Waiting>) {
        for request in self.requests.values() {
            let broker = request.broker;
            let what = match (request.question, request.oversized) {
                (Question::Offsets, _) => format!("offsets from broker {broker}"),
                (Question::Epochs, _) => {
                    format!("broker {broker} to confirm that its log holds what was read")
                }
                (Question::Records, None) => format!("records from broker {broker}"),
                (Question::Records, Some((_, bytes))) => {
                    format!(
                        "memory for {bytes} bytes from broker {broker}, of which {} were asked",
                        request.reserved
                    )
                }
            };
            lines.push(Waiting {
                who: who.to_owned(),
                what,
                since: Some(request.since),
                until: request.until,
            });
        }
    }

    fn explain_partitions(&self, who: &str, lines: &mut Vec<Waiting>) {
        for (number, partition) in &self.partitions {
            if partition.source.is_paused() {
                let who = format!("{who}, partition {number}");
                let what = "the application to resume it".to_owned();
                lines.push(Waiting { who, what, since: None, until: None });
            }
            if let Some(seek) = partition.seek {
                let who = format!("{who}, partition {number}");
                let what = "the offset that is sought".to_owned();
                lines.push(Waiting::of_command(who, what, seek.time));
            }
            let Some(trouble) = &partition.trouble else { continue };
            let until = partition.request.is_none().then_some(partition.not_before);
            let who = format!("{who}, partition {number}");
            let (what, since) = (format!("to fetch again: {trouble}"), partition.troubled_since);
            lines.push(Waiting { who, what, since, until });
        }
    }
}
