//! Memory that travels: out to the driver for one read, and back with what was read.

use bytes::BytesMut;

/// Where the driver reads to. All of it is initialised, so a safe read need not clear it first, and it is owned, so a
/// completion-based runtime can hand it to the kernel.
#[derive(Debug)]
pub struct ReadBuffer {
    bytes: BytesMut,
    filled: usize,
    until: usize,
    /// How much was filled when it was lent.
    before: usize,
}

impl ReadBuffer {
    pub(crate) fn new(bytes: BytesMut, filled: usize, until: usize) -> Self {
        debug_assert!(filled <= until && until <= bytes.len());
        Self { bytes, filled, until, before: filled }
    }

    /// What may be written to; never empty.
    pub fn unfilled(&mut self) -> &mut [u8] {
        &mut self.bytes[self.filled..self.until]
    }

    /// Says that the first `read` bytes of [`unfilled`](Self::unfilled) are filled now.
    ///
    /// # Panics
    /// When that is more than there was room for.
    pub fn advance(&mut self, read: usize) {
        assert!(read <= self.until - self.filled, "more was read than there was room for");
        self.filled += read;
    }

    /// How many bytes came.
    pub(crate) fn read(&self) -> usize {
        self.filled - self.before
    }

    pub(crate) fn into_parts(self) -> (BytesMut, usize) {
        (self.bytes, self.filled)
    }
}

/// Whether and where the driver shall read.
#[derive(Debug)]
pub enum RecvBuf {
    /// Read into this, and hand it back by [`Engine::received`](crate::Engine::received), even if nothing was read.
    Read(ReadBuffer),
    /// Not now: what would come has no room yet. Ask again after the next input was handled.
    Paused,
    /// Never again: the connection is gone. Drop the socket.
    Gone,
}
