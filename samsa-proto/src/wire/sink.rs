//! Where encoded bytes go.

use bytes::{BufMut, Bytes, BytesMut};

/// The end of something that grows.
pub trait Sink {
    /// Appends a copy of `bytes`.
    fn put(&mut self, bytes: &[u8]);

    /// Appends `bytes`; a sink that can keeps a reference and copies nothing.
    fn splice(&mut self, bytes: &Bytes) {
        self.put(bytes);
    }
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

impl Sink for BytesMut {
    fn put(&mut self, bytes: &[u8]) {
        self.put_slice(bytes);
    }
}

/// Counts only. Sizes stand in front of what they measure, so a tagged field is encoded once for its size and once
/// for good.
#[derive(Debug, Default)]
pub struct Measure(pub usize);

impl Sink for Measure {
    fn put(&mut self, bytes: &[u8]) {
        self.0 += bytes.len();
    }
}

/// A spliced part shorter than this many bytes is copied after all: one more entry in a vectored write costs more.
pub const MERGE_BELOW: usize = 256;

/// A gather list: everything that is put lies in one buffer, spliced parts stay where they are.
#[derive(Debug, Default)]
pub struct Gather {
    buffer: BytesMut,
    /// What was spliced, and how much of the buffer goes before it.
    spliced: Vec<(usize, Bytes)>,
}

impl Gather {
    /// Bytes so far, spliced ones included.
    pub fn len(&self) -> usize {
        self.buffer.len() + self.spliced.iter().map(|(_, part)| part.len()).sum::<usize>()
    }

    /// Whether nothing was put yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Overwrites the first bytes, which must have been put before anything was spliced: a frame's length is known
    /// last.
    pub(crate) fn overwrite_start(&mut self, bytes: &[u8]) {
        self.buffer[..bytes.len()].copy_from_slice(bytes);
    }

    /// The parts in order, none of them empty.
    pub fn into_parts(self) -> Vec<Bytes> {
        let buffer = self.buffer.freeze();
        let mut parts = Vec::with_capacity(2 * self.spliced.len() + 1);
        let mut taken = 0;
        for (before, part) in self.spliced {
            parts.push(buffer.slice(taken..before));
            parts.push(part);
            taken = before;
        }
        parts.push(buffer.slice(taken..));
        parts.retain(|part| !part.is_empty());
        parts
    }
}

impl Sink for Gather {
    fn put(&mut self, bytes: &[u8]) {
        self.buffer.put_slice(bytes);
    }

    fn splice(&mut self, bytes: &Bytes) {
        if bytes.len() < MERGE_BELOW {
            self.put(bytes);
        } else {
            self.spliced.push((self.buffer.len(), bytes.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_part_is_spliced_and_the_short_ones_around_it_are_merged() {
        let body = Bytes::from(vec![7; MERGE_BELOW]);
        let mut gather = Gather::default();
        gather.put(b"head");
        gather.splice(&Bytes::from_static(b"er"));
        gather.splice(&body);
        gather.splice(&body);
        gather.put(b"end");
        assert_eq!(gather.len(), 9 + 2 * MERGE_BELOW);

        let parts = gather.into_parts();
        assert_eq!(parts, [&b"header"[..], &body, &body, b"end"]);
        assert_eq!(parts[1].as_ptr(), body.as_ptr());
    }
}
