//! The application's end of the fetch buffer.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use samsa_proto::records;

use super::buffer::{FetchBuffer, Item, Segment};
use super::chunk::Chunk;
use crate::error::ReadError;
use crate::id::ReaderId;

/// Reads a topic, or one partition of it, without a group. The answer to
/// [`Command::OpenReader`](crate::Command::OpenReader).
///
/// Dropping it ends the fetching. It never blocks, and its lock is held for one queue operation per partition of a
/// response, never per record.
pub struct Reader {
    buffer: Arc<FetchBuffer>,
    current: Option<Segment>,
}

impl Reader {
    pub(crate) fn new(buffer: Arc<FetchBuffer>) -> Self {
        Self { buffer, current: None }
    }

    /// Its name in the engine.
    pub fn id(&self) -> ReaderId {
        self.buffer.reader()
    }

    /// The topic's name.
    pub fn topic(&self) -> &Arc<str> {
        self.buffer.topic()
    }

    /// Bytes of responses that this reader holds: buffered, or in chunks and records that the application keeps.
    pub fn held_bytes(&self) -> usize {
        self.buffer.memory().used()
    }

    /// The records of the next batch; `None` once the client is closed.
    ///
    /// An error is told once. It concerns one partition, which has stopped; the others go on. A compressed batch is
    /// decompressed here, on the caller's thread, one at a time and within
    /// [`FetchConfig::decompressed_bytes`](crate::FetchConfig::decompressed_bytes).
    pub fn poll_next_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Chunk, ReadError>>> {
        loop {
            if let Some(segment) = &mut self.current {
                match segment.next_chunk() {
                    Some(chunk) => return Poll::Ready(Some(chunk)),
                    None => self.current = None,
                }
            }
            match ready!(self.buffer.poll_take(cx.waker())) {
                Some(Item::Segment(segment)) => self.current = Some(segment),
                Some(Item::Failed(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("id", &self.id()).field("topic", self.topic()).finish_non_exhaustive()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.current = None;
        self.buffer.close();
    }
}

impl Segment {
    /// Takes the next batch off the front that may hold wanted records.
    fn next_chunk(&mut self) -> Option<Result<Chunk, ReadError>> {
        while !self.source.is_stopped() {
            let batch = match records::batches(&self.records).next()? {
                Ok(batch) => batch,
                Err(error) => return self.fail(&error),
            };
            let header = *batch.header();
            let (from, len) = (self.from, batch.bytes().len());
            let wanted = header.next_offset() > from && !header.is_control && header.record_count != Some(0);
            let owned = wanted.then(|| batch.into_owned(&self.records, self.source.decompressed_bytes()));
            let owned = match owned.transpose() {
                Ok(owned) => owned,
                Err(error) => return self.fail(&error),
            };
            self.from = from.max(header.next_offset());
            self.records.advance(len);
            if let Some(batch) = owned {
                return Some(Ok(Chunk::new(Arc::clone(&self.source), batch, from)));
            }
        }
        None
    }

    /// The partition stops here; the error is told at once, and what is queued behind it goes.
    #[cold]
    fn fail(&mut self, reason: &dyn fmt::Display) -> Option<Result<Chunk, ReadError>> {
        self.source.spoil(self.from, reason);
        None
    }
}
