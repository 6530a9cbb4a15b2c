//! What clients send, for whoever looks at it when it leaves their machines.

use std::cell::RefCell;
use std::fmt;
use std::io::IoSlice;
use std::rc::Rc;
use std::sync::Arc;

use bytes::{Buf, BytesMut};
use samsa_core::{Instant, ZkOp};

use crate::clock::MachineClock;

/// Something that a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent<'a> {
    /// It is asked of `ZooKeeper`; the path is without the chroot.
    ZooKeeper(&'a ZkOp),
    /// A request to a broker, without its length, whose last byte is written now, and whose first was then, in true time.
    Request { begun: Instant, frame: &'a [u8] },
}

type Look = Box<dyn Fn(&Arc<MachineClock>, Sent<'_>)>;

/// Who looks at what is sent, if anybody does.
#[derive(Clone, Default)]
pub(crate) struct Lookout(Rc<RefCell<Option<Look>>>);

impl Lookout {
    /// From now on this is told of what is sent, and from which machine, on connections that are made later.
    pub(crate) fn look(&self, look: impl Fn(&Arc<MachineClock>, Sent<'_>) + 'static) {
        *self.0.borrow_mut() = Some(Box::new(look));
    }

    pub(crate) fn tell(&self, machine: &Arc<MachineClock>, sent: Sent<'_>) {
        if let Some(look) = &*self.0.borrow() {
            look(machine, sent);
        }
    }

    /// For a new connection: what cuts its bytes into requests, if anybody looks.
    pub(crate) fn requests(&self) -> Option<Requests> {
        self.0.borrow().is_some().then(Requests::default)
    }

    /// Nobody looks any more, at the end of a world.
    pub(crate) fn clear(&self) {
        let gone = self.0.take();
        drop(gone);
    }
}

impl fmt::Debug for Lookout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookout").finish_non_exhaustive()
    }
}

/// Cuts what is written on a connection into requests.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    /// Of a request that is not written to its end.
    bytes: BytesMut,
    begun: Instant,
}

impl Requests {
    /// So many bytes of these parts are written now. Tells of each request that ends with them.
    pub(crate) fn wrote(
        &mut self,
        now: Instant,
        parts: &[IoSlice<'_>],
        count: usize,
        mut tell: impl FnMut(Sent<'_>),
    ) {
        if self.bytes.is_empty() {
            self.begun = now;
        }
        let mut left = count;
        for part in parts {
            let taken = part.len().min(left);
            self.bytes.extend_from_slice(&part[..taken]);
            left -= taken;
        }
        while let Some(length) = self.bytes.first_chunk::<4>() {
            let length = usize::try_from(i32::from_be_bytes(*length)).unwrap_or_default();
            if self.bytes.len() < 4 + length {
                break;
            }
            self.bytes.advance(4);
            tell(Sent::Request { begun: self.begun, frame: &self.bytes.split_to(length) });
            self.begun = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_cut_at_their_ends_and_begin_when_their_first_byte_is_written() {
        let (mut requests, mut told) = (Requests::default(), Vec::new());
        let mut wrote = |micros, parts: &[&[u8]], count| {
            let parts: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
            requests.wrote(Instant::from_micros(micros), &parts, count, |sent| {
                if let Sent::Request { begun, frame } = sent {
                    told.push((begun.as_micros(), frame.to_vec()));
                }
            });
        };
        wrote(1, &[&[0, 0], &[0, 3, b'o', b'n', b'e', b'x']], 3);
        wrote(2, &[&[3, b'o', b'n', b'e', 0, 0]], 6);
        wrote(3, &[&[0, 1, b'2', 0, 0, 0, 0]], 7);
        assert_eq!(told, [(1, b"one".to_vec()), (2, b"2".to_vec()), (3, Vec::new())]);
    }
}
