//! A field at one version: what is compared.

use std::fmt;

/// A field as it is in one version, with the way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// In snake case, such as `topics.partitions.error_code`.
    pub(crate) path: String,
    /// Such as `[]int32`; structs have no name here.
    pub(crate) kind: String,
    pub(crate) nullable: bool,
    /// Such as `-1`, `""`, `null`, `[]`.
    pub(crate) default: String,
    pub(crate) tag: Option<u64>,
    /// Never where the field exists in all versions of what it stands in: it says nothing there.
    pub(crate) ignorable: bool,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, kind, nullable, default, tag, ignorable } = self;
        write!(f, "{path}: {kind} = {default}")?;
        write!(f, "{}", if *nullable { ", nullable" } else { "" })?;
        write!(f, "{}", if *ignorable { ", ignorable" } else { "" })?;
        tag.map_or(Ok(()), |tag| write!(f, ", tag {tag}"))
    }
}

/// Where a schema names none.
pub(crate) fn own_default(kind: &str) -> String {
    match kind {
        "bool" => "false",
        "float64" => "0.0",
        "uuid" => "zero",
        "string" => "\"\"",
        "bytes" => "[]",
        "records" => "null",
        "struct" => "{}",
        array if array.starts_with("[]") => "[]",
        _ => "0",
    }
    .into()
}
