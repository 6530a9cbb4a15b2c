//! `samsa perf consume`.

use std::hint::black_box;

use clap::Args;
use samsa_client::{Chunk, Offset, Reader};

use super::figures::Run;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::session::Session;

/// Messages between two looks at whether to stop, at most.
const BURST: u64 = 1024;

/// Read records from the start of a topic, and touch every byte of keys and values
#[derive(Args, Debug)]
pub(crate) struct PerfConsume {
    /// Where from
    topic: String,
    /// How many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    records: u64,
    /// Take them one by one; else a batch at a time, which costs less
    #[arg(long)]
    by_message: bool,
}

/// What was read so far.
#[derive(Debug, Default)]
struct Sum {
    records: u64,
    bytes: u64,
}

impl PerfConsume {
    pub(super) async fn run(&self, session: &Session) -> Result<(), Failure> {
        session.connect().await?;
        let topic = session.cluster.topic(&self.topic);
        session.ask(topic.partitions()).await?;

        let run = Run::begin()?;
        let reader = topic.reader(Offset::Earliest);
        let mut reader = session.ask(reader.open()).await?;
        let mut sum = Sum::default();
        let read = if self.by_message {
            self.read_by_message(session, &mut reader, &mut sum).await
        } else {
            self.read(session, &mut reader, &mut sum).await
        };
        let figures = run.end(sum.records, sum.bytes)?;

        figures.print(session.json)?;
        read
    }

    async fn read(&self, session: &Session, reader: &mut Reader, sum: &mut Sum) -> Result<(), Failure> {
        let progress = Progress::records(self.records);
        while sum.records < self.records {
            let before = sum.records;
            let next = session.stop.or(reader.next_chunk()).await.flatten();
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
        reader: &mut Reader,
        sum: &mut Sum,
    ) -> Result<(), Failure> {
        let progress = Progress::records(self.records);
        while sum.records < self.records {
            let burst = BURST.min(self.records - sum.records);
            let read = async {
                for _ in 0..burst {
                    let message = reader.next().await.ok_or_else(|| Failure::interrupted("consuming"))??;
                    sum.records += 1;
                    sum.bytes += touch(message.key()) + touch(message.value());
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
        for record in chunk.records().take(usize::try_from(most - self.records).unwrap_or(usize::MAX)) {
            self.records += 1;
            self.bytes += touch(record.key()) + touch(record.value());
        }
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
