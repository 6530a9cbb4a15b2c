//! A cursor over bytes that knows where it is, so that errors can say so.
//!
//! The record loop is the one place where this crate does not parse with nom: combinators made of single bytes cost
//! seven times as much per varint.

use super::error::RecordsError;
use super::varint::unzigzag;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    /// What is added to `at` in errors: where `bytes` starts in what the caller gave.
    origin: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    pub(crate) const fn new(bytes: &'a [u8], origin: usize) -> Self {
        Self { bytes, at: 0, origin }
    }

    /// As [`new`](Self::new), with the first `at` bytes read already.
    #[inline]
    pub(crate) fn with_at(bytes: &'a [u8], origin: usize, at: usize) -> Self {
        Self { bytes, at: at.min(bytes.len()), origin }
    }

    /// Bytes read so far.
    #[inline]
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// Where the next byte stands in what the caller gave.
    #[inline]
    pub(crate) const fn place(&self) -> usize {
        self.origin + self.at
    }

    #[inline]
    pub(crate) const fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    #[inline]
    pub(crate) fn take(&mut self, len: usize, field: &'static str) -> Result<&'a [u8], RecordsError> {
        match self.rest().get(..len) {
            Some(taken) => {
                self.at += len;
                Ok(taken)
            }
            None => Err(self.truncated(field, len)),
        }
    }

    #[inline]
    pub(crate) fn byte(&mut self, field: &'static str) -> Result<u8, RecordsError> {
        match self.bytes.get(self.at) {
            Some(&byte) => {
                self.at += 1;
                Ok(byte)
            }
            None => Err(self.truncated(field, 1)),
        }
    }

    #[inline]
    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], RecordsError> {
        match self.rest().first_chunk::<N>() {
            Some(chunk) => {
                self.at += N;
                Ok(*chunk)
            }
            None => Err(self.truncated(field, N)),
        }
    }

    #[inline]
    pub(crate) fn int8(&mut self, field: &'static str) -> Result<i8, RecordsError> {
        self.array(field).map(i8::from_be_bytes)
    }

    #[inline]
    pub(crate) fn int16(&mut self, field: &'static str) -> Result<i16, RecordsError> {
        self.array(field).map(i16::from_be_bytes)
    }

    #[inline]
    pub(crate) fn int32(&mut self, field: &'static str) -> Result<i32, RecordsError> {
        self.array(field).map(i32::from_be_bytes)
    }

    #[inline]
    pub(crate) fn int64(&mut self, field: &'static str) -> Result<i64, RecordsError> {
        self.array(field).map(i64::from_be_bytes)
    }

    /// A zigzag varint of at most five bytes. Bits beyond the 32nd are ignored, as Java does.
    #[inline]
    pub(crate) fn varint(&mut self, field: &'static str) -> Result<i32, RecordsError> {
        let mut value = 0_u32;
        let mut shift = 0;
        let start = self.at;
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            value |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(unzigzag(u64::from(value)) as i32);
            }
            shift += 7;
            if shift > 28 {
                return Err(self.overlong(start, field, "a varint of at most 5 bytes"));
            }
        }
        Err(self.cut(start, field))
    }

    /// A zigzag varint of at most ten bytes.
    #[inline]
    pub(crate) fn varlong(&mut self, field: &'static str) -> Result<i64, RecordsError> {
        let mut value = 0_u64;
        let mut shift = 0;
        let start = self.at;
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(unzigzag(value));
            }
            shift += 7;
            if shift > 63 {
                return Err(self.overlong(start, field, "a varint of at most 10 bytes"));
            }
        }
        Err(self.cut(start, field))
    }

    /// A length that is a varint, then as many bytes; -1 is null.
    #[inline]
    pub(crate) fn nullable(&mut self, field: &'static str) -> Result<Option<&'a [u8]>, RecordsError> {
        let start = self.at;
        let len = self.varint(field)?;
        if len >= 0 {
            return self.take(len as usize, field).map(Some);
        }
        if len == -1 {
            return Ok(None);
        }
        Err(self.invalid_at(start, field, "a length of -1 or more", i64::from(len)))
    }

    /// The error for a field that started `start` bytes in.
    #[cold]
    pub(crate) fn invalid_at(
        &self,
        start: usize,
        field: &'static str,
        expected: &'static str,
        found: i64,
    ) -> RecordsError {
        RecordsError::Invalid { at: self.origin + start, field, expected, found }
    }

    #[cold]
    fn truncated(&self, field: &'static str, needs: usize) -> RecordsError {
        RecordsError::Truncated { at: self.place(), field, needs, left: self.left() }
    }

    #[cold]
    fn cut(&self, start: usize, field: &'static str) -> RecordsError {
        let left = self.bytes.len() - start;
        RecordsError::Truncated { at: self.origin + start, field, needs: left + 1, left }
    }

    #[cold]
    fn overlong(&self, start: usize, field: &'static str, expected: &'static str) -> RecordsError {
        self.invalid_at(start, field, expected, i64::from(self.bytes[self.at - 1]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::varint::Run;

    #[test]
    fn every_width_of_varint_reads_back() {
        for shift in 0..64 {
            for value in [1_i64 << shift, (1_i64 << shift).wrapping_neg(), (1_i64 << shift).wrapping_sub(1)] {
                let mut run = Run::<10>::new();
                run.varint(value);
                assert_eq!(Cursor::new(run.as_slice(), 0).varlong("value"), Ok(value));
                if let Ok(narrow) = i32::try_from(value) {
                    assert_eq!(Cursor::new(run.as_slice(), 0).varint("value"), Ok(narrow));
                }
            }
        }
    }

    #[test]
    fn a_varint_that_never_ends_is_refused_after_its_longest_form() {
        let endless = [0xff; 16];
        let varint = Cursor::new(&endless, 100).varint("key length");
        assert!(matches!(varint, Err(RecordsError::Invalid { at: 100, field: "key length", .. })));
        let varlong = Cursor::new(&endless, 100).varlong("timestamp delta");
        assert!(matches!(varlong, Err(RecordsError::Invalid { at: 100, field: "timestamp delta", .. })));
    }

    #[test]
    fn a_cut_varint_says_where_it_started() {
        let error = Cursor::new(&[0x80, 0x80], 7).varint("value length");
        assert_eq!(error, Err(RecordsError::Truncated { at: 7, field: "value length", needs: 3, left: 2 }));
    }

    #[test]
    fn a_length_below_minus_one_is_not_null() {
        let mut run = Run::<2>::new();
        run.varint(-2);
        let error = Cursor::new(run.as_slice(), 0).nullable("key");
        assert!(matches!(error, Err(RecordsError::Invalid { found: -2, .. })));
    }
}
