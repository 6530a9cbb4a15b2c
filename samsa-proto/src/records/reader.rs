//! From the bytes of a response to batches.

use super::batch::{self, HEADER_LEN, LENGTH_FROM};
use super::cursor::{Cursor, invalid};
use super::error::RecordsError;
use super::format::{Codec, Format};
use super::header::BatchHeader;
use super::message_set::{self, Head, overhead};
use super::view::Batch;

/// All formats have their magic byte here.
const MAGIC_AT: usize = 16;

/// Walks over the batches in `bytes`, of any mix of formats.
///
/// A Fetch response may end in the middle of a batch: what is cut off is left out silently, and
/// [`Batches::rest`] gives it. A batch that is malformed is an error, and the walk ends there, since what comes after
/// it cannot be trusted. Checksums are not looked at: that is [`Batch::verify`].
pub fn batches(bytes: &[u8]) -> Batches<'_> {
    Batches { bytes, at: 0, ended: false }
}

/// The batches of a response; see [`batches`].
#[derive(Debug, Clone)]
pub struct Batches<'a> {
    bytes: &'a [u8],
    at: usize,
    ended: bool,
}

impl<'a> Batches<'a> {
    /// What was not read: at the end of the walk a batch that is cut off, or nothing, or the malformed batch and all
    /// after it.
    ///
    /// If the first batch is cut off, it is larger than what was asked for.
    pub fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// The batch that starts here, or none when it is cut off.
    fn read(&self) -> Result<Option<Batch<'a>>, RecordsError> {
        let Some((format, total)) = self.frame()? else { return Ok(None) };
        let bytes = &self.rest()[..total];
        match format {
            Format::V2 => {
                let header = batch::read_header(bytes, self.at)?;
                Ok(Some(Batch::new(header, bytes, &bytes[HEADER_LEN..], self.at)))
            }
            Format::V0 | Format::V1 => {
                let (head, mut message) = message_set::read_message(&mut Cursor::new(bytes, self.at))?;
                if head.codec == Codec::None {
                    return Ok(Some(self.run(&head, total)));
                }
                message_set::read_bytes(&mut message, "key of a compressed set")?;
                let value = message_set::read_bytes(&mut message, "compressed set")?
                    .ok_or_else(|| invalid(message.place() - 4, "compressed set", "not null", -1))?;
                let header = BatchHeader { record_count: None, ..legacy_header(&head) };
                Ok(Some(Batch::new(header, bytes, value, self.at)))
            }
        }
    }

    /// Format and length of what starts here, or none when it is cut off.
    fn frame(&self) -> Result<Option<(Format, usize)>, RecordsError> {
        let mut cursor = Cursor::new(self.rest(), self.at);
        if cursor.left() <= MAGIC_AT {
            return Ok(None);
        }
        cursor.take(8, "base offset")?;
        let length = cursor.int32("batch length")?;
        let magic = self.rest()[MAGIC_AT] as i8;
        let Some(format) = Format::from_magic(magic) else {
            return Err(invalid(self.at + MAGIC_AT, "magic", "0, 1 or 2", i64::from(magic)));
        };
        let (least, expected) = match format {
            Format::V0 => (overhead(format), "14 or more in format 0"),
            Format::V1 => (overhead(format), "22 or more in format 1"),
            Format::V2 => (HEADER_LEN, "49 or more in format 2"),
        };
        if length < (least - LENGTH_FROM) as i32 {
            return Err(invalid(self.at + 8, "batch length", expected, i64::from(length)));
        }
        let total = LENGTH_FROM + length as usize;
        Ok((total <= self.rest().len()).then_some((format, total)))
    }

    /// The uncompressed messages from here on that are alike, taken as one batch.
    fn run(&self, first: &Head, first_len: usize) -> Batch<'a> {
        let mut header = legacy_header(first);
        let mut count = 1;
        let mut cursor = Cursor::new(&self.rest()[first_len..], self.at + first_len);
        let mut end = first_len;
        while let Ok((head, _)) = message_set::read_message(&mut cursor) {
            let alike = head.format == first.format && head.timestamp_type == first.timestamp_type;
            if !alike || head.codec != Codec::None {
                break;
            }
            header.last_offset = head.offset;
            header.max_timestamp = header.max_timestamp.max(head.timestamp);
            count += 1;
            end = self.rest().len() - cursor.left();
        }
        header.record_count = Some(count);
        let bytes = &self.rest()[..end];
        Batch::new(header, bytes, bytes, self.at)
    }
}

impl<'a> Iterator for Batches<'a> {
    type Item = Result<Batch<'a>, RecordsError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let batch = self.read();
        match &batch {
            Ok(Some(batch)) => self.at += batch.bytes().len(),
            Ok(None) | Err(_) => self.ended = true,
        }
        batch.transpose()
    }
}

impl std::iter::FusedIterator for Batches<'_> {}

fn legacy_header(head: &Head) -> BatchHeader {
    BatchHeader {
        format: head.format,
        base_offset: head.offset,
        last_offset: head.offset,
        leader_epoch: None,
        codec: head.codec,
        timestamp_type: head.timestamp_type,
        base_timestamp: head.timestamp,
        max_timestamp: head.timestamp,
        identity: None,
        is_transactional: false,
        is_control: false,
        delete_horizon: None,
        record_count: Some(1),
    }
}
