//! Bytes between the sockets and the engine.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, IoSlice};
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use samsa_core::{ConnId, Engine, Now, RecvBuf, limits};

use super::bell::{Bell, Task};
use crate::runtime::Tcp;

/// Bytes that one socket may read in a turn, and write, before the others get theirs.
const TURN_BYTES: usize = 1 << 20;

/// The open connections.
#[derive(Debug)]
pub(crate) struct Sockets<T> {
    task: Arc<Task>,
    open: BTreeMap<ConnId, Socket<T>>,
    /// What the engine hands out for one write; kept for its capacity.
    parts: Vec<Bytes>,
}

#[derive(Debug)]
struct Socket<T> {
    tcp: T,
    readable: Bell,
    writable: Bell,
    /// The engine has no room for more; in which round of its inputs it said so.
    paused: Option<u64>,
    /// The engine has bytes for it.
    queued: bool,
    /// The system takes no more until `writable` rings.
    blocked: bool,
}

/// What came of a socket's part of a turn.
enum Moved {
    Nothing,
    Some,
    /// It is over, in words.
    Ended(String),
    /// The engine does not know it.
    Gone,
}

impl<T: Tcp> Sockets<T> {
    pub(crate) fn new(task: &Arc<Task>) -> Self {
        Self { task: Arc::clone(task), open: BTreeMap::new(), parts: Vec::new() }
    }

    pub(crate) fn insert(&mut self, conn: ConnId, tcp: T) {
        let (readable, writable) = (Bell::new(&self.task), Bell::new(&self.task));
        let socket = Socket { tcp, readable, writable, paused: None, queued: false, blocked: false };
        self.open.insert(conn, socket);
    }

    pub(crate) fn remove(&mut self, conn: ConnId) {
        self.open.remove(&conn);
    }

    pub(crate) fn clear(&mut self) {
        self.open.clear();
    }

    /// Reads from every socket that may have something. Tells whether anything came, and adds to `ended` what is over.
    ///
    /// `round` counts the inputs of the engine: a socket that was paused is asked about again after the next one.
    pub(crate) fn read(
        &mut self,
        engine: &mut Engine,
        now: Now,
        round: u64,
        ended: &mut Vec<(ConnId, String)>,
    ) -> bool {
        let mut gone = Vec::new();
        let mut moved = false;
        for (&conn, socket) in &mut self.open {
            let unpaused = socket.paused.take_if(|said| *said != round).is_some();
            if socket.paused.is_some() || !(socket.readable.is_ringing() || unpaused) {
                continue;
            }
            match socket.read(conn, engine, now, round) {
                Moved::Nothing => {}
                Moved::Some => moved = true,
                Moved::Ended(reason) => ended.push((conn, reason)),
                Moved::Gone => gone.push(conn),
            }
        }
        for conn in gone {
            self.remove(conn);
        }
        moved
    }

    /// Writes what the engine has, to every socket that takes it. Tells whether anything went, and adds to `ended` what
    /// is over.
    pub(crate) fn write(&mut self, engine: &mut Engine, now: Now, ended: &mut Vec<(ConnId, String)>) -> bool {
        while let Some(conn) = engine.poll_writable() {
            if let Some(socket) = self.open.get_mut(&conn) {
                socket.queued = true;
            }
        }
        let mut moved = false;
        for (&conn, socket) in &mut self.open {
            if !socket.queued || (socket.blocked && !socket.writable.is_ringing()) {
                continue;
            }
            match socket.write(conn, engine, now, &mut self.parts) {
                Moved::Nothing | Moved::Gone => {}
                Moved::Some => moved = true,
                Moved::Ended(reason) => ended.push((conn, reason)),
            }
            self.parts.clear();
        }
        moved
    }
}

impl<T: Tcp> Socket<T> {
    fn read(&mut self, conn: ConnId, engine: &mut Engine, now: Now, round: u64) -> Moved {
        let mut read = 0;
        while read < TURN_BYTES {
            let mut buffer = match engine.recv_buf(conn) {
                RecvBuf::Read(buffer) => buffer,
                RecvBuf::Paused => {
                    self.paused = Some(round);
                    return moved(read);
                }
                RecvBuf::Gone => return Moved::Gone,
            };
            let outcome = self.tcp.poll_read(&mut self.readable.answer(), buffer.unfilled());
            if let Poll::Ready(Ok(more)) = outcome {
                buffer.advance(more);
                read += more;
            }
            engine.received(now, conn, buffer);
            match outcome {
                Poll::Ready(Ok(0)) => return Moved::Ended("the broker closed the connection".to_owned()),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) if is_passing(&error) => {}
                Poll::Ready(Err(error)) => return Moved::Ended(error.to_string()),
                Poll::Pending => return moved(read),
            }
        }
        self.readable.ring();
        Moved::Some
    }

    fn write(&mut self, conn: ConnId, engine: &mut Engine, now: Now, parts: &mut Vec<Bytes>) -> Moved {
        let mut written = 0;
        self.blocked = false;
        while written < TURN_BYTES {
            parts.clear();
            engine.transmit(conn, parts);
            if parts.is_empty() {
                self.queued = false;
                return moved(written);
            }
            let mut slices = [IoSlice::new(&[]); limits::GATHER_SEGMENTS];
            let count = parts.len().min(slices.len());
            for (slice, part) in slices.iter_mut().zip(parts.iter()) {
                *slice = IoSlice::new(part);
            }
            match self.tcp.poll_write_vectored(&mut self.writable.answer(), &slices[..count]) {
                Poll::Ready(Ok(0)) => return Moved::Ended("the connection takes no more bytes".to_owned()),
                Poll::Ready(Ok(more)) => {
                    engine.transmitted(now, conn, more);
                    written += more;
                }
                Poll::Ready(Err(error)) if is_passing(&error) => {}
                Poll::Ready(Err(error)) => return Moved::Ended(error.to_string()),
                Poll::Pending => {
                    self.blocked = true;
                    return moved(written);
                }
            }
        }
        Moved::Some
    }
}

fn moved(bytes: usize) -> Moved {
    if bytes == 0 { Moved::Nothing } else { Moved::Some }
}

fn is_passing(error: &io::Error) -> bool {
    error.kind() == ErrorKind::Interrupted
}
