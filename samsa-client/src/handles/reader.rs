//! Reading without a group.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use samsa_core::{Chunk, Command, FetchConfig, Offset, OwnedRecords, ReadError, ReaderSpec, Reply};

use super::consumed::ConsumedMessage;
use crate::call::{Answer, Call};
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
        let spec = ReaderSpec { topic: Arc::clone(topic), partition, start, fetch: FetchConfig::default() };
        Self { link: Arc::clone(link), spec }
    }

    /// Sizes and times, all at once.
    pub fn fetch(mut self, fetch: FetchConfig) -> Self {
        self.spec.fetch = fetch;
        self
    }

    /// Memory for what was fetched, over all partitions. Default 64 MiB.
    pub fn buffer_bytes(mut self, bytes: usize) -> Self {
        self.spec.fetch.buffer_bytes = bytes;
        self
    }

    /// Starts to fetch. The topic must exist: reading never creates one.
    ///
    /// By default it may take 30 s until the partitions and their offsets are known: [`Call::within`].
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
/// no more; the others go on. The end comes when the client is closed. Dropping the reader ends it without IO.
///
/// It is a [`Stream`] of messages too.
#[derive(Debug)]
pub struct Reader {
    /// What is left of the chunk that `next` took.
    left: Option<OwnedRecords>,
    inner: samsa_core::Reader,
    /// Keeps the client going.
    _link: Arc<Link>,
}

impl Reader {
    fn new(inner: samsa_core::Reader, link: Arc<Link>) -> Self {
        Self { left: None, inner, _link: link }
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

    /// The next message; `None` once the client is closed or the last partition has stopped. May be dropped at any
    /// time: no message is lost.
    pub async fn next(&mut self) -> Option<Result<ConsumedMessage, ReadError>> {
        std::future::poll_fn(|cx| self.poll_message(cx)).await
    }

    /// The records of the next batch, to be read in place: the fast way. May be dropped at any time.
    ///
    /// Where [`next`](Self::next) has begun a batch, the rest of that batch is passed over; use one or the other.
    pub async fn next_chunk(&mut self) -> Option<Result<Chunk, ReadError>> {
        self.left = None;
        std::future::poll_fn(|cx| self.inner.poll_next_chunk(cx)).await
    }

    /// Ends the reading. Dropping does the same.
    pub fn close(self) {}

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<ConsumedMessage, ReadError>>> {
        loop {
            if let Some(left) = &mut self.left {
                if let Some(record) = left.next() {
                    let chunk = left.chunk();
                    let message = ConsumedMessage::new(Arc::clone(chunk.topic()), chunk.partition(), record);
                    return Poll::Ready(Some(Ok(message)));
                }
                self.left = None;
            }
            match std::task::ready!(self.inner.poll_next_chunk(cx)) {
                Some(Ok(chunk)) => self.left = Some(chunk.into_owned_records()),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl Stream for Reader {
    type Item = Result<ConsumedMessage, ReadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_message(cx)
    }
}
