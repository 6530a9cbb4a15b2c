//! What went wrong, where in the message, and where in the bytes.

use std::borrow::Cow;
use std::fmt;

use nom::error::{ContextError, ErrorKind, ParseError};

/// What a parser of this crate returns: the value and the rest of the input, or a fault.
pub type Parsed<'a, T> = nom::IResult<&'a [u8], T, DecodeFault>;

/// Bytes that do not follow the grammar. It says which message, which field, which byte, and what should be there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} v{version}: {path} at byte {offset}: expected {expected}")]
pub struct DecodeError {
    /// The message that was being read, such as `FetchResponse`.
    pub message: &'static str,
    /// The version that it was read as.
    pub version: i16,
    /// The field, such as `responses[0].partitions[3].records`; empty for the message itself.
    pub path: Path,
    /// Counted from the first byte of what was given to decode.
    pub offset: usize,
    /// What the grammar asks for there, and what was found instead.
    pub expected: Cow<'static, str>,
}

/// A value that has no form in the version asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} v{version}: {path}: {reason}")]
pub struct EncodeError {
    /// The message that was being written, such as `FetchRequest`.
    pub message: &'static str,
    /// The version that it was written as.
    pub version: i16,
    /// The field; empty for the message itself.
    pub path: Path,
    /// Why it cannot be written, and what would do.
    pub reason: Cow<'static, str>,
}

/// The way to a field, from the message inward.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Path {
    /// Innermost first: a fault collects them on its way out.
    inside_out: Vec<Step>,
}

/// One step of a [`Path`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Into a field of a struct.
    Field(&'static str),
    /// Into an element of a list, from 0.
    Element(usize),
}

impl Path {
    /// The steps, outermost first.
    pub fn steps(&self) -> impl Iterator<Item = Step> + '_ {
        self.inside_out.iter().rev().copied()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.inside_out.is_empty() {
            return f.write_str("(message)");
        }
        for (depth, step) in self.steps().enumerate() {
            match step {
                Step::Field(name) if depth == 0 => f.write_str(name)?,
                Step::Field(name) => write!(f, ".{name}")?,
                Step::Element(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// A [`DecodeError`] on its way out of the nested parsers. One allocation, made only when something is wrong.
#[derive(Debug)]
pub struct DecodeFault(Box<Misread>);

#[derive(Debug)]
struct Misread {
    /// Bytes from the fault to the end of the input: offsets are not known inside, distances to the end are.
    left: usize,
    expected: Cow<'static, str>,
    path: Path,
}

impl DecodeFault {
    /// A fault at the front of `input`.
    pub fn at(input: &[u8], expected: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Misread { left: input.len(), expected: expected.into(), path: Path::default() }))
    }

    /// The same, as the error of a parser.
    pub fn err<T>(input: &[u8], expected: impl Into<Cow<'static, str>>) -> Parsed<'_, T> {
        Err(nom::Err::Error(Self::at(input, expected)))
    }

    /// Says what was expected in better words than the parser that failed could.
    #[must_use]
    pub fn expecting(mut self, expected: impl Into<Cow<'static, str>>) -> Self {
        self.0.expected = expected.into();
        self
    }

    /// Notes that the fault is inside `step`.
    #[must_use]
    pub fn within(mut self, step: Step) -> Self {
        self.0.path.inside_out.push(step);
        self
    }

    /// For a parser that was given a part of the input: `after` bytes follow that part.
    #[must_use]
    pub fn followed_by(mut self, after: usize) -> Self {
        self.0.left += after;
        self
    }

    /// Names the message. `len` is the length of the whole input.
    pub fn of(self, message: &'static str, version: i16, len: usize) -> DecodeError {
        let Misread { left, expected, path } = *self.0;
        DecodeError { message, version, path, offset: len.saturating_sub(left), expected }
    }
}

impl ParseError<&[u8]> for DecodeFault {
    fn from_error_kind(input: &[u8], _: ErrorKind) -> Self {
        Self::at(input, "bytes that follow the grammar")
    }

    fn append(_: &[u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

impl ContextError<&[u8]> for DecodeFault {
    fn add_context(_: &[u8], field: &'static str, other: Self) -> Self {
        other.within(Step::Field(field))
    }
}

/// Every parser here is given complete input, so a fault is never "more input needed".
pub(crate) fn fault_of(error: nom::Err<DecodeFault>) -> DecodeFault {
    match error {
        nom::Err::Error(fault) | nom::Err::Failure(fault) => fault,
        nom::Err::Incomplete(_) => DecodeFault::at(&[], "more bytes"),
    }
}

/// An [`EncodeError`] on its way out of the nested writers.
#[derive(Debug)]
pub struct EncodeFault(Box<Refused>);

#[derive(Debug)]
struct Refused {
    reason: Cow<'static, str>,
    path: Path,
}

impl EncodeFault {
    /// A value that cannot be written, and why.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Refused { reason: reason.into(), path: Path::default() }))
    }

    /// Notes that the fault is inside `step`.
    #[must_use]
    pub fn within(mut self, step: Step) -> Self {
        self.0.path.inside_out.push(step);
        self
    }

    /// Names the message.
    pub fn of(self, message: &'static str, version: i16) -> EncodeError {
        EncodeError { message, version, path: self.0.path, reason: self.0.reason }
    }
}
