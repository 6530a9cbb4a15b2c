//! What becomes of lines that were read, when no more are read.

use std::iter;
use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_lite::future;

use super::Publishing;
use crate::failure::Failure;
use crate::lines::{self, Lines, Piece};
use crate::output::count;

/// The longest that closing takes: what the client takes by itself.
const CLOSING: Duration = Duration::from_secs(30);

/// How much of that is for lines that were read and find no room yet.
const FOR_ROOM: Duration = Duration::from_secs(10);

/// The rest of the input that was read.
#[derive(Debug, Default)]
struct Rest {
    /// The first line that found no room in time. It and those behind it are not sent.
    unsent: Option<u64>,
    failed: Option<Failure>,
}

impl Publishing<'_> {
    /// Reads no further, and gives every line that was read its outcome, within [`CLOSING`]: as many are published as brokers
    /// take, in order, and the others are told.
    pub(super) async fn leave(&mut self, lines: &Lines) -> Result<(), Failure> {
        let began = Instant::now();
        let rest = self.take_rest(lines).await;
        if !self.pending.is_empty() {
            tell!("closing; {} have no outcome yet", count(self.pending.len() as u64, "message"));
        }
        // Whatever closing says: each delivery says it for its own message.
        let _ = self.session.cluster.close_within(CLOSING.saturating_sub(began.elapsed())).await;
        self.settle_all().await;
        for line in rest.unsent.map_or(0..0, |first| first..self.line + 1) {
            self.not_sent(line, &"interrupted before there was room to send it");
        }
        rest.failed.map_or(Ok(()), Err)
    }

    async fn take_rest(&mut self, lines: &Lines) -> Rest {
        let in_hand = Piece::Lines(std::mem::take(&mut self.in_hand));
        let mut time = (self.session.timers.sleep)(FOR_ROOM);
        let mut rest = Rest::default();
        for piece in iter::once(Ok(in_hand)).chain(lines.rest()) {
            match piece {
                Ok(Piece::Lines(text)) => {
                    for line in lines::split(&text) {
                        if rest.unsent.is_some() || !self.take(line, &mut time).await {
                            self.line += 1;
                            rest.unsent.get_or_insert(self.line);
                        }
                    }
                }
                Ok(_) if rest.unsent.is_some() => self.line += 1,
                Ok(piece) => self.refuse(&piece),
                Err(error) => rest.failed = Some(self.unreadable(&error)),
            }
        }
        rest
    }

    /// Whether there was room for it in time.
    async fn take(&mut self, line: &[u8], time: &mut Pin<Box<dyn Future<Output = ()>>>) -> bool {
        let accepted = match self.target.try_enqueue(self.how.message(line)) {
            Ok(delivery) => Ok(delivery),
            Err(refusal) if refusal.is_full() => {
                let room = self.target.enqueue(refusal.into_message());
                let no_more = async {
                    time.await;
                    None
                };
                match future::or(async { Some(room.await) }, no_more).await {
                    Some(accepted) => accepted,
                    None => return false,
                }
            }
            Err(refusal) => Err(refusal.reason().clone()),
        };
        self.took(accepted);
        true
    }
}
