//! One direction of a connection: bytes that are under way, in order, each with the time at which it arrives.

use std::collections::VecDeque;
use std::io;
use std::task::Waker;
use std::time::Duration;

use bytes::{Buf, Bytes};
use samsa_core::Instant;

/// How a direction ends, once what is under way has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The writer closed it.
    Closed,
    /// It broke.
    Reset,
}

#[derive(Debug)]
struct Flight {
    arrives: Instant,
    bytes: Bytes,
}

/// One direction. It holds a bounded number of bytes that were written and not yet read.
#[derive(Debug)]
pub(crate) struct Pipe {
    flights: VecDeque<Flight>,
    held: usize,
    capacity: usize,
    last_arrival: Instant,
    deaf: bool,
    end: Option<(Instant, End)>,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Pipe {
    pub(crate) const fn new(capacity: usize) -> Self {
        Self {
            flights: VecDeque::new(),
            held: 0,
            capacity,
            last_arrival: Instant::START,
            deaf: false,
            end: None,
            reader: None,
            writer: None,
        }
    }

    /// How many bytes may be written now; `WouldBlock` for none.
    pub(crate) fn room(&self, now: Instant) -> io::Result<usize> {
        match self.end {
            Some((at, End::Reset)) if at <= now => Err(io::ErrorKind::ConnectionReset.into()),
            Some(_) => Ok(usize::MAX),
            None if self.held >= self.capacity => Err(io::ErrorKind::WouldBlock.into()),
            None => Ok(self.capacity - self.held),
        }
    }

    /// Sends bytes for which there is room. They arrive at this time, or just after those before them. Says when.
    pub(crate) fn write(&mut self, bytes: &[u8], arrives: Instant) -> Instant {
        if self.end.is_none() {
            self.held += bytes.len();
            self.last_arrival = self.last_arrival.max(arrives);
            if !self.deaf {
                let bytes = Bytes::copy_from_slice(bytes);
                self.flights.push_back(Flight { arrives: self.last_arrival, bytes });
            }
        }
        self.last_arrival
    }

    /// Takes what has arrived, as much as fits; 0 at the end; `WouldBlock` when there is nothing yet.
    pub(crate) fn read(&mut self, now: Instant, into: &mut [u8]) -> io::Result<usize> {
        let mut taken = 0;
        while let Some(flight) = self.flights.front_mut().filter(|flight| flight.arrives <= now) {
            let count = flight.bytes.len().min(into.len() - taken);
            flight.bytes.copy_to_slice(&mut into[taken..taken + count]);
            taken += count;
            if !flight.bytes.is_empty() {
                break;
            }
            self.flights.pop_front();
        }
        self.held -= taken;
        match self.end {
            _ if taken > 0 || into.is_empty() => Ok(taken),
            Some((at, End::Closed)) if self.flights.is_empty() && at <= now => Ok(0),
            Some((at, End::Reset)) if self.flights.is_empty() && at <= now => {
                Err(io::ErrorKind::ConnectionReset.into())
            }
            _ => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// The writer has closed it: the reader sees the end when it arrives. Says when.
    pub(crate) fn close(&mut self, arrives: Instant) -> Instant {
        self.finish(End::Closed, arrives)
    }

    /// It breaks after so many of the bytes that are under way. Says when the end is seen.
    pub(crate) fn cut(&mut self, keep: usize, arrives: Instant) -> Instant {
        let mut left = keep;
        for flight in &mut self.flights {
            flight.bytes.truncate(left);
            left -= flight.bytes.len();
        }
        self.flights.retain(|flight| !flight.bytes.is_empty());
        self.held = self.under_way();
        self.finish(End::Reset, arrives)
    }

    fn finish(&mut self, end: End, arrives: Instant) -> Instant {
        let last = self.flights.back().map_or(Instant::START, |flight| flight.arrives);
        let at = arrives.max(last);
        if !matches!(self.end, Some((_, End::Reset))) {
            self.end = Some((at, end));
        }
        at
    }

    /// Nothing arrives for a while. Says until when.
    pub(crate) fn stall(&mut self, now: Instant, lasts: Duration) -> Instant {
        let until = now + lasts;
        for flight in &mut self.flights {
            if flight.arrives > now {
                flight.arrives = flight.arrives.max(until);
            }
        }
        self.last_arrival = self.last_arrival.max(until);
        until
    }

    /// From now on what is written arrives nowhere, and the writer is not told.
    pub(crate) fn deafen(&mut self) {
        self.deaf = true;
    }

    pub(crate) const fn is_deaf(&self) -> bool {
        self.deaf
    }

    /// Bytes that were written and not yet read, and will arrive.
    pub(crate) fn under_way(&self) -> usize {
        self.flights.iter().map(|flight| flight.bytes.len()).sum()
    }

    pub(crate) const fn is_over(&self) -> bool {
        self.end.is_some()
    }

    pub(crate) fn wait_to_read(&mut self, waker: &Waker) {
        self.reader = Some(waker.clone());
    }

    pub(crate) fn wait_to_write(&mut self, waker: &Waker) {
        self.writer = Some(waker.clone());
    }

    pub(crate) fn wake_reader(&mut self) {
        self.reader.take().into_iter().for_each(Waker::wake);
    }

    pub(crate) fn wake_writer(&mut self) {
        self.writer.take().into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(micros: u64) -> Instant {
        Instant::from_micros(micros)
    }

    fn read(pipe: &mut Pipe, now: u64, most: usize) -> Result<Vec<u8>, io::ErrorKind> {
        let mut into = vec![0; most];
        let count = pipe.read(at(now), &mut into).map_err(|error| error.kind())?;
        into.truncate(count);
        Ok(into)
    }

    #[test]
    fn bytes_arrive_in_order_whatever_their_own_delay() {
        let mut pipe = Pipe::new(100);
        pipe.write(b"slow", at(50));
        pipe.write(b"fast", at(10));

        assert_eq!(read(&mut pipe, 49, 8), Err(io::ErrorKind::WouldBlock));
        assert_eq!(read(&mut pipe, 50, 6), Ok(b"slowfa".to_vec()));
        assert_eq!(read(&mut pipe, 50, 6), Ok(b"st".to_vec()));
    }

    #[test]
    fn a_full_pipe_takes_no_more_until_it_is_read() {
        let mut pipe = Pipe::new(4);
        pipe.write(b"full", at(1));
        assert_eq!(pipe.room(at(1)).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert_eq!(read(&mut pipe, 1, 3), Ok(b"ful".to_vec()));
        assert_eq!(pipe.room(at(1)).unwrap(), 3);
    }

    #[test]
    fn what_was_written_before_the_close_still_arrives() {
        let mut pipe = Pipe::new(100);
        pipe.write(b"bye", at(20));
        pipe.close(at(5));
        assert_eq!(read(&mut pipe, 10, 8), Err(io::ErrorKind::WouldBlock));
        assert_eq!(read(&mut pipe, 20, 8), Ok(b"bye".to_vec()));
        assert_eq!(read(&mut pipe, 20, 8), Ok(Vec::new()));
    }

    #[test]
    fn a_cut_keeps_a_prefix_at_any_byte_and_then_both_sides_see_the_reset() {
        for keep in 0..=6 {
            let mut pipe = Pipe::new(100);
            pipe.write(b"one", at(1));
            pipe.write(b"two", at(2));
            pipe.cut(keep, at(3));

            let expected = &b"onetwo"[..keep];
            if keep > 0 {
                assert_eq!(read(&mut pipe, 9, 8), Ok(expected.to_vec()));
            }
            assert_eq!(read(&mut pipe, 9, 8), Err(io::ErrorKind::ConnectionReset));
            assert_eq!(pipe.room(at(9)).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        }
    }

    #[test]
    fn nothing_arrives_during_a_stall_and_all_of_it_after() {
        let mut pipe = Pipe::new(100);
        pipe.write(b"a", at(10));
        pipe.stall(at(5), Duration::from_micros(100));
        pipe.write(b"b", at(20));
        assert_eq!(read(&mut pipe, 104, 8), Err(io::ErrorKind::WouldBlock));
        assert_eq!(read(&mut pipe, 105, 8), Ok(b"ab".to_vec()));
    }

    #[test]
    fn a_deaf_pipe_swallows_what_fits_and_then_blocks() {
        let mut pipe = Pipe::new(3);
        pipe.deafen();
        pipe.write(b"who", at(1));
        assert_eq!(read(&mut pipe, 1_000_000, 8), Err(io::ErrorKind::WouldBlock));
        assert_eq!(pipe.room(at(1)).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
}
