//! The application's half: records that it gave, and readers that it holds.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use samsa_core::{Instant, Reader, ReaderId, Ticket};

use super::peer;
use super::world::{Life, World};

/// Whether a task was woken since it looked last.
#[derive(Debug, Default)]
pub(super) struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Flag {
    fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

/// A record as it was given.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    pub(super) partition: Option<i32>,
    pub(super) key: Option<Vec<u8>>,
    pub(super) value: Option<Vec<u8>>,
}

/// A record that was accepted.
#[derive(Debug)]
pub(super) struct Accepted {
    /// Counted from 0 over all records.
    pub(super) number: usize,
    ticket: Ticket,
    record: Record,
    pub(super) until: Instant,
    flag: Arc<Flag>,
    waits: bool,
}

/// A reader that was opened.
#[derive(Debug)]
pub(super) struct OpenReader {
    reader: Reader,
    flag: Arc<Flag>,
    waits: bool,
    has_failed: bool,
}

impl World {
    /// Keeps the ticket of an accepted record; some wait for it.
    pub(super) fn accepted(&mut self, record: &Record, ticket: Ticket, waits: bool) {
        let until = self.now.mono + self.config.publish.delivery_timeout;
        self.trace("accepted until", &until);
        let mut accepted = Accepted {
            number: self.records,
            ticket,
            record: record.clone(),
            until,
            flag: Arc::default(),
            waits: false,
        };
        self.records += 1;
        if waits {
            accepted.look(true);
        }
        self.accepted.push_back(accepted);
    }

    pub(super) fn look_at_tickets(&mut self) {
        let is_drained = self.is_drained();
        self.accepted.retain_mut(|accepted| !accepted.look(is_drained));
    }

    /// Takes the next chunk, if there is one. Some chunks are kept, and hold their memory.
    pub(super) fn read(&mut self, index: usize, keep: bool) {
        let is_drained = self.is_drained();
        let Some(open) = self.readers.get_mut(index) else { return };
        let waker = Waker::from(Arc::clone(&open.flag));
        let taken = open.reader.poll_next_chunk(&mut Context::from_waker(&waker));
        let woken = open.flag.take();
        assert!(woken || !open.waits || !is_drained || taken.is_pending(), "a reader was not woken");
        open.waits = taken.is_pending();
        let held = open.reader.held_bytes();
        assert!(held <= super::FETCH_BUFFER + 2 * self.largest, "{held} bytes of responses are held");
        if self.trace {
            eprintln!("{} read {taken:?}", self.now.mono);
        }
        match taken {
            Poll::Ready(Some(Ok(chunk))) => {
                let mut offsets = Vec::new();
                let mut next = chunk.base_offset();
                let mark = peer::mark(chunk.topic(), chunk.partition());
                for record in &chunk {
                    assert!(self.lies > 0 || record.key() == Some(&mark), "a record of another partition");
                    assert!(record.offset() >= next && record.offset() < chunk.next_offset());
                    next = record.offset() + 1;
                    offsets.push(record.offset());
                }
                open.reader.mark_chunk(&chunk);
                if keep && self.chunks.len() < 16 {
                    self.chunks.push(chunk);
                } else {
                    chunk.progress().done();
                    assert!(chunk.into_owned_records().map(|record| record.offset()).eq(offsets));
                }
            }
            Poll::Ready(Some(Err(error))) => {
                assert!(!error.to_string().is_empty());
                open.has_failed = true;
            }
            Poll::Ready(None) => {
                assert!(open.has_failed || self.life != Life::Open, "a reader ends without a reason");
            }
            Poll::Pending => {}
        }
    }
}

impl World {
    /// Pauses a partition of a reader, or resumes it.
    pub(super) fn pause_or_resume(&mut self, index: usize, partition: i32) {
        let Some(OpenReader { reader, .. }) = self.readers.get_mut(index) else { return };
        if reader.is_paused(partition) { reader.resume(partition) } else { reader.pause(partition) }
    }
}

impl OpenReader {
    pub(super) fn fail(&mut self) {
        self.has_failed = true;
    }

    pub(super) fn id(&self) -> ReaderId {
        self.reader.id()
    }

    /// It ends with its membership.
    pub(super) fn of_group(reader: Reader) -> Self {
        Self { has_failed: true, ..Self::new(reader) }
    }

    pub(super) fn new(reader: Reader) -> Self {
        Self { reader, flag: Arc::default(), waits: false, has_failed: false }
    }
}

impl Accepted {
    pub(super) fn is_open(&self) -> bool {
        self.ticket.try_outcome().is_none()
    }

    /// Whether there is an outcome. It stays, and, unless the driver is late, has woken the task that waits for it.
    pub(super) fn look(&mut self, is_drained: bool) -> bool {
        let waker = Waker::from(Arc::clone(&self.flag));
        let polled = Pin::new(&mut self.ticket).poll(&mut Context::from_waker(&waker));
        let woken = self.flag.take();
        assert!(
            woken || !self.waits || !is_drained || polled.is_pending(),
            "a task that waits for its record was not woken"
        );
        self.waits = polled.is_pending();
        let Poll::Ready(outcome) = polled else { return false };
        assert_eq!(self.ticket.try_outcome().as_ref(), Some(&outcome));
        match outcome {
            Ok(receipt) => {
                let asked = self.record.partition.unwrap_or(receipt.partition);
                assert_eq!(receipt.partition, asked, "a record was put elsewhere");
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                let message = error.message();
                let own = |part: Option<Bytes>| part.map(|part| part.to_vec());
                let kept = Record { partition: None, key: own(message.key), value: own(message.value) };
                assert_eq!(kept, Record { partition: None, ..self.record.clone() });
            }
        }
        true
    }
}
