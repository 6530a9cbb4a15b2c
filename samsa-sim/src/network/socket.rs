//! One end of a connection, as a program holds it.

use std::io::{self, IoSlice};
use std::rc::Rc;
use std::task::{Context, Poll};

use super::link::{Link, Side};

/// One end of a connection. Dropping it closes the connection.
#[derive(Debug)]
pub(crate) struct Socket {
    link: Rc<Link>,
    side: Side,
}

const READ: u8 = 1;
const WRITTEN: u8 = 2;

impl Socket {
    pub(super) const fn new(link: Rc<Link>, side: Side) -> Self {
        Self { link, side }
    }

    pub(crate) const fn link(&self) -> &Rc<Link> {
        &self.link
    }

    /// Reads what has arrived; 0 bytes at the end.
    pub(crate) fn poll_read(&self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        let weather = &self.link.weather;
        let most = weather.part_of(into.len());
        let mut pipe = self.link.read_by(self.side).borrow_mut();
        match pipe.read(weather.now(), &mut into[..most]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                pipe.wait_to_read(cx.waker());
                Poll::Pending
            }
            Ok(count) => {
                weather.trace.fine(READ, self.link.number, &into[..count]);
                pipe.wake_writer();
                Poll::Ready(Ok(count))
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    /// Writes some of these bytes: at least one, unless there are none.
    pub(crate) fn poll_write(&self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let mut pipe = self.link.written_by(self.side).borrow_mut();
        match pipe.room(self.link.weather.now()) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                pipe.wait_to_write(cx.waker());
                Poll::Pending
            }
            Err(error) => Poll::Ready(Err(error)),
            Ok(room) => {
                drop(pipe);
                Poll::Ready(Ok(self.write(slices, room)))
            }
        }
    }

    fn write(&self, slices: &[IoSlice<'_>], room: usize) -> usize {
        let weather = &self.link.weather;
        let offered: usize = slices.iter().map(|slice| slice.len()).sum();
        let count = weather.part_of(offered.min(room));
        let mut bytes = Vec::with_capacity(count);
        for slice in slices {
            let left = count - bytes.len();
            bytes.extend_from_slice(&slice[..slice.len().min(left)]);
        }
        weather.trace.fine(WRITTEN, self.link.number, &bytes);
        let (first, second) = bytes.split_at(weather.part_of(count));
        for piece in [first, second].into_iter().filter(|piece| !piece.is_empty()) {
            let arrives = weather.arrival();
            let seen = self.link.written_by(self.side).borrow_mut().write(piece, arrives);
            self.link.wake_at(self.side, seen);
        }
        count
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let arrives = self.link.weather.arrival();
        let seen = self.link.written_by(self.side).borrow_mut().close(arrives);
        self.link.wake_at(self.side, seen);
        let other = if self.side == Side::Client { Side::Server } else { Side::Client };
        let seen = self.link.read_by(self.side).borrow_mut().cut(0, arrives);
        self.link.wake_at(other, seen);
    }
}
