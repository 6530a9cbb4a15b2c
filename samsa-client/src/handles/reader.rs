//! Reading without a group.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use samsa_core::{Chunk, Command, FetchConfig, Isolation, Offset, ReadError, ReaderId, ReaderSpec, Reply};

use super::begun::Begun;
use super::consumed::ConsumedMessage;
use crate::call::Call;
use crate::command_queue::Answer;
use crate::link::Link;

/// A reader to be opened, from [`Topic::reader`](crate::Topic::reader).
#[derive(Clone, Debug)]
#[must_use = "nothing is read before open"]
pub struct ReaderBuilder {
    link: Arc<Link>,
    spec: ReaderSpec,
}

impl ReaderBuilder {
    pub(crate) fn new(link: &Arc<Link>, topic: &Arc<str>, partition: Option<i32>, start: Offset) -> Self {
        let fetch = link.fetch.clone();
        let spec = ReaderSpec { topic: Arc::clone(topic), partition, start, fetch };
        Self { link: Arc::clone(link), spec }
    }

    /// Sizes and times, all at once. Default: what the cluster's builder was told with `fetch`, else that of [`FetchConfig`].
    pub fn fetch(mut self, fetch: FetchConfig) -> Self {
        self.spec.fetch = fetch;
        self
    }

    /// Memory for what was fetched, in bytes, over all partitions. Default 64 MiB.
    pub fn buffer_bytes(mut self, bytes: usize) -> Self {
        self.spec.fetch.buffer_bytes = bytes;
        self
    }

    /// Whether records are read only once their transaction is committed. Default: yes. Source: `isolation.level`.
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.spec.fetch.isolation = isolation;
        self
    }

    /// Where to read on, instead of an error, in a partition whose log does not hold the position any more; see
    /// [`FetchConfig::reset`]. Default: as the cluster's builder has it. Source: `auto.offset.reset`.
    pub fn reset(mut self, to: Offset) -> Self {
        self.spec.fetch.reset = Some(to);
        self
    }

    /// Where the application stands, so that records come from the nearest replica; see [`FetchConfig::rack`]. Default:
    /// as the cluster's builder has it. Source: `client.rack`.
    pub fn rack(mut self, rack: impl Into<String>) -> Self {
        self.spec.fetch.rack = Some(rack.into());
        self
    }

    /// Starts to fetch. The topic must exist: reading never creates one.
    ///
    /// By default it may take as long as the builder's `api_timeout` until the partitions and their offsets are known:
    /// [`Call::within`].
    ///
    /// # Errors
    /// When there is no such topic or partition, the brokers refuse, the time is over, 4,096 readers are open, or the client
    /// is closed.
    pub fn open(self) -> Call<Result<Reader, ReadError>> {
        Call::new(&self.link, Command::OpenReader(self.spec), |answer, asked| match answer {
            Answer::Given(Reply::OpenReader(Ok(inner))) => Ok(Reader::new(inner, Arc::clone(asked.link))),
            Answer::Given(Reply::OpenReader(Err(error))) => Err(error),
            Answer::Busy(open) => Err(ReadError::Busy { open }),
            Answer::Given(_) | Answer::Closed => Err(ReadError::Closed),
        })
    }
}

/// Reads every partition of a topic, or one of them, without a group and without committing anything.
///
/// Within a partition messages come in the order of their offsets. An error concerns one partition, which is then read
/// no more, unless by a [`seek`](Self::seek); the others go on. The end comes when the client is closed, or the last
/// partition has stopped. Dropping the reader ends it without IO.
///
/// It is a [`Stream`] of messages too.
#[derive(Debug)]
pub struct Reader {
    begun: Begun,
    inner: samsa_core::Reader,
    /// Keeps the client going.
    link: Arc<Link>,
}

impl Reader {
    fn new(inner: samsa_core::Reader, link: Arc<Link>) -> Self {
        Self { begun: Begun::default(), inner, link }
    }

    /// The topic's name.
    pub fn topic(&self) -> &str {
        self.inner.topic()
    }

    /// Bytes of fetched responses that are in memory: buffered here, or held by the application through chunks and
    /// messages.
    pub fn held_bytes(&self) -> usize {
        self.inner.held_bytes()
    }

    /// Where this partition is read on: everything before this offset was handed out, or is for nobody: markers of
    /// transactions, what was aborted, what compaction took. So a partition is read to its end when its position is
    /// there, whatever its last message was. `None` for a partition that this reader does not have.
    ///
    /// It moves while [`next`](Self::next) or [`next_chunk`](Self::next_chunk) is polled, also when that finds nothing:
    ///
    /// ```no_run
    /// # async fn run(partition: samsa_client::Partition, end: i64) -> Result<(), samsa_client::ReadError> {
    /// use std::future::{Future, poll_fn};
    /// use std::pin::pin;
    /// use std::task::Poll;
    /// use samsa_client::Offset;
    ///
    /// let mut reader = partition.reader(Offset::Earliest).open().await?;
    /// let is_at_end = |reader: &samsa_client::Reader| reader.position(partition.number()) >= Some(end);
    /// while !is_at_end(&reader) {
    ///     let message = poll_fn(|cx| {
    ///         let polled = pin!(reader.next()).poll(cx);
    ///         if polled.is_pending() && is_at_end(&reader) { Poll::Ready(None) } else { polled }
    ///     });
    ///     let Some(message) = message.await else { break };
    ///     println!("{:?}", message?.value());
    /// }
    /// # Ok(()) }
    /// ```
    pub fn position(&self, partition: i32) -> Option<i64> {
        let begun = self.begun.position(self.inner.topic(), partition);
        begun.or_else(|| self.inner.position(partition))
    }

    /// Reads nothing more of these partitions, until they are resumed. What was fetched of them is kept while nothing else
    /// needs the room. Partitions that this reader does not have are passed over.
    ///
    /// ```no_run
    /// # fn is_busy(_: i32) -> bool { true }
    /// # async fn run(mut reader: samsa_client::Reader) -> Result<(), samsa_client::ReadError> {
    /// while let Some(message) = reader.next().await {
    ///     let partition = message?.partition();
    ///     if is_busy(partition) {
    ///         reader.pause([partition]); // the others go on
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    pub fn pause(&mut self, partitions: impl IntoIterator<Item = i32>) {
        for partition in partitions {
            self.inner.pause(partition);
            self.begun.pause(self.inner.topic(), partition);
        }
    }

    /// Takes back [`pause`](Self::pause).
    pub fn resume(&mut self, partitions: impl IntoIterator<Item = i32>) {
        for partition in partitions {
            self.begun.resume(self.inner.topic(), partition);
            self.inner.resume(partition);
        }
    }

    /// Whether a partition is paused.
    pub fn is_paused(&self, partition: i32) -> bool {
        self.inner.is_paused(partition)
    }

    /// Reads a partition on elsewhere; also one that had stopped, because its position was out of range or its log was cut
    /// back. From then on nothing comes that was fetched before.
    ///
    /// What is there comes once the fetch that is under way with the partition's leader has ended: where nothing new is written,
    /// that is up to [`FetchConfig::max_wait`](crate::FetchConfig::max_wait) later.
    ///
    /// It takes as long as the builder's `api_timeout` at most, and ends as [`ReadError::TimedOut`] then. Dropped before its
    /// end, it may or may not happen.
    pub async fn seek(&mut self, partition: i32, to: Offset) -> Result<(), ReadError> {
        seek(&self.link, self.inner.id(), partition, to).await
    }

    /// The next message; `None` once the client is closed or the last partition has stopped. May be dropped at any
    /// time: no message is lost.
    ///
    /// # Errors
    /// Each tells of one partition, once, and that partition is read no more unless by a [`seek`](Self::seek): its position
    /// is out of range, its log was cut back, its records cannot be read, or the broker refuses. What may pass is tried again
    /// and is no error; [`Cluster::explain`](crate::Cluster::explain) tells of it.
    pub async fn next(&mut self) -> Option<Result<ConsumedMessage, ReadError>> {
        std::future::poll_fn(|cx| self.poll_message(cx)).await
    }

    /// The records of the next batch, to be read in place: the fast way. May be dropped at any time. Errors are those of
    /// [`next`](Self::next).
    ///
    /// ```no_run
    /// # async fn run(mut reader: samsa_client::Reader) -> Result<(), samsa_client::ReadError> {
    /// while let Some(chunk) = reader.next_chunk().await {
    ///     let chunk = chunk?;
    ///     for record in &chunk {
    ///         println!("{}@{}: {:?}", chunk.partition(), record.offset(), record.value());
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// Where [`next`](Self::next) has begun a batch, the rest of that batch is passed over; use one or the other.
    pub async fn next_chunk(&mut self) -> Option<Result<Chunk, ReadError>> {
        self.begun.pass_over();
        std::future::poll_fn(|cx| self.poll_chunk(cx)).await
    }

    /// Ends the reading. Dropping does the same.
    pub fn close(self) {}

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<ConsumedMessage, ReadError>>> {
        loop {
            if let Some(left) = self.begun.current()
                && left.chunk().is_current()
                && let Some(record) = left.next()
            {
                return Poll::Ready(Some(Ok(ConsumedMessage::new(record))));
            }
            if self.begun.go_on() {
                continue;
            }
            match std::task::ready!(self.poll_chunk(cx)) {
                Some(Ok(chunk)) => self.begun.begin(chunk),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Chunk, ReadError>>> {
        self.begun.forget_stale();
        self.inner.poll_next_chunk(cx)
    }
}

/// Reads a partition of a reader on elsewhere.
pub(super) fn seek(
    link: &Arc<Link>,
    reader: ReaderId,
    partition: i32,
    to: Offset,
) -> Call<Result<(), ReadError>> {
    Call::new(link, Command::Seek { reader, partition, to }, |answer, _| match answer {
        Answer::Given(Reply::Seek(result)) => result,
        Answer::Busy(open) => Err(ReadError::Busy { open }),
        Answer::Given(_) | Answer::Closed => Err(ReadError::Closed),
    })
}

impl Stream for Reader {
    type Item = Result<ConsumedMessage, ReadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_message(cx)
    }
}
