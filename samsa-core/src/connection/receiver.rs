//! Bytes on their way in: a stream that is split anywhere becomes whole frames.
//!
//! Small frames are read into the connection's own buffer, many at a time, and copied out to their size. A large one
//! gets memory of its own from the pool as soon as its length is known, and is read straight into it.

use bytes::{Bytes, BytesMut};

use super::frame_pool::FramePool;
use super::read_buffer::{ReadBuffer, RecvBuf};
use crate::limits;

/// Bytes of a frame's length.
const LENGTH: usize = 4;

/// What the bytes gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// A frame, without its length.
    Frame(Bytes),
    /// Nothing yet.
    More,
    /// A frame of this length is longer than was allowed for; nothing is read until [`Receiver::allow`].
    Oversized(usize),
}

#[derive(Debug)]
pub(crate) struct Receiver {
    pool: FramePool,
    /// The connection's own buffer; `None` while the driver has it.
    own: Option<BytesMut>,
    /// What of `own` holds bytes that were not handed out yet.
    start: usize,
    filled: usize,
    large: Option<Large>,
    /// The length of the frame that waits until there is room for it.
    waiting: Option<usize>,
}

/// A large frame while it is read.
#[derive(Debug)]
struct Large {
    length: usize,
    filled: usize,
    /// `None` while the driver has it.
    buffer: Option<BytesMut>,
}

impl Receiver {
    pub(crate) fn new(pool: FramePool) -> Self {
        let own = Some(BytesMut::zeroed(limits::READ_BYTES));
        Self { pool, own, start: 0, filled: 0, large: None, waiting: None }
    }

    pub(crate) fn recv_buf(&mut self) -> RecvBuf {
        if self.waiting.is_some() {
            return RecvBuf::Paused;
        }
        if let Some(large) = &mut self.large {
            return match large.buffer.take() {
                Some(buffer) => RecvBuf::Read(ReadBuffer::new(buffer, large.filled, large.length)),
                None => RecvBuf::Paused,
            };
        }
        let Some(mut own) = self.own.take() else { return RecvBuf::Paused };
        own.copy_within(self.start..self.filled, 0);
        self.filled -= self.start;
        self.start = 0;
        let until = own.len();
        RecvBuf::Read(ReadBuffer::new(own, self.filled, until))
    }

    /// Takes back what [`recv_buf`](Self::recv_buf) gave.
    pub(crate) fn give_back(&mut self, buffer: ReadBuffer) {
        let (bytes, filled) = buffer.into_parts();
        if let Some(large) = &mut self.large {
            large.buffer = Some(bytes);
            large.filled = filled;
        } else {
            self.own = Some(bytes);
            self.filled = filled;
        }
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// The next frame among what was read. `allowed` is how long it may be.
    pub(crate) fn next(&mut self, allowed: usize) -> Result<Received, String> {
        if self.waiting.is_some() {
            return Ok(Received::More);
        }
        if self.large.is_some() {
            return Ok(self.finish_large().map_or(Received::More, Received::Frame));
        }
        let Some(length) = self.announced_length()? else { return Ok(Received::More) };
        if length > allowed {
            self.waiting = Some(length);
            return Ok(Received::Oversized(length));
        }
        Ok(self.next_small(length))
    }

    /// There is room now for the frame that waits.
    pub(crate) fn allow(&mut self) {
        if let Some(length) = self.waiting.take() {
            self.start_large(length);
        }
    }

    fn unread(&self) -> &[u8] {
        self.own.as_ref().map_or(&[], |own| &own[self.start..self.filled])
    }

    fn announced_length(&self) -> Result<Option<usize>, String> {
        let Some(prefix) = self.unread().first_chunk::<LENGTH>() else { return Ok(None) };
        let length = i32::from_be_bytes(*prefix);
        match usize::try_from(length) {
            Ok(length) if (4..=limits::RESPONSE_BYTES).contains(&length) => Ok(Some(length)),
            _ => Err(not_kafka(*prefix).unwrap_or_else(|| {
                format!(
                    "the peer announced a frame of {length} bytes, not 4 to {}: is it a Kafka broker, without TLS?",
                    limits::RESPONSE_BYTES
                )
            })),
        }
    }

    fn next_small(&mut self, length: usize) -> Received {
        if LENGTH + length > limits::READ_BYTES {
            self.start_large(length);
            return Received::More;
        }
        let Some(frame) = self.unread().get(LENGTH..LENGTH + length) else { return Received::More };
        let frame = Bytes::copy_from_slice(frame);
        self.start += LENGTH + length;
        Received::Frame(frame)
    }

    /// Moves what is there of a large frame to memory of its own.
    fn start_large(&mut self, length: usize) {
        let mut buffer = self.pool.take(length);
        let body = &self.unread()[LENGTH..];
        let here = body.len().min(length);
        buffer[..here].copy_from_slice(&body[..here]);
        self.start += LENGTH + here;
        self.large = Some(Large { length, filled: here, buffer: Some(buffer) });
    }

    fn finish_large(&mut self) -> Option<Bytes> {
        let large = self.large.take_if(|large| large.filled == large.length && large.buffer.is_some())?;
        Some(self.pool.share(large.buffer?, large.length))
    }
}

/// What speaks so, if it is one of those that are met where a broker was meant.
fn not_kafka(first: [u8; LENGTH]) -> Option<String> {
    /// The content types of TLS records that a server begins with, and the major version of all of them (RFC 8446, 5.1).
    const ALERT: u8 = 21;
    const HANDSHAKE: u8 = 22;
    const TLS: u8 = 3;
    match first {
        [ALERT | HANDSHAKE, TLS, ..] => Some(
            "it answers in TLS, which this connection does not speak: give the port of a listener without TLS (PLAINTEXT)"
                .to_owned(),
        ),
        [b'H', b'T', b'T', b'P'] => {
            Some("it answers in HTTP: it is a web server and no Kafka broker; is the port right?".to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receiver() -> Receiver {
        Receiver::new(FramePool::default())
    }

    fn frame(length: usize, fill: u8) -> Vec<u8> {
        let mut bytes = (length as u32).to_be_bytes().to_vec();
        bytes.resize(LENGTH + length, fill);
        bytes
    }

    /// Feeds a stream, at most `step` bytes a read, and collects the frames.
    fn read_all(receiver: &mut Receiver, mut stream: &[u8], step: usize) -> Vec<Bytes> {
        let mut frames = Vec::new();
        while !stream.is_empty() {
            let RecvBuf::Read(mut buffer) = receiver.recv_buf() else { panic!("paused") };
            let room = buffer.unfilled();
            let read = room.len().min(step).min(stream.len());
            room[..read].copy_from_slice(&stream[..read]);
            buffer.advance(read);
            stream = &stream[read..];
            receiver.give_back(buffer);
            while let Received::Frame(frame) = receiver.next(usize::MAX).unwrap() {
                frames.push(frame);
            }
        }
        frames
    }

    #[test]
    fn frames_come_out_whole_however_the_stream_is_split() {
        let lengths = [4, 100, limits::READ_BYTES - LENGTH, limits::READ_BYTES, 200_000, 5];
        let stream: Vec<u8> = lengths.iter().flat_map(|length| frame(*length, *length as u8)).collect();
        for step in [1, 3, 1000, usize::MAX] {
            let frames = read_all(&mut receiver(), &stream, step);
            assert_eq!(frames.iter().map(Bytes::len).collect::<Vec<_>>(), lengths, "step {step}");
            assert!(frames.iter().all(|frame| frame.iter().all(|byte| *byte == frame.len() as u8)));
        }
    }

    #[test]
    fn a_frame_that_is_longer_than_allowed_waits_and_the_rest_of_the_stream_with_it() {
        let mut receiver = receiver();
        let stream = [frame(50, 1), frame(6, 2)].concat();
        let RecvBuf::Read(mut buffer) = receiver.recv_buf() else { panic!("paused") };
        buffer.unfilled()[..stream.len()].copy_from_slice(&stream);
        buffer.advance(stream.len());
        receiver.give_back(buffer);

        assert_eq!(receiver.next(49), Ok(Received::Oversized(50)));
        assert_eq!(receiver.next(49), Ok(Received::More));
        assert!(matches!(receiver.recv_buf(), RecvBuf::Paused));

        receiver.allow();
        assert_eq!(receiver.next(49), Ok(Received::Frame(Bytes::from(vec![1; 50]))));
        assert_eq!(receiver.next(49), Ok(Received::Frame(Bytes::from(vec![2; 6]))));
    }

    #[test]
    fn a_length_that_no_broker_sends_is_an_error() {
        for length in [-1_i32, 0, 3, i32::MAX] {
            let told = refused(length.to_be_bytes());
            assert!(told.contains("announced"), "{told}");
        }
    }

    fn refused(first: [u8; LENGTH]) -> String {
        let mut receiver = receiver();
        let RecvBuf::Read(mut buffer) = receiver.recv_buf() else { panic!("paused") };
        buffer.unfilled()[..LENGTH].copy_from_slice(&first);
        buffer.advance(LENGTH);
        receiver.give_back(buffer);
        receiver.next(usize::MAX).unwrap_err()
    }

    #[test]
    fn who_answers_in_tls_or_http_is_told_by_name() {
        for first in [[0x15, 3, 3, 0], [0x15, 3, 1, 0], [0x16, 3, 3, 0]] {
            assert!(refused(first).contains("TLS (PLAINTEXT)"), "{first:?}");
        }
        assert!(refused(*b"HTTP").contains("web server"));
    }
}
