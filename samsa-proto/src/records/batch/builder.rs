//! Writing a batch: each record once, in its final form.

use bytes::{BufMut, BytesMut};

use super::front::Front;
use super::sealed::SealedBatch;
use crate::records::error::EncodeError;
use crate::records::format::NO_TIMESTAMP;
use crate::records::record::{Header, wire_len};
use crate::records::varint::{self, Run};

/// An open batch of format 2. It holds only the records: the header is made from the [`SealedBatch`].
#[derive(Debug)]
pub struct BatchBuilder {
    body: BytesMut,
    count: u32,
    base_timestamp: i64,
    max_timestamp: i64,
}

impl BatchBuilder {
    /// An empty batch that writes into `buffer`. What the buffer holds is dropped, its capacity is used.
    pub fn new(mut buffer: BytesMut) -> Self {
        buffer.clear();
        Self { body: buffer, count: 0, base_timestamp: NO_TIMESTAMP, max_timestamp: NO_TIMESTAMP }
    }

    /// Bytes that [`append`](Self::append) would add now. Exact: a few shifts and additions, no look at the data.
    #[inline]
    pub fn encoded_len<'h, H>(
        &self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: H,
    ) -> usize
    where
        H: IntoIterator<Item = Header<'h>>,
    {
        let len = self.record_len(self.delta(timestamp), key, value, headers.into_iter()).0;
        varint::len(len as i64) + len
    }

    /// Appends a record and returns its place in the batch, from 0.
    ///
    /// `timestamp` is in milliseconds since 1970-01-01 UTC; the first record's is the batch's base, so the others
    /// should be near it. Any value is written; Apache's own producer refuses those below -1. The headers are gone
    /// through twice. The buffer grows when it must; to prevent that, ask [`encoded_len`](Self::encoded_len) before.
    #[inline]
    pub fn append<'h, H>(
        &mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: H,
    ) -> Result<u32, EncodeError>
    where
        H: IntoIterator<Item = Header<'h>, IntoIter: Clone>,
    {
        let headers = headers.into_iter();
        let delta = self.delta(timestamp);
        let is_plain = headers.clone().next().is_none();
        match Front::new(delta, self.count, key, value) {
            Some(front) if is_plain && self.has_room(front.room()) => front.put(&mut self.body, key, value),
            _ => self.put_any(delta, key, value, headers)?,
        }
        Ok(self.counted(timestamp))
    }

    /// Writes any record.
    fn put_any<'h>(
        &mut self,
        delta: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: impl Iterator<Item = Header<'h>> + Clone,
    ) -> Result<(), EncodeError> {
        let (len, header_count) = self.record_len(delta, key, value, headers.clone());
        self.reserve(varint::len(len as i64) + len)?;

        let mut pen = Pen { body: &mut self.body, run: Run::new() };
        pen.run.varint(len as i64);
        pen.run.byte(0);
        pen.run.varint(delta);
        pen.run.varint(i64::from(self.count));
        pen.put(key);
        pen.put(value);
        pen.run.varint(header_count as i64);
        for header in headers {
            pen.put(Some(header.key_bytes()));
            pen.put(header.value());
        }
        pen.lift();
        Ok(())
    }

    /// Bytes of the records so far; the header's [`HEADER_LEN`](super::HEADER_LEN) come on top.
    #[inline]
    pub fn len(&self) -> usize {
        self.body.len()
    }

    /// No record yet.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Records so far.
    #[inline]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Bytes that the buffer holds without growing.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.body.capacity()
    }

    /// Freezes the records.
    pub fn seal(self) -> SealedBatch {
        SealedBatch::new(self.body.freeze(), self.count, self.base_timestamp, self.max_timestamp)
    }

    #[inline]
    fn delta(&self, timestamp: i64) -> i64 {
        if self.count == 0 { 0 } else { timestamp.wrapping_sub(self.base_timestamp) }
    }

    /// Bytes of a record after its length, and the number of its headers.
    fn record_len<'h>(
        &self,
        delta: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: impl Iterator<Item = Header<'h>>,
    ) -> (usize, usize) {
        let mut header_count = 0;
        let mut len = 1 + varint::len(delta) + varint::len(i64::from(self.count));
        len += varint::len(wire_len(key)) + key.map_or(0, <[u8]>::len);
        len += varint::len(wire_len(value)) + value.map_or(0, <[u8]>::len);
        for header in headers {
            header_count += 1;
            len = len.saturating_add(header.encoded_len());
        }
        (len + varint::len(header_count as i64), header_count)
    }

    #[inline]
    fn has_room(&self, more: usize) -> bool {
        let most = self.body.capacity().min(MOST_BYTES);
        more <= most.saturating_sub(self.body.len())
    }

    fn reserve(&mut self, more: usize) -> Result<(), EncodeError> {
        let bytes = self.body.len().saturating_add(more);
        if bytes > MOST_BYTES {
            return Err(EncodeError::TooLarge { bytes });
        }
        self.body.reserve(more);
        Ok(())
    }

    #[inline]
    fn counted(&mut self, timestamp: i64) -> u32 {
        let index = self.count;
        if index == 0 {
            self.base_timestamp = timestamp;
            self.max_timestamp = timestamp;
        }
        self.max_timestamp = self.max_timestamp.max(timestamp);
        self.count += 1;
        index
    }
}

/// Bytes of records that a batch can have beside its header.
const MOST_BYTES: usize = i32::MAX as usize - super::HEADER_LEN;

/// The most that gathers before bytes are put: length (5), attributes (1), timestamp delta (10), offset delta (5), key
/// length (5), and without a key and a value the value's length (5) and the header count (5).
const MOST_GATHERED: usize = 36;

/// Writes into a body, gathering the varints between two runs of bytes so that they go in together.
struct Pen<'a> {
    body: &'a mut BytesMut,
    run: Run<MOST_GATHERED>,
}

impl Pen<'_> {
    /// A length and as many bytes; -1 for null.
    #[expect(clippy::inline_always, reason = "called, it costs a tenth more instructions a record")]
    #[inline(always)]
    fn put(&mut self, field: Option<&[u8]>) {
        self.run.varint(wire_len(field));
        if let Some(bytes) = field {
            self.lift();
            self.body.put_slice(bytes);
        }
    }

    /// Writes what was gathered.
    #[inline]
    fn lift(&mut self) {
        self.body.put_slice(self.run.as_slice());
        self.run.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_room_or_without_a_record_is_written_in_the_same_way() {
        let bytes = vec![7; 1 << 20];
        let sizes = [0, 1, 50, 63, 64, 100, 8000, 8191, 8192, (1 << 20) - 20, 1 << 20];
        let fields = [None].into_iter().chain(sizes.into_iter().map(|size| Some(&bytes[..size])));
        for (key, value) in
            fields.flat_map(|field| [(field, None), (None, field), (Some(&b"key"[..]), field)])
        {
            for (index, delta) in
                [(0, 0), (1, -1), (64, 64), (8192, 8192), (1 << 20, 5), (2, 1 << 20), (3, i64::MAX)]
            {
                let builder = |body| BatchBuilder { body, count: index, base_timestamp: 0, max_timestamp: 0 };
                let [mut one, mut other] = [2 << 20, 0].map(|room| builder(BytesMut::with_capacity(room)));
                assert_eq!(one.append(delta, key, value, []), Ok(index));
                other.put_any(delta, key, value, std::iter::empty()).unwrap();
                let lengths = (key.map(<[u8]>::len), value.map(<[u8]>::len));
                assert!(one.body == other.body, "{lengths:?} at {index} after {delta} ms");
                assert_eq!(one.capacity(), 2 << 20, "it did not grow");
            }
        }
    }
}
