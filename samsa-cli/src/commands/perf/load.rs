//! The fast way to publish: enqueue, keep a bounded queue of deliveries, await them in order.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use futures_lite::future::yield_now;
use samsa_client::{Delivery, PublishError, Topic, TryEnqueueError};

use super::values::Values;
use crate::failure::Failure;
use crate::output::count;
use crate::progress::Progress;
use crate::session::Session;
use crate::undelivered::Undelivered;

/// Records whose outcome is awaited at once, at most: as many as librdkafka queues by default.
const PENDING: usize = 100_000;

/// Bytes of them, at most. More would only be memory that is touched for the first time, which costs more than all the rest.
const PENDING_BYTES: usize = 16 << 20;

/// Records between two looks at the clock and at whether to stop, at most.
const BURST: u64 = 1024;

pub(super) struct Load<'a> {
    session: &'a Session,
    topic: &'a Topic,
    pending: VecDeque<Delivery>,
    most: usize,
    /// Records that have their outcome.
    settled: u64,
    undelivered: Undelivered,
    progress: Progress,
}

impl<'a> Load<'a> {
    /// For so many records with values of this size.
    pub(super) fn new(session: &'a Session, topic: &'a Topic, records: u64, size: usize) -> Self {
        let most = most_pending(size);
        Self {
            session,
            topic,
            pending: VecDeque::with_capacity(most),
            most,
            settled: 0,
            undelivered: Undelivered::default(),
            progress: Progress::records(records),
        }
    }

    /// Sends so many records, `rate` a second, and waits for the outcome of each.
    pub(super) async fn send(
        &mut self,
        values: &Values,
        records: u64,
        rate: Option<u64>,
    ) -> Result<(), Failure> {
        let (began, mut values) = (Instant::now(), values.cycle());
        let most = rate.map_or(BURST, |rate| (rate / 100).clamp(1, BURST));
        let mut sent = 0;
        while sent < records {
            self.pace(began, sent, rate).await?;
            let burst = most.min(records - sent);
            if self.pending.len() + burst as usize > self.most {
                self.settle(self.most / 2).await?;
            }
            for _ in 0..burst {
                match self.topic.try_enqueue(values.next()) {
                    Ok(delivery) => self.pending.push_back(delivery),
                    Err(refusal) => self.enqueue(refusal).await?,
                }
            }
            sent += burst;
            // Nothing above has to wait: on one thread the client has its turn now.
            yield_now().await;
        }
        self.settle(0).await
    }

    #[cold]
    async fn enqueue(&mut self, refusal: TryEnqueueError<'_>) -> Result<(), Failure> {
        if !refusal.is_full() {
            return Err(refusal.reason().clone().into());
        }
        let room = self.topic.enqueue(refusal.into_message());
        let delivery = self.session.stop.or(room).await.ok_or_else(interrupted)??;
        self.pending.push_back(delivery);
        Ok(())
    }

    /// Waits until the next records are due.
    async fn pace(&self, began: Instant, sent: u64, rate: Option<u64>) -> Result<(), Failure> {
        if self.session.stop.is_asked() {
            return Err(interrupted());
        }
        let Some(rate) = rate else { return Ok(()) };
        let due = Duration::new(sent / rate, (sent % rate * 1_000_000_000 / rate) as u32);
        let early = due.saturating_sub(began.elapsed());
        if early.is_zero() {
            return Ok(());
        }
        self.session.stop.or((self.session.timers.sleep)(early)).await.ok_or_else(interrupted)
    }

    /// Waits until no more than `left` have no outcome.
    async fn settle(&mut self, left: usize) -> Result<(), Failure> {
        let (before, stop) = (self.settled, &self.session.stop);
        stop.or(poll_fn(|cx| self.poll_settle(left, cx))).await.ok_or_else(interrupted)?;
        self.progress.advance(self.settled - before);
        Ok(())
    }

    /// One future for all of them: most have their outcome already.
    fn poll_settle(&mut self, left: usize, cx: &mut Context<'_>) -> Poll<()> {
        while self.pending.len() > left {
            let Some(oldest) = self.pending.front_mut() else { break };
            let outcome = ready!(Pin::new(oldest).poll(cx));
            self.settled(outcome.err());
        }
        Poll::Ready(())
    }

    /// Gives every record its outcome, within the bound that the client has for closing.
    pub(super) async fn abandon(&mut self) {
        if !self.pending.is_empty() {
            tell!("closing; {} have no outcome yet", count(self.pending.len() as u64, "record"));
        }
        // Whatever closing says: each delivery says it for its own record.
        let _ = self.session.cluster.close().await;
        poll_fn(|cx| self.poll_settle(0, cx)).await;
    }

    /// The oldest has its outcome.
    #[inline]
    fn settled(&mut self, failed: Option<PublishError>) {
        self.pending.pop_front();
        self.settled += 1;
        if let Some(error) = failed {
            self.undelivered.add(&format_args!("record {}", self.settled), error.certainty(), &error);
        }
    }

    pub(super) fn acknowledged(&self) -> u64 {
        self.settled - self.undelivered.count()
    }

    pub(super) fn end(self) -> Undelivered {
        self.undelivered
    }
}

/// Some bursts, however large the values are: the buffer has a bound of its own.
fn most_pending(size: usize) -> usize {
    (PENDING_BYTES / size.max(1)).clamp(2 * BURST as usize, PENDING)
}

#[cold]
fn interrupted() -> Failure {
    Failure::interrupted("publishing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_large_records_are_on_their_way_than_small_ones() {
        assert_eq!([0, 100, 1024, 1 << 20].map(most_pending), [100_000, 100_000, 16_384, 2048]);
    }
}
