//! Stdout: messages and answers, in large writes.

use std::io::{self, BufWriter, Stdout, Write};

use serde::Serialize;

const BUFFER: usize = 64 << 10;

/// Stdout behind a buffer. What is in the buffer when it goes out of scope is written too, but errors are seen only by
/// [`flush`](Write::flush).
#[derive(Debug)]
pub(crate) struct Output<W: Write = Stdout> {
    to: BufWriter<W>,
}

impl Output {
    pub(crate) fn stdout() -> Self {
        Self::new(io::stdout())
    }
}

impl<W: Write> Output<W> {
    fn new(to: W) -> Self {
        Self { to: BufWriter::with_capacity(BUFFER, to) }
    }

    /// An object on a line of its own.
    pub(crate) fn object(&mut self, object: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.to, object)?;
        self.to.write_all(b"\n")
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.to.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// One thing, or so many things.
pub(crate) fn count(number: u64, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_object_is_a_line() {
        let mut output = Output::new(Vec::new());
        output.object(&[1, 2]).unwrap();
        output.object(&"a\nb").unwrap();
        output.flush().unwrap();
        assert_eq!(output.to.get_ref(), b"[1,2]\n\"a\\nb\"\n");
    }

    #[test]
    fn one_thing_is_not_many() {
        assert_eq!([0, 1, 2].map(|number| count(number, "run")), ["0 runs", "1 run", "2 runs"]);
    }
}
