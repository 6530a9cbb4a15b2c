//! All lines as one set of messages: they are written together, or none of them is.

use std::io::Write;
use std::pin::pin;

use samsa_client::{Certainty, MessageSet, PublishError, SetReceipt};
use serde::Serialize;

use super::{Publish, Target};
use crate::failure::Failure;
use crate::lines::{self, Lines, Piece};
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
        lines: &Lines,
    ) -> Result<(), Failure> {
        let limit = session.properties.config().publish.message_bytes;
        let mut text = Vec::new();
        match session.stop.or(read_all(lines, limit, &mut text)).await {
            Some(read) => read?,
            None => return interrupted(&text, lines),
        }
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

async fn read_all(lines: &Lines, limit: usize, text: &mut Vec<u8>) -> Result<(), Failure> {
    while let Some(piece) = lines.next().await {
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
    Ok(())
}

/// A set of which the end was not read is not published: every line that was read is told.
fn interrupted(text: &[u8], lines: &Lines) -> Result<(), Failure> {
    let rest = lines.rest().into_iter().flatten().map(|piece| match piece {
        Piece::Lines(text) => lines::split(&text).count(),
        Piece::TooLong | Piece::Begun => 1,
    });
    let mut undelivered = Undelivered::default();
    for line in 1..=lines::split(text).count() + rest.sum::<usize>() {
        undelivered.add(&format_args!("line {line}"), Certainty::NotSent, &"the set has no end");
    }
    undelivered.into_result()?;
    Err(Failure::interrupted("reading; nothing was published"))
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

    fn read(text: &str, limit: usize) -> Result<Vec<u8>, Failure> {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(text.as_bytes()).unwrap();
        drop(writer);
        let lines = lines::read(Box::new(reader), limit).unwrap();
        let mut text = Vec::new();
        futures_lite::future::block_on(read_all(&lines, limit, &mut text)).map(|()| text)
    }

    #[test]
    fn the_lines_are_read_to_their_end_if_they_fit() {
        assert_eq!(read("a\nb\nc", 5).unwrap(), b"a\nb\nc");
        assert!(matches!(read("a\nb\nc", 4), Err(Failure::NotDone(why)) if why.contains("--set")));
        assert!(read("longer than it may be", 10).is_err());
    }

    #[test]
    fn every_line_of_a_set_that_has_no_end_is_told() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let lines = lines::read(Box::new(reader), 100).unwrap();
        writer.write_all(b"a\nb\nbegun").unwrap();
        let Some(Ok(Piece::Lines(text))) = futures_lite::future::block_on(lines.next()) else {
            panic!("whole lines")
        };
        let Err(Failure::NotDone(told)) = interrupted(&text, &lines) else { panic!("it is not done") };
        assert_eq!(told, "3 messages not delivered: 3 not sent, 0 possibly sent");
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
