//! The description that our messages have of themselves.

use samsa_proto::wire::{Field, Kind, VersionRange};

use crate::line::{self, Line};

/// Of a message of ours that has the versions `all`.
pub(crate) fn lines(kind: Kind, version: i16, all: &[i16]) -> Vec<Line> {
    let Kind::Struct(_, fields) = kind else { return Vec::new() };
    let mut lines = Vec::new();
    walk("", fields, version, all, &mut lines);
    lines
}

/// `around` are the versions of the struct that the fields stand in.
fn walk(way: &str, fields: &[Field], version: i16, around: &[i16], lines: &mut Vec<Line>) {
    let within = |range: VersionRange, version: i16| range.first <= version && version <= range.last;
    let contains = |range: VersionRange| within(range, version);
    let mut fields: Vec<&Field> = fields.iter().filter(|field| contains(field.versions)).collect();
    fields.sort_by_key(|field| field.tag.map_or(-1, i64::from));
    for field in fields {
        let path = format!("{way}{}", field.name);
        let (inside, outside): (Vec<i16>, Vec<i16>) =
            around.iter().partition(|at| within(field.versions, **at));
        let kind = name_of(field.kind);
        let default = match field.default {
            Some(expression) => value_of(expression),
            None if field.nullable.is_some() => "null".into(),
            None => line::own_default(&kind),
        };
        lines.push(Line {
            path: path.clone(),
            kind,
            nullable: field.nullable.is_some_and(contains),
            default,
            tag: field.tag.map(u64::from),
            ignorable: field.ignorable && !outside.is_empty(),
        });
        if let Some(inner) = inner(field.kind) {
            walk(&format!("{path}."), inner, version, &inside, lines);
        }
    }
}

fn inner(kind: Kind) -> Option<&'static [Field]> {
    match kind {
        Kind::Struct(_, fields) => Some(fields),
        Kind::Array(of) => inner(*of),
        _ => None,
    }
}

fn name_of(kind: Kind) -> String {
    match kind {
        Kind::Array(of) => format!("[]{}", name_of(*of)),
        Kind::Struct(..) => "struct".into(),
        plain => format!("{plain:?}").to_lowercase(),
    }
}

/// A Rust expression as Apache's schemas would say it.
fn value_of(expression: &str) -> String {
    let plain = expression.replace(' ', "");
    let inside = plain.strip_prefix("Some(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(&plain);
    match inside {
        "None" => "null".into(),
        "i32::MAX" => i32::MAX.to_string(),
        "i32::MIN" => i32::MIN.to_string(),
        "i64::MAX" => i64::MAX.to_string(),
        "Vec::new()" => "[]".into(),
        number => {
            number.strip_prefix("ErrorCode(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(number).into()
        }
    }
}
