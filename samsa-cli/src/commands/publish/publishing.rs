//! From lines to messages, and what became of each.

use std::collections::VecDeque;
use std::fmt::Display;
use std::io::{self, Write};
use std::pin::pin;

use futures_lite::future;
use samsa_client::{AppendError, Certainty, Delivery, Message, PublishError, Receipt};
use serde::Serialize;

use super::{Publish, Target};
use crate::failure::Failure;
use crate::lines::{Lines, Piece, first};
use crate::output::{Output, count};
use crate::progress::Progress;
use crate::session::Session;
use crate::undelivered::Undelivered;

/// Messages whose outcome is awaited at once; their bytes are bounded by the client's own buffer.
const PENDING: usize = 100_000;

/// Why no further lines are published.
pub(super) enum Halt {
    /// Somebody asked for it.
    Stopped,
    Failed(Failure),
}

impl<T: Into<Failure>> From<T> for Halt {
    fn from(failure: T) -> Self {
        Self::Failed(failure.into())
    }
}

pub(super) struct Publishing<'a> {
    pub(super) session: &'a Session,
    pub(super) how: &'a Publish,
    pub(super) target: &'a Target,
    progress: Progress,
    /// Messages that were accepted, with the numbers of their lines.
    pub(super) pending: VecDeque<(u64, Delivery)>,
    /// The last line that was taken, counted from 1.
    pub(super) line: u64,
    /// No line follows.
    was_last: bool,
    /// Lines that were taken out of the input, and not accepted before something halted.
    pub(super) in_hand: Vec<u8>,
    published: u64,
    pub(super) undelivered: Undelivered,
    receipts: Option<Output>,
}

/// Where publishing ended.
pub(super) struct End {
    /// The last line that was taken.
    pub(super) line: u64,
    /// There are no more.
    pub(super) is_all: bool,
}

/// Where a line was written.
#[derive(Serialize)]
struct Written {
    line: u64,
    partition: i32,
    offset: Option<i64>,
    timestamp: Option<i64>,
}

enum Turn {
    Input(Option<io::Result<Piece>>),
    Outcome(Result<Receipt, PublishError>),
    Stop,
}

impl<'a> Publishing<'a> {
    pub(super) fn new(
        session: &'a Session,
        how: &'a Publish,
        target: &'a Target,
        progress: Progress,
    ) -> Self {
        Self {
            session,
            how,
            target,
            progress,
            pending: VecDeque::new(),
            line: 0,
            was_last: false,
            in_hand: Vec::new(),
            published: 0,
            undelivered: Undelivered::default(),
            receipts: session.json.then(Output::stdout),
        }
    }

    /// Publishes lines until there are no more, and waits for the outcome of each. Outcomes are looked at meanwhile, so
    /// that a line that failed is told soon however slowly lines come.
    pub(super) async fn publish(&mut self, lines: &Lines) -> Result<(), Halt> {
        while !self.session.stop.is_asked() {
            match self.turn(lines).await? {
                Turn::Input(Some(Ok(piece))) => self.accept_piece(piece).await?,
                Turn::Input(Some(Err(error))) => {
                    return Err(self.unreadable(&error).into());
                }
                Turn::Input(None) => {
                    self.was_last = true;
                    return self.settle(0).await;
                }
                Turn::Outcome(outcome) => self.settled(outcome)?,
                Turn::Stop => break,
            }
        }
        Err(Halt::Stopped)
    }

    /// Waits for what comes first; before that, it shows what there is to show.
    async fn turn(&mut self, lines: &Lines) -> io::Result<Turn> {
        let oldest = self.pending.front_mut();
        let outcome = async {
            match oldest {
                Some((_, delivery)) => Turn::Outcome(delivery.await),
                None => future::pending().await,
            }
        };
        let input = async { Turn::Input(lines.next().await) };
        let stop = async {
            self.session.stop.asked().await;
            Turn::Stop
        };
        let mut turn = pin!(future::or(future::or(input, outcome), stop));
        if let Some(turn) = future::poll_once(&mut turn).await {
            return Ok(turn);
        }
        self.receipts.as_mut().map_or(Ok(()), Write::flush)?;
        Ok(turn.await)
    }

    async fn accept_piece(&mut self, piece: Piece) -> Result<(), Halt> {
        let Piece::Lines(lines) = piece else {
            self.refuse(&piece);
            return Ok(());
        };
        let mut left = &lines[..];
        while let Some((line, others)) = first(left) {
            if let Err(halt) = self.accept(line).await {
                self.in_hand = left.to_vec();
                return Err(halt);
            }
            left = others;
        }
        self.progress.advance(lines.len() as u64);
        Ok(())
    }

    /// A line that is not whole.
    pub(super) fn refuse(&mut self, piece: &Piece) {
        let why = match piece {
            Piece::Lines(_) => return,
            Piece::TooLong => "longer than any message may be; raise max.request.size",
            Piece::Begun => "interrupted before its end was read",
        };
        self.line += 1;
        self.refused(why);
    }

    /// A line that was not accepted when something halts is not counted as taken.
    async fn accept(&mut self, line: &[u8]) -> Result<(), Halt> {
        if self.pending.len() == PENDING {
            self.settle(PENDING / 2).await?;
        }
        let accepted = match self.target.try_enqueue(self.how.message(line)) {
            Ok(delivery) => Ok(delivery),
            Err(refusal) if refusal.is_full() => self.wait_for_room(refusal.into_message()).await?,
            Err(refusal) => Err(refusal.reason().clone()),
        };
        match accepted {
            Err(AppendError::Closed) => return Err(AppendError::Closed.into()),
            accepted => self.took(accepted),
        }
        Ok(())
    }

    /// Another line was accepted, or refused.
    pub(super) fn took(&mut self, accepted: Result<Delivery, AppendError>) {
        self.line += 1;
        match accepted {
            Ok(delivery) => self.pending.push_back((self.line, delivery)),
            Err(refusal) => self.refused(&refusal.to_string()),
        }
    }

    async fn wait_for_room(&self, message: Message<'_>) -> Result<Result<Delivery, AppendError>, Halt> {
        self.session.stop.or(self.target.enqueue(message)).await.ok_or(Halt::Stopped)
    }

    /// Waits until no more than `left` have no outcome.
    async fn settle(&mut self, left: usize) -> Result<(), Halt> {
        while self.pending.len() > left {
            let Some((_, delivery)) = self.pending.front_mut() else { break };
            let outcome = self.session.stop.or(delivery).await.ok_or(Halt::Stopped)?;
            self.settled(outcome)?;
        }
        Ok(())
    }

    pub(super) fn unreadable(&self, error: &io::Error) -> Failure {
        Failure::NotDone(format!("cannot read on after line {}: {error}", self.line))
    }

    /// Waits for the outcome of every message. That nobody reads where they were written changes nothing.
    pub(super) async fn settle_all(&mut self) {
        while let Some((_, delivery)) = self.pending.front_mut() {
            let outcome = delivery.await;
            if self.settled(outcome).is_err() {
                self.receipts = None;
            }
        }
    }

    /// The oldest has its outcome.
    fn settled(&mut self, outcome: Result<Receipt, PublishError>) -> io::Result<()> {
        let Some((line, _)) = self.pending.pop_front() else { return Ok(()) };
        match outcome {
            Ok(receipt) => {
                self.published += 1;
                self.receipts.as_mut().map_or(Ok(()), |out| out.object(&Written::of(line, &receipt)))
            }
            Err(error) => {
                self.undelivered.add(&format_args!("line {line}"), error.certainty(), &error);
                Ok(())
            }
        }
    }

    fn refused(&mut self, why: &str) {
        self.not_sent(self.line, &why);
    }

    pub(super) fn not_sent(&mut self, line: u64, why: &dyn Display) {
        self.undelivered.add(&format_args!("line {line}"), Certainty::NotSent, why);
    }

    /// Where it ended, if all up to there were delivered.
    pub(super) fn end(mut self) -> Result<End, Failure> {
        let flushed = self.receipts.as_mut().map_or(Ok(()), Write::flush);
        drop(self.progress);
        tell!("{} published", count(self.published, "message"));
        self.undelivered.into_result()?;
        flushed?;
        Ok(End { line: self.line, is_all: self.was_last })
    }
}

impl Written {
    fn of(line: u64, receipt: &Receipt) -> Self {
        Self {
            line,
            partition: receipt.partition,
            offset: receipt.offset,
            timestamp: receipt.timestamp.map(|at| at.0),
        }
    }
}
