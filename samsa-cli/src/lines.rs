//! Reading messages: a line each, from a thread of its own, no faster than they are taken.

use std::io::{self, Read};
use std::thread;

use async_channel::Receiver;

use crate::failure::Failure;

/// What is read at once.
const BLOCK: usize = 64 << 10;

/// Pieces that are read ahead.
const AHEAD: usize = 2;

/// What comes next in the input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Whole lines, each with its end; only the last of the input may have none.
    Lines(Vec<u8>),
    /// One line that is longer than any message may be.
    TooLong,
}

/// Reads on a thread of its own. The channel ends with the input, or after its first error. Lines of more than
/// `longest` bytes are not kept.
pub(crate) fn read(
    source: impl Read + Send + 'static,
    longest: usize,
) -> Result<Receiver<io::Result<Piece>>, Failure> {
    let (sender, receiver) = async_channel::bounded(AHEAD);
    let mut lines = Lines::new(source, longest);
    let read = move || {
        while let Some(piece) = lines.next_piece().transpose() {
            let failed = piece.is_err();
            if sender.send_blocking(piece).is_err() || failed {
                return;
            }
        }
    };
    let thread = thread::Builder::new().name("input".to_owned()).spawn(read);
    thread.map_err(|error| Failure::NotDone(format!("cannot start a thread: {error}")))?;
    Ok(receiver)
}

/// The lines of a piece, without their ends.
pub(crate) fn split(piece: &[u8]) -> impl Iterator<Item = &[u8]> {
    piece.split_inclusive(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\n").unwrap_or(line))
}

struct Lines<R> {
    source: R,
    longest: usize,
    /// The beginning of a line.
    held: Vec<u8>,
    /// Within a line that is too long.
    skipping: bool,
    ended: bool,
}

impl<R: Read> Lines<R> {
    fn new(source: R, longest: usize) -> Self {
        Self { source, longest, held: Vec::new(), skipping: false, ended: false }
    }

    fn next_piece(&mut self) -> io::Result<Option<Piece>> {
        while !self.ended {
            let from = self.held.len();
            if self.fill()? == 0 {
                self.ended = true;
                let last = std::mem::take(&mut self.held);
                return Ok((!last.is_empty()).then_some(Piece::Lines(last)));
            }
            if let Some(piece) = self.cut(from) {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }

    fn fill(&mut self) -> io::Result<usize> {
        let from = self.held.len();
        self.held.resize(from + BLOCK, 0);
        let read = loop {
            match self.source.read(&mut self.held[from..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.held.truncate(from + read.as_ref().map_or(0, |read| *read));
        read
    }

    /// Takes the whole lines off what is held; the first `seen` bytes have no end of a line in them.
    fn cut(&mut self, seen: usize) -> Option<Piece> {
        if self.skipping {
            let end = self.held.iter().position(|byte| *byte == b'\n');
            self.held.drain(..end.map_or(self.held.len(), |end| end + 1));
            self.skipping = end.is_none();
        }
        let fresh = self.held.get(seen..).unwrap_or_default();
        if let Some(end) = fresh.iter().rposition(|byte| *byte == b'\n') {
            let rest = self.held.split_off(seen + end + 1);
            return Some(Piece::Lines(std::mem::replace(&mut self.held, rest)));
        }
        if self.held.len() > self.longest {
            self.held.clear();
            self.skipping = true;
            return Some(Piece::TooLong);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives what it has in portions, as a pipe does.
    struct Portions(Vec<&'static [u8]>);

    impl Read for Portions {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Ok(0);
            }
            let portion = self.0.remove(0);
            into[..portion.len()].copy_from_slice(portion);
            Ok(portion.len())
        }
    }

    fn pieces(portions: &[&'static [u8]], longest: usize) -> Vec<Piece> {
        let mut lines = Lines::new(Portions(portions.to_vec()), longest);
        std::iter::from_fn(|| lines.next_piece().unwrap()).collect()
    }

    fn lines(text: &[u8]) -> Piece {
        Piece::Lines(text.to_vec())
    }

    #[test]
    fn lines_come_whole_however_the_input_is_cut() {
        let pieces = pieces(&[b"a\nb", b"b", b"b\nc\n", b"d"], 100);
        assert_eq!(pieces, [lines(b"a\n"), lines(b"bbb\nc\n"), lines(b"d")]);
    }

    #[test]
    fn a_line_that_is_too_long_is_told_in_its_place_and_not_kept() {
        let pieces = pieces(&[b"a\nbbbb", b"bbbbb", b"bbbb", b"b\nc\nd", b"\n"], 8);
        assert_eq!(pieces, [lines(b"a\n"), Piece::TooLong, lines(b"c\n"), lines(b"d\n")]);
    }

    #[test]
    fn a_line_that_is_too_long_may_be_the_last() {
        assert_eq!(pieces(&[b"bbbb", b"bbbbb", b"b"], 8), [Piece::TooLong]);
        assert_eq!(pieces(&[b"bbbb", b"bbbbb", b"b\n"], 8), [Piece::TooLong]);
    }

    #[test]
    fn an_empty_line_is_a_line_and_an_empty_input_has_none() {
        assert_eq!(split(b"\n\na\n").collect::<Vec<_>>(), [&b""[..], b"", b"a"]);
        assert_eq!(split(b"a\r\nb").collect::<Vec<_>>(), [&b"a\r"[..], b"b"]);
        assert_eq!(pieces(&[], 8), []);
    }

    #[test]
    fn the_channel_ends_after_the_first_error() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("gone"))
            }
        }
        let pieces = read(Broken, 8).unwrap();
        assert!(pieces.recv_blocking().unwrap().is_err());
        assert!(pieces.recv_blocking().is_err());
    }
}
