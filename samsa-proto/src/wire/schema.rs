//! Messages described as data: what the derive macro knows, for tests and tools.

/// Versions from `first` to `last`; `i16::MAX` where there is no last one yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionRange {
    /// The first version.
    pub first: i16,
    /// The last version.
    pub last: i16,
}

/// A field of a struct.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field {
    /// In snake case.
    pub name: &'static str,
    /// Its type on the wire.
    pub kind: Kind,
    /// Where it exists.
    pub versions: VersionRange,
    /// Where it may be null; none where it never may.
    pub nullable: Option<VersionRange>,
    /// The number of a tagged field.
    pub tag: Option<u32>,
    /// Whether its value is silently left out where it does not exist. Otherwise that is an error.
    pub ignorable: bool,
    /// The default as Rust would say it; none where it is the type's own (zero, empty, null).
    pub default: Option<&'static str>,
}

/// A type on the wire.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "they are named as Apache's schemas name them")]
pub enum Kind {
    Bool,
    Int8,
    Int16,
    Uint16,
    Int32,
    Int64,
    Float64,
    Uuid,
    String,
    Bytes,
    Records,
    Array(&'static Kind),
    Struct(&'static str, &'static [Field]),
}

/// Has a description.
pub trait Describe {
    /// What it is on the wire.
    const KIND: Kind;
}

impl<T: Describe> Describe for Option<T> {
    const KIND: Kind = T::KIND;
}
