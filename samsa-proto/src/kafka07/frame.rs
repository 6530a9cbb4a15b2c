//! Frames: a length, then as many bytes.

use bytes::Bytes;
use thiserror::Error;

use crate::wire::{EncodeFault, Gather, Sink};

/// What stands at the front of the bytes received so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A whole frame.
    Whole {
        /// What follows the length.
        body: &'a [u8],
        /// What follows the frame.
        rest: &'a [u8],
    },
    /// Not yet a whole frame.
    Partial {
        /// Bytes that must come before it is worth looking again: to the end of the length, or of the frame.
        missing: usize,
    },
}

/// A length that no frame has. The stream cannot be read any further: close the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// No frame is that short: there is always a type or an error code.
    #[error(
        "a frame of {length} bytes, expected 2 or more: the peer does not speak Kafka 0.7; close the connection"
    )]
    TooShort {
        /// The length in front of the frame.
        length: i32,
    },
    /// Longer than the caller takes.
    #[error("a frame of {length} bytes, at most {limit} are taken; raise the limit or close the connection")]
    TooLong {
        /// The length in front of the frame, in bytes.
        length: usize,
        /// The caller's limit, in bytes.
        limit: usize,
    },
}

/// Looks for a whole frame at the front of `received`. A broker takes at most 100 MiB, a client as much as it asked for.
pub fn split_frame(received: &[u8], limit: usize) -> Result<Frame<'_>, FrameError> {
    let Some((length, after)) = received.split_first_chunk() else {
        return Ok(Frame::Partial { missing: 4 - received.len() });
    };
    let length = i32::from_be_bytes(*length);
    if length < 2 {
        return Err(FrameError::TooShort { length });
    }
    let length = length as usize;
    if length > limit {
        return Err(FrameError::TooLong { length, limit });
    }
    Ok(match after.split_at_checked(length) {
        Some((body, rest)) => Frame::Whole { body, rest },
        None => Frame::Partial { missing: length - after.len() },
    })
}

/// Makes a frame of what `fill` writes, as parts for a vectored write.
pub(super) fn frame(
    fill: impl FnOnce(&mut Gather) -> Result<(), EncodeFault>,
) -> Result<Vec<Bytes>, EncodeFault> {
    let mut gather = Gather::default();
    gather.put(&[0; 4]);
    fill(&mut gather)?;
    let length = gather.len() - 4;
    let length = i32::try_from(length)
        .map_err(|_| EncodeFault::new(format!("a frame of {length} bytes is too long, send less at once")))?;
    gather.overwrite_start(&length.to_be_bytes());
    Ok(gather.into_parts())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] = &[0, 0, 0, 2, 0, 3, 0, 0, 0, 2, 0, 0];

    #[test]
    fn frames_are_taken_off_one_by_one() {
        let body = &[0, 3][..];
        assert_eq!(split_frame(STREAM, 100), Ok(Frame::Whole { body, rest: &STREAM[6..] }));
    }

    #[test]
    fn a_frame_that_is_not_whole_says_how_much_is_missing() {
        for (received, missing) in [(0, 4), (3, 1), (4, 2), (5, 1)] {
            assert_eq!(split_frame(&STREAM[..received], 100), Ok(Frame::Partial { missing }));
        }
    }

    #[test]
    fn a_length_that_no_frame_has_ends_the_stream() {
        assert_eq!(split_frame(&[0; 4], 100), Err(FrameError::TooShort { length: 0 }));
        assert_eq!(split_frame(&[0xff, 0xff, 0xff, 0xfb], 100), Err(FrameError::TooShort { length: -5 }));
        let too_long = FrameError::TooLong { length: 101, limit: 100 };
        assert_eq!(split_frame(&[0, 0, 0, 101], 100), Err(too_long));
    }
}
