//! Entries: what a set is made of.

use std::fmt;

use super::error::SetError;

/// The two forms of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Magic {
    /// Kafka 0.6, and the Python samsa: no attributes.
    V0 = 0,
    /// Kafka 0.7.
    V1 = 1,
}

/// How the payload of an entry is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Codec {
    /// Gzip, one member or several.
    Gzip = 1,
    /// Snappy, in the framing of snappy-java or raw. Unknown to Kafka 0.7.0.
    Snappy = 2,
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
        })
    }
}

/// One entry, whose checksum is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The position in the log where it starts.
    pub offset: i64,
    /// The position behind its last byte.
    pub next_offset: i64,
    /// Its form.
    pub magic: Magic,
    /// Whether the payload is a compressed set, and how.
    pub codec: Option<Codec>,
    /// A message, or a compressed set. May be empty.
    pub payload: &'a [u8],
}

/// An entry at the end of a set that is not there as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// The position in the log where it starts.
    pub offset: i64,
    /// How many bytes it takes as a whole, when so much of it is there that this can be told. Fetch at least as many, up
    /// to a bound of your own: the length may be wrong.
    pub needed: Option<usize>,
}

/// The entries of a set, one after the other; compressed ones are not opened (see [`Messages`](super::Messages)).
///
/// Ends at the last whole entry, or behind the first error.
#[derive(Debug, Clone)]
pub struct Entries<'a> {
    set: &'a [u8],
    at: usize,
    start: i64,
    failed: bool,
}

impl<'a> Entries<'a> {
    /// Reads `set`, which begins at the position `offset` of its log.
    pub fn new(set: &'a [u8], offset: i64) -> Self {
        Self { set, at: 0, start: offset, failed: false }
    }

    /// From the byte `at` of the set on.
    pub(super) fn starting_at(self, at: usize) -> Self {
        Self { at, ..self }
    }

    /// Bytes of the set that were read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The position in the log of what was not yet read.
    pub fn offset(&self) -> i64 {
        self.start.wrapping_add(self.at as i64)
    }

    /// What is left when there is no whole entry any more. `None` before that, and when nothing is left.
    pub fn cut(&self) -> Option<Cut> {
        let rest = &self.set[self.at..];
        if rest.is_empty() || self.failed {
            return None;
        }
        let needed = match rest.split_first_chunk() {
            Some((length, after)) => {
                let length = u32::from_be_bytes(*length) as usize;
                (after.len() < length).then_some(Some(4 + length))?
            }
            None => None,
        };
        Some(Cut { offset: self.offset(), needed })
    }

    /// What can be told from a cut entry is told: growing the fetch does not help when it is none.
    fn read(&mut self) -> Option<Result<Entry<'a>, SetError>> {
        let offset = self.offset();
        let (length, after) = self.set[self.at..].split_first_chunk()?;
        let length = i32::from_be_bytes(*length);
        let magic = match after.first() {
            Some(0) | None => Magic::V0,
            Some(1) => Magic::V1,
            Some(other) if length > 0 => return Some(Err(SetError::Magic { offset, magic: *other as i8 })),
            Some(_) => return Some(Err(SetError::Length { offset, length })),
        };
        if length < header(magic) {
            return Some(Err(SetError::Length { offset, length }));
        }
        let message = after.get(..length as usize)?;
        let next_offset = offset.wrapping_add(4 + i64::from(length));
        Some(self::message(message, magic, offset).map(|(codec, payload)| {
            self.at += 4 + message.len();
            Entry { offset, next_offset, magic, codec, payload }
        }))
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, SetError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let entry = self.read();
        self.failed = matches!(entry, Some(Err(_)));
        entry
    }
}

/// Bytes between an entry's length and its payload.
pub(super) const fn header(magic: Magic) -> i32 {
    match magic {
        Magic::V0 => 5,
        Magic::V1 => 6,
    }
}

/// What follows the length, at least as long as its header.
fn message(message: &[u8], magic: Magic, offset: i64) -> Result<(Option<Codec>, &[u8]), SetError> {
    let (header, payload) = message.split_at(header(magic) as usize);
    let codec = match (magic, header[1] & 3) {
        (Magic::V0, _) | (Magic::V1, 0) => None,
        (Magic::V1, 1) => Some(Codec::Gzip),
        (Magic::V1, 2) => Some(Codec::Snappy),
        (Magic::V1, _) => return Err(SetError::Codec { offset }),
    };
    let stored = header.last_chunk().map_or(0, |crc| u32::from_be_bytes(*crc));
    let computed = crc32fast::hash(payload);
    if stored == computed {
        Ok((codec, payload))
    } else {
        Err(SetError::Checksum { offset, stored, computed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "hello world" in both forms.
    const SET: &[u8] =
        b"\x00\x00\x00\x10\x00\x0d\x4a\x11\x85hello world\x00\x00\x00\x11\x01\x00\x0d\x4a\x11\x85hello world";

    fn error(set: &[u8]) -> SetError {
        Entries::new(set, 0).next().expect("an item").expect_err("an error")
    }

    #[test]
    fn an_offset_is_a_position_in_bytes() {
        let entries: Vec<_> = Entries::new(SET, 100).map(|entry| entry.expect("an entry")).collect();
        let positions: Vec<_> =
            entries.iter().map(|entry| (entry.offset, entry.next_offset, entry.magic)).collect();
        assert_eq!(positions, [(100, 120, Magic::V0), (120, 141, Magic::V1)]);
        assert!(entries.iter().all(|entry| entry.payload == b"hello world" && entry.codec.is_none()));
    }

    #[test]
    fn a_cut_entry_says_how_much_it_needs() {
        for (length, cut) in [
            (20, None),
            (21, Some(Cut { offset: 20, needed: None })),
            (24, Some(Cut { offset: 20, needed: Some(21) })),
            (40, Some(Cut { offset: 20, needed: Some(21) })),
            (41, None),
        ] {
            let mut entries = Entries::new(&SET[..length], 0);
            assert!(entries.by_ref().all(|entry| entry.is_ok()));
            assert_eq!(entries.cut(), cut, "{length}");
        }
    }

    #[test]
    fn a_set_with_entries_left_is_not_cut() {
        assert_eq!(Entries::new(SET, 0).cut(), None);
    }

    #[test]
    fn a_position_inside_an_entry_is_noticed_though_the_entry_found_there_is_cut() {
        assert_eq!(error(&SET[5..]), SetError::Magic { offset: 0, magic: 0x68 });
    }

    #[test]
    fn what_no_broker_stores_is_refused() {
        assert_eq!(error(&[0, 0, 0, 0, 0]), SetError::Length { offset: 0, length: 0 });
        assert_eq!(error(&[0, 0, 0, 5, 1, 0, 0, 0, 0]), SetError::Length { offset: 0, length: 5 });
        assert_eq!(error(&[0xff, 0xff, 0xff, 0xff, 9]), SetError::Length { offset: 0, length: -1 });
        assert_eq!(error(&[0, 0, 0, 6, 1, 3, 0, 0, 0, 0]), SetError::Codec { offset: 0 });
        assert_eq!(
            error(&[0, 0, 0, 5, 0, 0, 0, 0, 1]),
            SetError::Checksum { offset: 0, stored: 1, computed: 0 }
        );
    }

    #[test]
    fn attributes_beyond_the_codec_are_ignored() {
        let entry = Entries::new(&[0, 0, 0, 6, 1, 0xfc, 0, 0, 0, 0], 0).next().expect("an item");
        assert_eq!(entry.expect("an entry").codec, None);
    }

    #[test]
    fn nothing_follows_an_error() {
        let mut entries = Entries::new(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 0);
        assert!(entries.next().expect("an item").is_err());
        assert!(entries.next().is_none());
        assert_eq!(entries.cut(), None);
    }
}
