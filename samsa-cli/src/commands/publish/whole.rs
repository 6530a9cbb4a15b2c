//! All lines as one set of messages: they are written together, or none of them is.

use std::io::{self, Write};
use std::pin::pin;

use async_channel::Receiver;
use samsa_client::{MessageSet, PublishError, SetReceipt};
use serde::Serialize;

use super::{Publish, Target};
use crate::failure::Failure;
use crate::lines::{self, Piece};
use crate::output::{Output, count};
use crate::session::Session;
use crate::undelivered::Undelivered;

/// Where a set was written.
#[derive(Serialize)]
struct Written {
    partition: i32,
    base_offset: Option<i64>,
    count: u32,
}

impl Publish {
    /// Reads the input to its end, and publishes it. It has to fit into one batch.
    pub(super) async fn run_whole(
        &self,
        session: &Session,
        target: &Target,
        lines: &Receiver<io::Result<Piece>>,
    ) -> Result<(), Failure> {
        let limit = session.properties.config().publish.message_bytes;
        let read = session.stop.or(read_all(lines, limit)).await;
        let text = read.ok_or_else(|| Failure::interrupted("reading; nothing was published"))??;
        let set = self.set(&text);
        if set.is_empty() {
            tell!("{} published", count(0, "message"));
            return Ok(());
        }
        let messages = set.len() as u64;
        let mut outcome = pin!(target.publish_set(set));
        let stopped = session.stop.or(&mut outcome).await;
        let outcome = if let Some(outcome) = stopped {
            outcome
        } else {
            // Accepted or not, closing gives it its outcome.
            let _ = session.cluster.close().await;
            outcome.await
        };
        told(outcome, messages, session.json)
    }

    /// The key of the first line decides where all of them go.
    fn set<'a>(&'a self, text: &'a [u8]) -> MessageSet<'a> {
        let set: MessageSet<'_> = lines::split(text).map(|line| self.message(line)).collect();
        match lines::split(text).next().and_then(|first| self.split(first).0) {
            Some(key) => set.key(key),
            None => set,
        }
    }
}

async fn read_all(lines: &Receiver<io::Result<Piece>>, limit: usize) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    while let Ok(piece) = lines.recv().await {
        match piece {
            Ok(Piece::Lines(piece)) if text.len() + piece.len() <= limit => text.extend(piece),
            Ok(_) => {
                return Err(Failure::NotDone(format!(
                    "the lines are more than the {limit} bytes that one batch may hold, so nothing was published; \
                     raise max.request.size, or publish without --set"
                )));
            }
            Err(error) => {
                return Err(Failure::NotDone(format!("cannot read: {error}; nothing was published")));
            }
        }
    }
    Ok(text)
}

fn told(outcome: Result<SetReceipt, PublishError>, messages: u64, json: bool) -> Result<(), Failure> {
    match outcome {
        Ok(SetReceipt { partition, base_offset, count: written, .. }) => {
            if json {
                let mut output = Output::stdout();
                output.object(&Written { partition, base_offset, count: written })?;
                output.flush()?;
            }
            tell!("{} published", count(messages, "message"));
            Ok(())
        }
        Err(error) => {
            let mut undelivered = Undelivered::default();
            for line in 1..=messages {
                undelivered.add(&format_args!("line {line}"), error.certainty(), &error);
            }
            undelivered.into_result()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use samsa_client::Message;

    fn read(pieces: Vec<Piece>, limit: usize) -> Result<Vec<u8>, Failure> {
        let (sender, receiver) = async_channel::unbounded();
        for piece in pieces {
            sender.send_blocking(Ok(piece)).unwrap();
        }
        drop(sender);
        futures_lite::future::block_on(read_all(&receiver, limit))
    }

    #[test]
    fn the_lines_are_read_to_their_end_if_they_fit() {
        let pieces = || vec![Piece::Lines(b"a\nb\n".to_vec()), Piece::Lines(b"c".to_vec())];
        assert_eq!(read(pieces(), 5).unwrap(), b"a\nb\nc");
        assert!(matches!(read(pieces(), 4), Err(Failure::NotDone(why)) if why.contains("--set")));
        assert!(read(vec![Piece::TooLong], 100).is_err());
    }

    #[test]
    fn the_first_line_decides_for_all() {
        let publish = Publish {
            topic: "events".to_owned(),
            file: None,
            key_delimiter: Some(":".to_owned()),
            partition: None,
            set: true,
            headers: Vec::new(),
        };
        let messages = [Message::new("1").key("a"), Message::new("2").key("b"), Message::new("3")];
        assert_eq!(publish.set(b"a:1\nb:2\n3"), MessageSet::from_iter(messages).key("a"));
        assert_eq!(publish.set(b"3"), MessageSet::from_iter([Message::new("3")]));
    }
}
