//! A broker's side of a connection: one request after the other, each answered before the next is looked at.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use samsa_core::Instant;

use super::answer::Waiting;

/// As `socket.request.max.bytes`.
const FRAME_BYTES: usize = 100 << 20;

/// What has come on a connection, and what is being answered.
#[derive(Debug)]
pub(super) struct Connection {
    broker: i32,
    /// It was made to an address that the broker has left.
    is_former: bool,
    received: BytesMut,
    waiting: Option<Waiting>,
    /// Nothing is read from when to when, since its client was told to wait.
    muted: Option<(Instant, Instant)>,
}

/// How long a request may have been under way that comes after its client was told to wait, and the word of that.
const UNDER_WAY: Duration = Duration::from_millis(50);
/// By how much of the time that it was told a client may come back too early: as fast as a machine's clock goes at most.
const FAST_PER_CENT: u32 = 1;

impl Connection {
    pub(super) fn new(broker: i32, is_former: bool) -> Self {
        Self { broker, is_former, received: BytesMut::new(), waiting: None, muted: None }
    }

    pub(super) const fn broker(&self) -> i32 {
        self.broker
    }

    pub(super) const fn is_former(&self) -> bool {
        self.is_former
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
    }

    /// The next request, without its length, once it is whole and the one before it was answered.
    pub(super) fn next_frame(&mut self, now: Instant) -> Result<Option<Bytes>, String> {
        self.muted.take_if(|(_, until)| *until <= now);
        let Some(length) = self.received.first_chunk::<4>().filter(|_| !self.is_busy()) else {
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

    /// Reads nothing for a while.
    pub(super) fn mute(&mut self, now: Instant, lasts: Duration) {
        self.muted = Some((now, now + lasts));
    }

    /// For how long nothing has been read, if that is longer than it takes a client to know. Whose clock is fast is back too
    /// early.
    pub(super) fn is_muted_for(&self, now: Instant) -> Option<Duration> {
        let ends = |(since, until): (Instant, Instant)| since + (until - since) * (100 - FAST_PER_CENT) / 100;
        let (since, _) = self.muted.filter(|muted| ends(*muted) > now)?;
        Some(now - since).filter(|since| *since > UNDER_WAY)
    }

    /// Whether nothing is read from it now.
    pub(super) const fn is_busy(&self) -> bool {
        self.waiting.is_some() || self.muted.is_some()
    }

    /// When to look again at what waits.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let waiting = self.waiting.as_ref().and_then(Waiting::until);
        waiting.into_iter().chain(self.muted.map(|(_, until)| until)).min()
    }

    pub(super) fn stop_waiting(&mut self) -> Option<Waiting> {
        self.waiting.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_hasty_between_the_word_that_it_has_to_wait_and_the_end_by_a_fast_clock() {
        let mut connection = Connection::new(1, false);
        connection.mute(Instant::START, Duration::from_secs(1));
        let is_hasty =
            |millis| connection.is_muted_for(Instant::START + Duration::from_millis(millis)).is_some();
        assert!(!is_hasty(50) && is_hasty(51));
        assert!(is_hasty(989) && !is_hasty(990));
    }
}
