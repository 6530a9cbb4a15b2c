//! The field that holds record batches. What is in it is read and written by the records module.

use bytes::Bytes;

use super::text::{least_length, not_null, put_length};
use super::{Decode, Describe, Encode, EncodeFault, Kind, Parsed, Sink, Version};

/// The bytes of a records field: zero or more batches, or message sets, end to end.
///
/// Decoding gives a slice of the frame. Encoding takes a slice, which is copied, or segments, which the sink can
/// splice: a batch header and its body are handed to the socket as they are.
#[derive(Debug, Clone)]
pub enum Records<'a> {
    /// A part of the frame that was read.
    Slice(&'a [u8]),
    /// Pieces to be written one after the other.
    Segments(Vec<Bytes>),
}

impl Records<'_> {
    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.pieces().map(<[u8]>::len).sum()
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes in order, in as many pieces as they are held in.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let (slice, segments) = match self {
            Self::Slice(slice) => (Some(*slice), &[][..]),
            Self::Segments(segments) => (None, &segments[..]),
        };
        slice.into_iter().chain(segments.iter().map(|segment| &segment[..]))
    }

    /// The bytes as an owner of their own. A slice of `frame` shares it without a copy; anything else is copied.
    pub fn to_bytes(&self, frame: &Bytes) -> Bytes {
        match self {
            Self::Slice(slice) if lies_in(slice, frame) => frame.slice_ref(slice),
            Self::Slice(slice) => Bytes::copy_from_slice(slice),
            Self::Segments(segments) if segments.len() == 1 => segments[0].clone(),
            Self::Segments(segments) => segments.concat().into(),
        }
    }
}

fn lies_in(part: &[u8], whole: &[u8]) -> bool {
    let (part, whole) = (part.as_ptr_range(), whole.as_ptr_range());
    whole.start <= part.start && part.end <= whole.end
}

impl Default for Records<'_> {
    fn default() -> Self {
        Self::Slice(&[])
    }
}

impl PartialEq for Records<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.pieces().flatten().eq(other.pieces().flatten())
    }
}

impl<'a> From<&'a [u8]> for Records<'a> {
    fn from(slice: &'a [u8]) -> Self {
        Self::Slice(slice)
    }
}

impl From<Bytes> for Records<'_> {
    fn from(segment: Bytes) -> Self {
        Self::Segments(vec![segment])
    }
}

impl From<Vec<Bytes>> for Records<'_> {
    fn from(segments: Vec<Bytes>) -> Self {
        Self::Segments(segments)
    }
}

impl<'a> Decode<'a> for Option<Records<'a>> {
    fn decode(input: &'a [u8], at: Version) -> Parsed<'a, Self> {
        let (rest, bytes) = <Option<&[u8]>>::decode(input, at)?;
        Ok((rest, bytes.map(Records::Slice)))
    }

    fn least(at: Version) -> usize {
        least_length(at)
    }
}

impl<'a> Decode<'a> for Records<'a> {
    fn decode(input: &'a [u8], at: Version) -> Parsed<'a, Self> {
        not_null(input, Decode::decode(input, at))
    }

    fn least(at: Version) -> usize {
        least_length(at)
    }
}

impl Encode for Records<'_> {
    fn encode(&self, at: Version, sink: &mut dyn Sink) -> Result<(), EncodeFault> {
        put_length(Some(self.len()), at, sink)?;
        match self {
            Self::Slice(slice) => sink.put(slice),
            Self::Segments(segments) => segments.iter().for_each(|segment| sink.splice(segment)),
        }
        Ok(())
    }
}

impl Encode for Option<Records<'_>> {
    fn encode(&self, at: Version, sink: &mut dyn Sink) -> Result<(), EncodeFault> {
        match self {
            Some(records) => records.encode(at, sink),
            None => put_length(None, at, sink),
        }
    }
}

impl Describe for Records<'_> {
    const KIND: Kind = Kind::Records;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_of_the_frame_is_shared_and_a_foreign_one_copied() {
        let frame = Bytes::from_static(b"....batch");
        let inside = Records::Slice(&frame[4..]);
        assert_eq!(inside.to_bytes(&frame).as_ptr(), frame[4..].as_ptr());
        let foreign = b"batch".to_vec();
        assert_eq!(Records::Slice(&foreign).to_bytes(&frame), inside.to_bytes(&frame));
    }

    #[test]
    fn segments_equal_the_slice_that_they_join_to() {
        let segments = Records::from(vec![Bytes::from_static(b"ba"), Bytes::from_static(b"tch")]);
        assert_eq!(segments, Records::Slice(b"batch"));
        assert_eq!(segments.to_bytes(&Bytes::new()), "batch");
        assert_ne!(segments, Records::Slice(b"other"));
    }
}
