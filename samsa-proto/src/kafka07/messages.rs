//! Messages: what an application sees of a set, whether compressed or not.

use std::collections::VecDeque;

use bytes::Bytes;

use super::entry::{Codec, Cut, Entries};
use super::error::SetError;
use crate::records::{self, Format, RecordsError};

/// How deep compressed sets may be nested. Brokers take any depth, producers use one.
pub const MAX_DEPTH: usize = 8;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The position in the log of its entry; the outer one when it was compressed.
    pub offset: i64,
    /// Where to go on reading once this message is done with. Messages inside a compressed entry have no offsets of their
    /// own: for all but the last this is the entry's own offset, so that whoever goes on there reads the whole entry again.
    pub next_offset: i64,
    /// The message itself, a part of the set or of the decompressed entry.
    pub payload: Bytes,
}

/// The messages of a set in order; compressed entries are opened one at a time.
///
/// Ends at the last whole entry, or behind the first error. Of an entry with an error inside no message is given.
#[derive(Debug)]
pub struct Messages {
    set: Bytes,
    start: i64,
    at: usize,
    limit: usize,
    failed: bool,
    /// Of the compressed entry that is open.
    opened: VecDeque<Bytes>,
    /// Its offset, and the one behind it.
    entry: (i64, i64),
}

impl Messages {
    /// Reads `set`, which begins at the position `offset` of its log. One outer entry may take up to `limit` bytes
    /// decompressed, all sets inside it together; handles to the messages come to at most four times as much again.
    pub fn new(set: Bytes, offset: i64, limit: usize) -> Self {
        let opened = VecDeque::new();
        Self { set, start: offset, at: 0, limit, failed: false, opened, entry: (offset, offset) }
    }

    /// Where to go on reading now. Moves past an entry when its last message was given; also past one without messages.
    pub fn offset(&self) -> i64 {
        if self.opened.is_empty() { self.entries().offset() } else { self.entry.0 }
    }

    /// What is left when there is no whole entry any more; see [`Entries::cut`].
    pub fn cut(&self) -> Option<Cut> {
        if self.failed || !self.opened.is_empty() { None } else { self.entries().cut() }
    }

    fn entries(&self) -> Entries<'_> {
        Entries::new(&self.set, self.start).starting_at(self.at)
    }

    /// Takes the next outer entry: its messages stand in `opened` then.
    fn open(&mut self) -> Option<Result<(), SetError>> {
        let mut entries = self.entries();
        let entry = match entries.next()? {
            Ok(entry) => entry,
            Err(error) => return Some(Err(error)),
        };
        let mut opened = VecDeque::new();
        match entry.codec {
            None => opened.push_back(self.set.slice_ref(entry.payload)),
            Some(codec) => {
                let mut opening =
                    Opening { offset: entry.offset, limit: self.limit, used: 0, messages: opened };
                if let Err(error) = opening.unpack(codec, entry.payload, 1) {
                    return Some(Err(error));
                }
                opened = opening.messages;
            }
        }
        (self.entry, self.at, self.opened) = ((entry.offset, entry.next_offset), entries.at(), opened);
        Some(Ok(()))
    }
}

impl Iterator for Messages {
    type Item = Result<Message, SetError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.opened.is_empty() && !self.failed {
            if let Err(error) = self.open()? {
                self.failed = true;
                return Some(Err(error));
            }
        }
        let payload = self.opened.pop_front()?;
        let (offset, behind) = self.entry;
        let next_offset = if self.opened.is_empty() { behind } else { offset };
        Some(Ok(Message { offset, next_offset, payload }))
    }
}

/// A compressed entry while it is being opened.
struct Opening {
    offset: i64,
    limit: usize,
    /// Bytes decompressed so far, of the limit.
    used: usize,
    messages: VecDeque<Bytes>,
}

impl Opening {
    fn unpack(&mut self, codec: Codec, payload: &[u8], depth: usize) -> Result<(), SetError> {
        if depth > MAX_DEPTH {
            return Err(SetError::TooDeep { offset: self.offset });
        }
        let plain = self.decompress(codec, payload)?;
        for entry in Entries::new(&plain, self.offset) {
            let entry = entry.map_err(|error| error.inside(self.offset))?;
            match entry.codec {
                None => self.messages.push_back(plain.slice_ref(entry.payload)),
                Some(codec) => self.unpack(codec, entry.payload, depth + 1)?,
            }
        }
        Ok(())
    }

    fn decompress(&mut self, codec: Codec, payload: &[u8]) -> Result<Bytes, SetError> {
        let offset = self.offset;
        let malformed = |reason| SetError::Decompression { offset, codec, reason };
        if payload.is_empty() {
            return Err(malformed("there is nothing in it".into()));
        }
        let mut plain = Vec::new();
        let left = self.limit - self.used;
        records::decompress(codec.into(), Format::V0, payload, left, &mut plain).map_err(
            |error| match error {
                RecordsError::TooLarge { .. } => SetError::TooLarge { offset, limit: self.limit },
                RecordsError::Decompression { reason, .. } => malformed(reason),
                other => malformed(other.to_string().into()),
            },
        )?;
        self.used += plain.len();
        Ok(plain.into())
    }
}

impl From<Codec> for records::Codec {
    fn from(codec: Codec) -> Self {
        match codec {
            Codec::Gzip => Self::Gzip,
            Codec::Snappy => Self::Snappy,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka07::{Magic, SetBuilder};

    const LIMIT: usize = 1024 * 1024;

    fn set(payloads: &[&[u8]], codec: Option<Codec>) -> Bytes {
        let mut builder = SetBuilder::new(Magic::V1);
        for payload in payloads {
            builder.append(payload).expect("room");
        }
        builder.seal(codec).expect("a set").bytes().clone()
    }

    /// An entry that holds a whole set.
    fn wrapped(set: &[u8], codec: Codec) -> Bytes {
        crate::kafka07::builder::compressed(set, codec).expect("an entry")
    }

    fn all(set: Bytes) -> Vec<Result<Message, SetError>> {
        Messages::new(set, 0, LIMIT).collect()
    }

    fn positions(set: Bytes) -> Vec<(i64, i64)> {
        all(set).into_iter().map(|m| m.expect("a message")).map(|m| (m.offset, m.next_offset)).collect()
    }

    #[test]
    fn only_the_last_message_of_a_compressed_entry_moves_the_offset_past_it() {
        for codec in [Codec::Gzip, Codec::Snappy] {
            let packed = set(&[b"a", b"b", b"c"], Some(codec));
            let end = packed.len() as i64;
            let log = Bytes::from([&packed[..], &set(&[b"d"], None)].concat());
            assert_eq!(positions(log), [(0, 0), (0, 0), (0, end), (end, end + 11)]);
        }
    }

    #[test]
    fn the_position_stays_at_an_entry_until_its_last_message_was_given() {
        let packed = set(&[b"a", b"b"], Some(Codec::Gzip));
        let end = packed.len() as i64;
        let mut messages = Messages::new(packed, 0, LIMIT);
        assert_eq!(messages.offset(), 0);
        messages.next();
        assert_eq!(messages.offset(), 0);
        messages.next();
        assert_eq!(messages.offset(), end);
    }

    #[test]
    fn sets_nested_in_sets_are_opened_up_to_a_depth() {
        let nested = |depth| (0..depth).fold(set(&[b"deep"], None), |inner, _| wrapped(&inner, Codec::Gzip));
        let message = all(nested(MAX_DEPTH)).remove(0).expect("a message");
        assert_eq!(message.payload, "deep");
        assert_eq!(all(nested(MAX_DEPTH + 1)), [Err(SetError::TooDeep { offset: 0 })]);
    }

    #[test]
    fn snappy_inside_gzip_is_opened_in_order() {
        let inner = wrapped(&set(&[b"b", b"c"], None), Codec::Snappy);
        let outer = [&set(&[b"a"], None)[..], &inner, &set(&[b"d"], None)].concat();
        let messages = all(wrapped(&outer, Codec::Gzip));
        let payloads: Vec<_> = messages.into_iter().map(|m| m.expect("a message").payload).collect();
        assert_eq!(payloads, ["a", "b", "c", "d"]);
    }

    #[test]
    fn a_bomb_ends_at_the_limit() {
        let zeros = vec![0; 10 * LIMIT];
        let bomb = set(&[&zeros], Some(Codec::Gzip));
        assert!(bomb.len() < 20_000);
        assert_eq!(all(bomb), [Err(SetError::TooLarge { offset: 0, limit: LIMIT })]);
    }

    #[test]
    fn the_limit_is_shared_by_all_sets_inside_an_entry() {
        let inner = set(&[&vec![0; LIMIT / 3]], Some(Codec::Gzip));
        let outer = wrapped(&inner.repeat(4), Codec::Gzip);
        assert_eq!(all(outer), [Err(SetError::TooLarge { offset: 0, limit: LIMIT })]);
    }

    #[test]
    fn an_empty_compressed_set_has_no_messages_and_is_passed() {
        let empty = wrapped(&[], Codec::Snappy);
        let end = empty.len() as i64;
        let mut messages = Messages::new(empty, 0, LIMIT);
        assert_eq!(messages.next(), None);
        assert_eq!(messages.offset(), end);
    }

    #[test]
    fn a_cut_entry_inside_a_compressed_one_is_dropped() {
        let inner = [&set(&[b"a"], None)[..], &[0, 0, 0, 9, 1, 0]].concat();
        assert_eq!(all(wrapped(&inner, Codec::Gzip)).len(), 1);
    }

    #[test]
    fn an_error_inside_an_entry_is_told_by_the_offset_of_that_entry_and_hides_its_other_messages() {
        let inner = [&set(&[b"a"], None)[..], &[0, 0, 0, 6, 1, 0, 0, 0, 0, 1]].concat();
        let log = Bytes::from([&set(&[b"first"], None)[..], &wrapped(&inner, Codec::Gzip)].concat());
        let mut messages = Messages::new(log, 0, LIMIT);
        assert_eq!(messages.next().expect("an item").expect("a message").payload, "first");
        let error = messages.next().expect("an item").expect_err("a wrong checksum");
        assert_eq!(error, SetError::Checksum { offset: 15, stored: 1, computed: 0 });
        assert_eq!((messages.next(), messages.offset(), messages.cut()), (None, 15, None));
    }

    #[test]
    fn an_entry_that_says_it_is_compressed_and_is_not_is_an_error() {
        for (codec, payload) in [(1, &b""[..]), (2, b""), (1, b"garbage"), (2, b"\xff\xff\xff")] {
            let mut entry = ((6 + payload.len()) as u32).to_be_bytes().to_vec();
            entry.extend([1, codec]);
            entry.extend(crc32fast::hash(payload).to_be_bytes());
            entry.extend(payload);
            let items = all(entry.into());
            assert!(
                matches!(
                    items[..],
                    [Err(SetError::Decompression { offset: 0, .. } | SetError::TooLarge { .. })]
                ),
                "{items:?}"
            );
        }
    }
}
