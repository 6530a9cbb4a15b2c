//! What readers wait for, in words, and what they have, in figures.

use std::sync::Arc;

use super::fetcher::{Fetcher, Question, Request};
use super::partition::Partition;
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
        self.explain_partitions(now, &who, lines);
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

    fn explain_partitions(&self, now: Instant, who: &str, lines: &mut Vec<Waiting>) {
        for (number, partition) in &self.partitions {
            let who = || format!("{who}, partition {number}");
            if let Some(seek) = partition.seek {
                let what = "the offset that is sought".to_owned();
                lines.push(Waiting::of_command(who(), what, seek.time));
            }
            let (what, since, until) = self.what_it_waits_for(now, partition);
            lines.push(Waiting { who: who(), what, since, until });
        }
    }

    fn what_it_waits_for(
        &self,
        now: Instant,
        partition: &Partition,
    ) -> (String, Option<Instant>, Option<Instant>) {
        if partition.is_stopped() {
            return ("a seek: it is not read any more".to_owned(), None, None);
        }
        if partition.source.is_paused() {
            return ("the application to resume it".to_owned(), None, None);
        }
        let trouble = partition.trouble.as_ref();
        if let Some(request) = partition.request.and_then(|token| self.requests.get(&token)) {
            let behind = trouble.map(|trouble| format!(" ({trouble})")).unwrap_or_default();
            return (format!("{}{behind}", request.answer()), Some(request.since), request.until);
        }
        match (trouble, partition.asked_of(partition.question())) {
            (Some(trouble), _) => {
                // When that is over, it is for a connection or its turn.
                let until = Some(partition.not_before).filter(|until| *until > now);
                (format!("to fetch again: {trouble}"), partition.troubled_since, until)
            }
            (None, None) => ("a leader".to_owned(), None, None),
            (None, Some(broker)) if self.short_since.is_some() => {
                (format!("memory to fetch from broker {broker}"), self.short_since, None)
            }
            (None, Some(broker)) => {
                (format!("a connection to broker {broker}, or its turn there"), None, None)
            }
        }
    }
}

impl Request {
    /// What it is to bring.
    fn answer(&self) -> String {
        let broker = self.broker;
        match (self.question, self.oversized) {
            (Question::Offsets, _) => format!("offsets from broker {broker}"),
            (Question::Epochs, _) => format!("broker {broker} to confirm that its log holds what was read"),
            (Question::Records, None) => format!("records from broker {broker}"),
            (Question::Records, Some((_, bytes))) => {
                format!(
                    "memory for {bytes} bytes from broker {broker}, of which {} were asked",
                    self.reserved
                )
            }
        }
    }
}
