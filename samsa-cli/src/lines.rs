//! Reading messages: a line each, from a thread of its own, no faster than they are taken.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, ErrorKind, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use self::cutter::Cutter;
pub(crate) use self::source::Source;
use crate::failure::Failure;

mod cutter;
mod source;

/// What is read at once.
const BLOCK: usize = 64 << 10;

/// Pieces that are read ahead.
const AHEAD: usize = 2;

/// What a read may take that was begun when there was something to read.
const MOMENT: Duration = Duration::from_millis(500);

/// What comes next in the input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Whole lines, each with its end; only the last of the input may have none.
    Lines(Vec<u8>),
    /// One line that is longer than any message may be.
    TooLong,
    /// The beginning of a line, when reading was stopped within it.
    Begun,
}

/// Lines that are being read. Dropped, it reads no further.
#[derive(Debug)]
pub(crate) struct Lines {
    shared: Arc<Shared>,
}

/// Between the reading thread and who takes what it has read.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    cutter: Cutter,
    pieces: VecDeque<io::Result<Piece>>,
    /// The thread is about to take something out of the source, or has it in hand.
    is_reading: bool,
    is_stopped: bool,
    has_ended: bool,
    waker: Option<Waker>,
}

/// Reads on a thread of its own, up to the end of the input or its first error. Lines of more than `longest` bytes are
/// not kept.
pub(crate) fn read(source: Box<dyn Source>, longest: usize) -> Result<Lines, Failure> {
    let state = State {
        cutter: Cutter::new(longest),
        pieces: VecDeque::new(),
        is_reading: false,
        is_stopped: false,
        has_ended: false,
        waker: None,
    };
    let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
    let of_thread = Arc::clone(&shared);
    let thread = thread::Builder::new().name("input".to_owned()).spawn(move || of_thread.read(source));
    thread.map_err(|error| Failure::NotDone(format!("cannot start a thread: {error}")))?;
    Ok(Lines { shared })
}

/// The lines of a piece, without their ends.
pub(crate) fn split(piece: &[u8]) -> impl Iterator<Item = &[u8]> {
    piece.split_inclusive(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\n").unwrap_or(line))
}

/// The first line of a piece, without its end, and those behind it.
pub(crate) fn first(piece: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = piece.iter().position(|byte| *byte == b'\n');
    match end {
        Some(end) => Some((&piece[..end], &piece[end + 1..])),
        None => (!piece.is_empty()).then_some((piece, &[])),
    }
}

impl Lines {
    /// What comes next; `None` at the end, and after an error.
    pub(crate) async fn next(&self) -> Option<io::Result<Piece>> {
        poll_fn(|cx| {
            let mut state = self.shared.lock();
            if let Some(piece) = state.pieces.pop_front() {
                self.shared.changed.notify_all();
                return Poll::Ready(Some(piece));
            }
            if state.has_ended {
                return Poll::Ready(None);
            }
            state.waker = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// Reads no further, and gives what was read and is not taken yet.
    ///
    /// On Linux nothing is read after that. Elsewhere, where an input has had nothing for long, what comes before the process
    /// ends may be.
    pub(crate) fn rest(&self) -> VecDeque<io::Result<Piece>> {
        let mut state = self.shared.lock();
        state.is_stopped = true;
        self.shared.changed.notify_all();
        let waited = self.shared.changed.wait_timeout_while(state, MOMENT, |state| state.is_reading);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let mut rest = std::mem::take(&mut state.pieces);
        if state.cutter.is_within_a_line() {
            rest.push_back(Ok(Piece::Begun));
        }
        rest
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.shared.lock().is_stopped = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, mut source: Box<dyn Source>) {
        let mut block = vec![0; BLOCK];
        while self.begin_reading(&*source) {
            let read = source.read(&mut block);
            self.put(read.map(|count| &block[..count]));
        }
    }

    /// Waits for room, and for something to read: until it is read, it is not taken out of the source, so that it is left
    /// to others when reading is stopped. Whether reading goes on.
    fn begin_reading(&self, source: &dyn Source) -> bool {
        let is_full = |state: &mut State| state.pieces.len() >= AHEAD && !state.is_stopped;
        let state = self.changed.wait_while(self.lock(), is_full).unwrap_or_else(PoisonError::into_inner);
        if state.is_stopped || state.has_ended {
            return false;
        }
        drop(state);
        source.wait();
        let mut state = self.lock();
        state.is_reading = !state.is_stopped;
        state.is_reading
    }

    fn put(&self, read: io::Result<&[u8]>) {
        let mut state = self.lock();
        state.is_reading = false;
        let piece = match read {
            Ok([]) => {
                state.has_ended = true;
                state.cutter.end().map(Ok)
            }
            Ok(block) => state.cutter.cut(block).map(Ok),
            Err(error) if error.kind() == ErrorKind::Interrupted => None,
            Err(error) => {
                state.has_ended = true;
                Some(Err(error))
            }
        };
        state.pieces.extend(piece);
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{PipeWriter, Write};

    use futures_lite::future::block_on;

    use super::*;

    fn pipe() -> (PipeWriter, Lines) {
        let (reader, writer) = io::pipe().unwrap();
        (writer, read(Box::new(reader), 8).unwrap())
    }

    fn next(lines: &Lines) -> Option<Piece> {
        block_on(lines.next()).transpose().unwrap()
    }

    fn rest(lines: &Lines) -> Vec<Piece> {
        lines.rest().into_iter().map(Result::unwrap).collect()
    }

    fn whole(text: &[u8]) -> Piece {
        Piece::Lines(text.to_vec())
    }

    #[test]
    fn lines_come_up_to_the_end_of_the_input() {
        let (mut writer, lines) = pipe();
        writer.write_all(b"a\nb").unwrap();
        assert_eq!(next(&lines), Some(whole(b"a\n")));
        drop(writer);
        assert_eq!((next(&lines), next(&lines)), (Some(whole(b"b")), None));
        assert_eq!(rest(&lines), []);
    }

    #[test]
    fn what_was_read_and_not_taken_is_the_rest_with_the_line_that_was_begun() {
        let (mut writer, lines) = pipe();
        writer.write_all(b"a\nb").unwrap();
        // The thread has read it.
        while lines.shared.lock().pieces.is_empty() {
            thread::yield_now();
        }
        assert_eq!(rest(&lines), [whole(b"a\n"), Piece::Begun]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_written_after_the_rest_was_asked_for_stays_in_the_pipe() {
        for first in [&b""[..], b"a\n"] {
            let (mut reader, mut writer) = io::pipe().unwrap();
            let lines = read(Box::new(reader.try_clone().unwrap()), 8).unwrap();
            writer.write_all(first).unwrap();
            if !first.is_empty() {
                assert_eq!(next(&lines), Some(whole(first)));
            }
            assert_eq!(rest(&lines), []);
            writer.write_all(b"b\n").unwrap();
            // The thread ends: it looks at the source no more.
            while Arc::strong_count(&lines.shared) > 1 {
                thread::yield_now();
            }
            drop(writer);
            let mut left = String::new();
            reader.read_to_string(&mut left).unwrap();
            assert_eq!(left, "b\n");
        }
    }

    #[test]
    fn no_more_than_some_pieces_are_read_ahead() {
        let (mut writer, lines) = pipe();
        for taken in 0..AHEAD {
            writer.write_all(b"a\n").unwrap();
            while lines.shared.lock().pieces.len() == taken {
                thread::yield_now();
            }
        }
        writer.write_all(b"b\n").unwrap();
        thread::sleep(Duration::from_millis(50));
        assert_eq!(lines.shared.lock().pieces.len(), AHEAD);
        let taken: Vec<_> = (0..=AHEAD).filter_map(|_| next(&lines)).collect();
        assert_eq!(taken, [whole(b"a\n"), whole(b"a\n"), whole(b"b\n")]);
    }

    #[cfg(unix)]
    #[test]
    fn the_input_ends_after_the_first_error() {
        // A directory can be opened, and not read.
        let lines = read(Box::new(File::open("/").unwrap()), 8).unwrap();
        assert!(block_on(lines.next()).unwrap().is_err());
        assert!(block_on(lines.next()).is_none());
    }

    #[test]
    fn an_empty_line_is_a_line() {
        assert_eq!(split(b"\n\na\n").collect::<Vec<_>>(), [&b""[..], b"", b"a"]);
        assert_eq!(split(b"a\r\nb").collect::<Vec<_>>(), [&b"a\r"[..], b"b"]);
    }

    #[test]
    fn the_first_line_goes_as_split_has_it() {
        for text in [&b""[..], b"\n\na\n", b"a\r\nb"] {
            let mut left = text;
            let one_by_one = std::iter::from_fn(|| {
                let (line, others) = first(left)?;
                left = others;
                Some(line)
            });
            assert!(one_by_one.eq(split(text)), "{text:?}");
        }
    }
}
