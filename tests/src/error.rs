//! Why a broker, a download or a foreign client is not there.

use std::{fmt::Display, io, path::PathBuf, time::Duration};

/// What kept the support from doing its work. Each variant says what was tried and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program of the machine is missing; a test may be skipped for this and for nothing else.
    #[error("`{program}` is not installed: install {install}, then run again")]
    Missing {
        /// The command that was looked for on `PATH`.
        program: &'static str,
        /// What brings it.
        install: &'static str,
    },
    /// A process ended when it should not have, or with a failure.
    #[error("{process} ended ({status}) before {goal}\n{tail}")]
    Ended {
        /// What ran.
        process: String,
        /// Its exit status.
        status: String,
        /// What was waited for.
        goal: String,
        /// The last lines of its log.
        tail: String,
    },
    /// A step took longer than it may.
    #[error("{process}: {goal} took longer than {} s\n{tail}", limit.as_secs())]
    Late {
        /// What ran.
        process: String,
        /// What was waited for.
        goal: String,
        /// How long that may take.
        limit: Duration,
        /// The last lines of its log.
        tail: String,
    },
    /// A file or directory could not be read or written.
    #[error("{doing} {path}: {source}", path = path.display())]
    File {
        /// What was tried, as a verb.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A foreign program printed what its reader does not understand.
    #[error("{program} printed {line:?}, which is not {expected}")]
    Output {
        /// Which program.
        program: String,
        /// The line.
        line: String,
        /// What a line has to be.
        expected: &'static str,
    },
    /// No port was free in the range that the brokers use.
    #[error("no free port between {from} and {to} on 127.0.0.1")]
    NoPort {
        /// First port tried.
        from: u16,
        /// Last port tried.
        to: u16,
    },
}

/// Gives an `io::Error` its place and its verb.
pub(crate) trait At<T> {
    fn at(self, doing: &'static str, path: impl Into<PathBuf>) -> Result<T, Error>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, doing: &'static str, path: impl Into<PathBuf>) -> Result<T, Error> {
        self.map_err(|source| Error::File { doing, path: path.into(), source })
    }
}

/// The last `lines` lines of a text, indented so that they stand apart in a test's output.
pub(crate) fn tail(log: &str, lines: usize, whence: impl Display) -> String {
    let all: Vec<&str> = log.lines().collect();
    let shown = &all[all.len().saturating_sub(lines)..];
    let mut text = format!("the end of {whence}:");
    for line in shown {
        text.push_str("\n    ");
        text.push_str(line);
    }
    text
}
