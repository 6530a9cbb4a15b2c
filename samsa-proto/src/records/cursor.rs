//! A cursor over bytes that knows where it is, so that errors can say so.
//!
//! The record loop is the one place where this crate does not parse with nom: combinators made of single bytes cost
//! seven times as much per varint.

use super::error::RecordsError;
use super::varint::{unzigzag32, unzigzag64};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    /// Where `rest` ends in what the caller gave: places are counted back from here.
    end: usize,
}

impl<'a> Cursor<'a> {
    /// A cursor over `bytes`, which start `origin` bytes into what the caller gave.
    #[inline]
    pub(crate) const fn new(bytes: &'a [u8], origin: usize) -> Self {
        Self { rest: bytes, end: origin + bytes.len() }
    }

    /// As [`new`](Self::new), with all before `place` read already.
    #[inline]
    pub(crate) fn from_place(bytes: &'a [u8], origin: usize, place: usize) -> Self {
        let read = place.saturating_sub(origin).min(bytes.len());
        Self { rest: &bytes[read..], end: origin + bytes.len() }
    }

    /// Where the next byte stands in what the caller gave.
    #[inline]
    pub(crate) const fn place(&self) -> usize {
        self.end - self.rest.len()
    }

    #[inline]
    pub(crate) const fn left(&self) -> usize {
        self.rest.len()
    }

    #[inline]
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    pub(crate) fn take(&mut self, len: usize, field: &'static str) -> Result<&'a [u8], RecordsError> {
        match self.rest.split_at_checked(len) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => Err(self.truncated(field, len)),
        }
    }

    #[inline]
    pub(crate) fn byte(&mut self, field: &'static str) -> Result<u8, RecordsError> {
        match self.rest.split_first() {
            Some((&byte, rest)) => {
                self.rest = rest;
                Ok(byte)
            }
            None => Err(self.truncated(field, 1)),
        }
    }

    #[inline]
    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], RecordsError> {
        match self.rest.split_first_chunk::<N>() {
            Some((chunk, rest)) => {
                self.rest = rest;
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
        match *self.rest {
            [first, ref rest @ ..] if first < 0x80 => {
                self.rest = rest;
                Ok(unzigzag32(u32::from(first)))
            }
            [first, second, ref rest @ ..] if second < 0x80 => {
                self.rest = rest;
                Ok(unzigzag32(u32::from(first & 0x7f) | u32::from(second) << 7))
            }
            _ => self.long_varint(field, 5).map(|value| unzigzag32(value as u32)),
        }
    }

    /// A zigzag varint of at most ten bytes.
    #[inline]
    pub(crate) fn varlong(&mut self, field: &'static str) -> Result<i64, RecordsError> {
        match *self.rest {
            [first, ref rest @ ..] if first < 0x80 => {
                self.rest = rest;
                Ok(unzigzag64(u64::from(first)))
            }
            [first, second, ref rest @ ..] if second < 0x80 => {
                self.rest = rest;
                Ok(unzigzag64(u64::from(first & 0x7f) | u64::from(second) << 7))
            }
            _ => self.long_varint(field, 10).map(unzigzag64),
        }
    }

    /// A varint of any length up to `most` bytes; nearly all are shorter and do not come here.
    #[inline(never)]
    fn long_varint(&mut self, field: &'static str, most: usize) -> Result<u64, RecordsError> {
        let mut value = 0;
        for (index, &byte) in self.rest.iter().take(most).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                self.rest = &self.rest[index + 1..];
                return Ok(value);
            }
        }
        match self.rest.get(most - 1) {
            None => Err(self.truncated(field, self.left() + 1)),
            Some(&last) => Err(invalid(self.place(), field, "a varint that ends", i64::from(last))),
        }
    }

    /// A length that is a varint, then as many bytes; -1 is null.
    #[inline]
    pub(crate) fn nullable(&mut self, field: &'static str) -> Result<Option<&'a [u8]>, RecordsError> {
        let start = *self;
        let len = self.varint(field)?;
        if len >= 0 {
            return self.take(len as usize, field).map(Some);
        }
        if len == -1 {
            return Ok(None);
        }
        Err(invalid(start.place(), field, "a length of -1 or more", i64::from(len)))
    }

    #[cold]
    fn truncated(&self, field: &'static str, needs: usize) -> RecordsError {
        RecordsError::Truncated { at: self.place(), field, needs, left: self.left() }
    }
}

/// The error for a field that stands at `at` and holds what it cannot.
#[cold]
pub(crate) fn invalid(at: usize, field: &'static str, expected: &'static str, found: i64) -> RecordsError {
    RecordsError::Invalid { at, field, expected, found }
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
