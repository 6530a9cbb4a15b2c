//! Messages on their way to stdout: never kept while no further one is at hand.

use std::io::{self, Write};
use std::pin::pin;
use std::task::Poll;

use futures_lite::future;
use samsa_client::{Chunk, ReadError, Reader};

use super::bounds::Bounds;
use super::message::ReadMessage;
use crate::format::Format;
use crate::output::Output;
use crate::session::Session;

pub(super) struct Printing<'a> {
    session: &'a Session,
    /// JSON without one.
    format: Option<&'a Format>,
    out: Output,
}

impl<'a> Printing<'a> {
    pub(super) fn new(session: &'a Session, format: Option<&'a Format>) -> Self {
        Self { session, format, out: Output::stdout() }
    }

    /// The next messages. When there are none yet, all that were printed are written out first. `None` when it was asked
    /// to stop, or when all is read: the last offsets of a partition may be for nobody.
    pub(super) async fn next(
        &mut self,
        reader: &mut Reader,
        bounds: &mut Bounds,
    ) -> io::Result<Option<Result<Chunk, ReadError>>> {
        if self.session.stop.is_asked() {
            return Ok(None);
        }
        let mut next = pin!(future::poll_fn(|cx| {
            let polled = pin!(reader.next_chunk()).poll(cx);
            if polled.is_pending() {
                bounds.look(|partition| reader.position(partition));
            }
            if polled.is_pending() && bounds.are_reached() { Poll::Ready(None) } else { polled }
        }));
        if let Some(next) = future::poll_once(&mut next).await {
            return Ok(next);
        }
        self.out.flush()?;
        Ok(self.session.stop.or(next).await.flatten())
    }

    pub(super) fn print(&mut self, chunk: &Chunk, bounds: &mut Bounds) -> io::Result<()> {
        let partition = chunk.partition();
        for record in chunk {
            if !bounds.take(partition, record.offset()) {
                break;
            }
            self.message(&ReadMessage {
                topic: chunk.topic(),
                partition,
                offset: record.offset(),
                timestamp: (record.timestamp() >= 0).then(|| record.timestamp()),
                key: record.key(),
                value: record.value(),
                headers: record.headers().map(|header| (header.key_bytes(), header.value())).collect(),
            })?;
        }
        bounds.pass(partition, chunk.next_offset());
        Ok(())
    }

    pub(super) fn message(&mut self, message: &ReadMessage<'_>) -> io::Result<()> {
        match self.format {
            Some(format) => format.write(message, &mut self.out),
            None => self.out.object(message),
        }
    }

    /// Everything that was printed is written out.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    pub(super) fn end(mut self) -> io::Result<()> {
        self.out.flush()
    }
}
