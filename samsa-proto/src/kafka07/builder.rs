//! Writing a set.

use bytes::{BufMut, Bytes, BytesMut};

use super::entry::{Codec, Magic, header};
use crate::records::{EncodeError, Format, compress};

/// The largest payload that a broker stores by default (`max.message.size`), in bytes: 1,000,000. A set with a larger
/// one is dropped as a whole, and nobody is told.
///
/// A compressed entry counts by its compressed size.
pub const DEFAULT_MAX_PAYLOAD: usize = 1_000_000;

/// A set that takes messages.
#[derive(Debug)]
pub struct SetBuilder {
    set: BytesMut,
    magic: Magic,
    count: u32,
    largest: usize,
}

/// A set that takes no more messages. Cloning shares the bytes.
#[derive(Debug, Clone)]
pub struct SealedSet {
    bytes: Bytes,
    count: u32,
    largest: usize,
}

impl SetBuilder {
    /// An empty set, whose messages will be of that form. Brokers of 0.7 take both, also mixed.
    pub fn new(magic: Magic) -> Self {
        Self { set: BytesMut::new(), magic, count: 0, largest: 0 }
    }

    /// Appends a message. It takes 9 (magic 0) or 10 (magic 1) bytes more than its payload.
    pub fn append(&mut self, payload: &[u8]) -> Result<(), EncodeError> {
        let bytes =
            self.set.len().saturating_add(payload.len()).saturating_add(4 + header(self.magic) as usize);
        if bytes > i32::MAX as usize {
            return Err(EncodeError::TooLarge { bytes });
        }
        put_entry(&mut self.set, self.magic, None, payload);
        self.count += 1;
        self.largest = self.largest.max(payload.len());
        Ok(())
    }

    /// Bytes so far.
    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// Whether there is no message yet.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Freezes the set, compressed if asked: then it is one entry of magic 1. An empty set is not compressed, since an
    /// entry without messages would stay unflushed in the log.
    pub fn seal(self, codec: Option<Codec>) -> Result<SealedSet, EncodeError> {
        let count = self.count;
        let Some(codec) = codec.filter(|_| count > 0) else {
            return Ok(SealedSet { bytes: self.set.freeze(), count, largest: self.largest });
        };
        let bytes = compressed(&self.set, codec)?;
        let largest = bytes.len() - 4 - header(Magic::V1) as usize;
        Ok(SealedSet { bytes, count, largest })
    }
}

impl SealedSet {
    /// The set as it goes on the wire.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// How many messages are in it.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The largest payload of an outer entry, which must not be more than the broker takes: see [`DEFAULT_MAX_PAYLOAD`].
    pub fn largest_payload(&self) -> usize {
        self.largest
    }
}

/// The entry whose payload is `set`, compressed.
pub(super) fn compressed(set: &[u8], codec: Codec) -> Result<Bytes, EncodeError> {
    let payload = compress(codec.into(), None, Format::V0, set)?;
    let mut entry = BytesMut::with_capacity(4 + header(Magic::V1) as usize + payload.len());
    put_entry(&mut entry, Magic::V1, Some(codec), &payload);
    Ok(entry.freeze())
}

fn put_entry(out: &mut BytesMut, magic: Magic, codec: Option<Codec>, payload: &[u8]) {
    let length = header(magic) + payload.len() as i32;
    out.reserve(4 + length as usize);
    out.put_i32(length);
    out.put_u8(magic as u8);
    if magic == Magic::V1 {
        out.put_u8(codec.map_or(0, |codec| codec as u8));
    }
    out.put_u32(crc32fast::hash(payload));
    out.put_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_written_as_the_brokers_of_0_7_know_it() {
        for (magic, written) in [
            (Magic::V0, &b"\x00\x00\x00\x10\x00\x0d\x4a\x11\x85hello world"[..]),
            (Magic::V1, b"\x00\x00\x00\x11\x01\x00\x0d\x4a\x11\x85hello world"),
        ] {
            let mut set = SetBuilder::new(magic);
            set.append(b"hello world").expect("room");
            assert_eq!((set.len(), set.is_empty()), (written.len(), false));
            let set = set.seal(None).expect("a set");
            assert_eq!((&set.bytes()[..], set.count(), set.largest_payload()), (written, 1, 11));
        }
    }

    #[test]
    fn a_compressed_set_is_one_entry_and_counts_by_its_compressed_size() {
        let mut set = SetBuilder::new(Magic::V1);
        set.append(&vec![0; 1_500_000]).expect("room");
        let set = set.seal(Some(Codec::Gzip)).expect("a set");
        assert_eq!(set.bytes()[4..6], [1, 1]);
        assert_eq!(set.largest_payload(), set.bytes().len() - 10);
        assert!(set.largest_payload() < DEFAULT_MAX_PAYLOAD);
    }

    #[test]
    fn an_empty_set_is_not_compressed() {
        let set = SetBuilder::new(Magic::V1).seal(Some(Codec::Gzip)).expect("a set");
        assert!(set.bytes().is_empty());
    }
}
