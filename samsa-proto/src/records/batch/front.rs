//! What stands in front of the key and value of an ordinary record, made without a loop.
//!
//! Nearly every record has no headers, and lengths and deltas of three bytes at most. Its numbers are put together in
//! registers and written in one piece, over zeros of which the rest is taken back; a record with a larger number takes the
//! longer way.

use bytes::BytesMut;

use crate::records::record::wire_len;
use crate::records::varint::zigzag;

/// Length (3), attributes (1), timestamp delta (3), offset delta (3), key length (3), each at most; written as words of 4, 8
/// and 4 bytes.
const WRITTEN: usize = 24;

/// The numbers of a record up to the bytes of its key; without a key, up to those of its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Front {
    /// Bytes of the record after this number.
    len: Short,
    /// Attributes and deltas.
    deltas: u64,
    deltas_len: usize,
    /// The length of the key; without a key, that of the value.
    next: Short,
    /// After the key; nothing without a key.
    value: Short,
    /// Bytes of key and value.
    bytes: usize,
}

/// A zigzag varint of three bytes at most, the first one lowest; by default of none.
#[derive(Clone, Copy, Debug, Default)]
struct Short {
    bits: u32,
    len: usize,
}

impl Front {
    /// `None` when a number is too large.
    #[expect(clippy::inline_always, reason = "called, it passes its numbers through memory")]
    #[inline(always)]
    pub(super) fn new(delta: i64, index: u32, key: Option<&[u8]>, value: Option<&[u8]>) -> Option<Self> {
        let (delta, index) = (Short::of(delta)?, Short::of(i64::from(index))?);
        let mut deltas = u64::from(delta.bits) << 8 | u64::from(index.bits) << (8 + 8 * delta.len);
        let mut deltas_len = 1 + delta.len + index.len;
        let value_len = Short::of(wire_len(value))?;
        let (next, value_after_key) = if let Some(key) = key {
            (Short::of(key.len() as i64)?, value_len)
        } else {
            // A key of length -1.
            deltas |= 1 << (8 * deltas_len);
            deltas_len += 1;
            (value_len, Short::default())
        };
        let bytes = key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len);
        // The last byte is the number of headers, 0.
        let len = Short::of((deltas_len + next.len + value_after_key.len + bytes + 1) as i64)?;
        Some(Self { len, deltas, deltas_len, next, value: value_after_key, bytes })
    }

    /// Bytes that have to be free for [`put`](Self::put): more than the record has.
    #[inline]
    pub(super) fn room(&self) -> usize {
        WRITTEN + 8 + self.bytes
    }

    /// Writes the record, for which there is room.
    #[expect(clippy::inline_always, reason = "see `new`")]
    #[inline(always)]
    pub(super) fn put(&self, body: &mut BytesMut, key: Option<&[u8]>, value: Option<&[u8]>) {
        let at = body.len();
        body.extend_from_slice(&[0; WRITTEN]);
        if let Some(front) = body[at..].first_chunk_mut::<WRITTEN>() {
            let deltas_at = self.len.len & 3;
            let next_at = (deltas_at + self.deltas_len) & 15;
            front[..4].copy_from_slice(&self.len.bits.to_le_bytes());
            front[deltas_at..deltas_at + 8].copy_from_slice(&self.deltas.to_le_bytes());
            front[next_at..next_at + 4].copy_from_slice(&self.next.bits.to_le_bytes());
        }
        body.truncate(at + self.len.len + self.deltas_len + self.next.len);
        if let Some(key) = key {
            body.extend_from_slice(key);
            self.value.put(body);
        }
        if let Some(value) = value {
            body.extend_from_slice(value);
        }
        body.extend_from_slice(&[0]);
    }
}

impl Short {
    /// `None` when the number takes more.
    #[inline]
    fn of(number: i64) -> Option<Self> {
        let rest = zigzag(number);
        if rest < 1 << 7 {
            return Some(Self { bits: rest as u32, len: 1 });
        }
        let rest = u32::try_from(rest).ok().filter(|rest| *rest < 1 << 21)?;
        let low = rest & 0x7f | 0x80 | (rest >> 7 & 0x7f) << 8;
        if rest < 1 << 14 {
            return Some(Self { bits: low, len: 2 });
        }
        Some(Self { bits: low | 0x8000 | rest >> 14 << 16, len: 3 })
    }

    #[inline]
    fn put(self, body: &mut BytesMut) {
        let at = body.len();
        body.extend_from_slice(&self.bits.to_le_bytes());
        body.truncate(at + self.len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::varint::{self, Run};

    #[test]
    fn a_number_of_up_to_three_bytes_is_the_varint_and_a_longer_one_is_not_short() {
        let edges = [0, -1, 1, 63, -64, 64, -65, 8191, -8192, 8192, -8193, (1 << 20) - 1, -(1 << 20)];
        for number in edges {
            let (mut run, mut body) = (Run::<10>::new(), BytesMut::new());
            run.varint(number);
            Short::of(number).unwrap().put(&mut body);
            assert_eq!(body, run.as_slice(), "{number}");
        }
        for number in [1 << 20, -(1 << 20) - 1, i64::MAX, i64::MIN] {
            assert!(varint::len(number) > 3 && Short::of(number).is_none(), "{number}");
        }
    }
}
