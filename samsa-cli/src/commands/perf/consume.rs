//! `samsa perf consume`.

use std::hint::black_box;

use clap::Args;
use samsa_client::{Chunk, Consumer, ConsumerBuilder, Offset, Reader};

use super::figures::Run;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::session::Session;

/// Messages between two looks at whether to stop, at most.
const BURST: u64 = 1024;

/// Read records from the start of a topic, or where a group goes on, and touch every byte of keys and values
#[derive(Args, Debug)]
pub(crate) struct PerfConsume {
    /// Where from
    topic: String,
    /// How many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    records: u64,
    /// As a member of this consumer group, which shares the partitions, goes on at its committed offsets, and commits what was
    /// counted. Groups live in ZooKeeper
    #[arg(long, value_name = "G")]
    group: Option<String>,
    /// Take them one by one; else a batch at a time, which costs less
    #[arg(long)]
    by_message: bool,
}

/// What was read so far.
#[derive(Debug, Default)]
struct Sum {
    records: u64,
    bytes: u64,
    /// The last chunk has more records than were counted.
    is_cut: bool,
}

/// What records come from.
trait Records {
    /// Those of the next batch.
    async fn chunk(&mut self) -> Option<Result<Chunk, Failure>>;

    /// Touches the next one, and gives the bytes of its key and value.
    async fn touch_next(&mut self) -> Option<Result<u64, Failure>>;
}

impl Records for Reader {
    async fn chunk(&mut self) -> Option<Result<Chunk, Failure>> {
        Some(self.next_chunk().await?.map_err(Failure::from))
    }

    async fn touch_next(&mut self) -> Option<Result<u64, Failure>> {
        let message = self.next().await?;
        Some(message.map(|message| touch(message.key()) + touch(message.value())).map_err(Failure::from))
    }
}

impl Records for Consumer {
    async fn chunk(&mut self) -> Option<Result<Chunk, Failure>> {
        Some(self.next_chunk().await?.map_err(Failure::from))
    }

    async fn touch_next(&mut self) -> Option<Result<u64, Failure>> {
        let message = self.next().await?;
        Some(message.map(|message| touch(message.key()) + touch(message.value())).map_err(Failure::from))
    }
}

impl PerfConsume {
    pub(super) async fn run(&self, session: &Session) -> Result<(), Failure> {
        session.connect().await?;
        let topic = session.cluster.topic(&self.topic);
        session.ask(topic.partitions()).await?;

        if let Some(group) = &self.group {
            return self.consume_in(session, topic.consumer(group)).await;
        }
        let run = Run::begin()?;
        let reader = topic.reader(Offset::Earliest);
        let mut reader = session.ask(reader.open()).await?;
        let mut sum = Sum::default();
        let read = self.read(session, &mut reader, &mut sum).await;
        run.end(sum.records, sum.bytes)?.print(session.json)?;
        read
    }

    /// Joining counts, and commits meanwhile; leaving does not.
    async fn consume_in(&self, session: &Session, consumer: ConsumerBuilder) -> Result<(), Failure> {
        let run = Run::begin()?;
        let subscribing = session.stop.or(consumer.start_at(Offset::Earliest).subscribe()).await;
        let mut consumer = subscribing.ok_or_else(|| Failure::interrupted("joining the group"))??;
        let mut sum = Sum::default();
        let read = self.read(session, &mut consumer, &mut sum).await;
        let figures = run.end(sum.records, sum.bytes)?;

        // What was not counted of the last batch is for whoever comes next, with all of that batch.
        let committed = if sum.is_cut { Ok(()) } else { consumer.commit().await };
        let left = consumer.close().await;
        figures.print(session.json)?;
        read?;
        committed?;
        Ok(left?)
    }

    async fn read(
        &self,
        session: &Session,
        records: &mut impl Records,
        sum: &mut Sum,
    ) -> Result<(), Failure> {
        if self.by_message {
            self.read_by_message(session, records, sum).await
        } else {
            self.read_by_chunk(session, records, sum).await
        }
    }

    async fn read_by_chunk(
        &self,
        session: &Session,
        records: &mut impl Records,
        sum: &mut Sum,
    ) -> Result<(), Failure> {
        let progress = Progress::records(self.records);
        while sum.records < self.records {
            let before = sum.records;
            let next = session.stop.or(records.chunk()).await.flatten();
            sum.add(&next.ok_or_else(|| Failure::interrupted("consuming"))??, self.records);
            progress.advance(sum.records - before);
            if session.stop.is_asked() {
                return Err(Failure::interrupted("consuming"));
            }
        }
        Ok(())
    }

    /// Looks at whether to stop once in a burst.
    async fn read_by_message(
        &self,
        session: &Session,
        records: &mut impl Records,
        sum: &mut Sum,
    ) -> Result<(), Failure> {
        let progress = Progress::records(self.records);
        while sum.records < self.records {
            let burst = BURST.min(self.records - sum.records);
            let read = async {
                for _ in 0..burst {
                    let touched = records.touch_next().await;
                    sum.bytes += touched.ok_or_else(|| Failure::interrupted("consuming"))??;
                    sum.records += 1;
                }
                Ok(())
            };
            let read = session.stop.or(read).await;
            read.unwrap_or_else(|| Err(Failure::interrupted("consuming")))?;
            progress.advance(burst);
        }
        Ok(())
    }
}

impl Sum {
    /// The records of a chunk, but not more than `most` in all.
    fn add(&mut self, chunk: &Chunk, most: u64) {
        let mut records = chunk.records();
        for record in records.by_ref().take(usize::try_from(most - self.records).unwrap_or(usize::MAX)) {
            self.records += 1;
            self.bytes += touch(record.key()) + touch(record.value());
        }
        self.is_cut = records.next().is_some();
    }
}

/// Reads every byte, as an application would.
#[inline]
fn touch(bytes: Option<&[u8]>) -> u64 {
    let bytes = bytes.unwrap_or_default();
    black_box(bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)));
    bytes.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_key_has_no_bytes() {
        assert_eq!(touch(None) + touch(Some(b"")) + touch(Some(b"abc")), 3);
    }
}
