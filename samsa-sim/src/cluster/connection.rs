//! A broker's side of a connection: one request after the other, each answered before the next is looked at.

use bytes::{Buf, Bytes, BytesMut};

use super::answer::Waiting;

/// As `socket.request.max.bytes`.
const FRAME_BYTES: usize = 100 << 20;

/// What has come on a connection, and what is being answered.
#[derive(Debug)]
pub(super) struct Connection {
    broker: i32,
    received: BytesMut,
    waiting: Option<Waiting>,
}

impl Connection {
    pub(super) fn new(broker: i32) -> Self {
        Self { broker, received: BytesMut::new(), waiting: None }
    }

    pub(super) const fn broker(&self) -> i32 {
        self.broker
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
    }

    /// The next request, without its length, once it is whole and the one before it was answered.
    pub(super) fn next_frame(&mut self) -> Result<Option<Bytes>, String> {
        let Some(length) = self.received.first_chunk::<4>().filter(|_| self.waiting.is_none()) else {
            return Ok(None);
        };
        let length = i32::from_be_bytes(*length);
        let Some(bytes) = usize::try_from(length).ok().filter(|length| *length <= FRAME_BYTES) else {
            return Err(format!("a frame of {length} bytes"));
        };
        if self.received.len() < 4 + bytes {
            return Ok(None);
        }
        self.received.advance(4);
        Ok(Some(self.received.split_to(bytes).freeze()))
    }

    pub(super) fn wait_for(&mut self, waiting: Waiting) {
        self.waiting = Some(waiting);
    }

    pub(super) const fn waiting(&self) -> Option<&Waiting> {
        self.waiting.as_ref()
    }

    pub(super) fn stop_waiting(&mut self) -> Option<Waiting> {
        self.waiting.take()
    }
}
