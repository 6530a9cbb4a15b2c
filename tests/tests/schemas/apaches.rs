//! The schemas that Apache's classes are generated from.

use samsa_tests::apache::snake_case;
use serde_json::Value;

use crate::line::{self, Line};

/// A schema without the comments that JSON does not have.
pub(crate) fn parse(text: &str) -> Value {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    serde_json::from_str(&lines.join("\n")).expect("a schema is JSON with comments")
}

/// The fields of a schema at `version`, seen as one that has the versions `all`.
pub(crate) fn lines(schema: &Value, version: i16, all: &[i16]) -> Vec<Line> {
    let mut walk = Walk { common: &schema["commonStructs"], version, lines: Vec::new() };
    walk.fields("", &schema["fields"], all);
    walk.lines
}

struct Walk<'a> {
    common: &'a Value,
    version: i16,
    lines: Vec<Line>,
}

impl<'a> Walk<'a> {
    /// `around` are the versions of the struct that the fields stand in.
    fn fields(&mut self, way: &str, fields: &'a Value, around: &[i16]) {
        let fields = fields.as_array().map(Vec::as_slice).unwrap_or_default();
        let mut fields: Vec<&Value> = fields.iter().filter(|field| self.exists(&field["versions"])).collect();
        fields.sort_by_key(|field| self.tag(field).map_or(-1, |tag| tag as i64));
        for field in fields {
            let path = format!("{way}{}", snake_case(field["name"].as_str().unwrap_or_default()));
            let versions = field["versions"].as_str().unwrap_or_default();
            let (inside, outside): (Vec<i16>, Vec<i16>) = around.iter().partition(|at| holds(versions, **at));
            let (kind, inner) = self.kind_of(field);
            self.lines.push(Line {
                path: path.clone(),
                default: default_of(field, &kind),
                kind,
                nullable: self.exists(&field["nullableVersions"]),
                tag: self.tag(field),
                ignorable: field["ignorable"] == true && !outside.is_empty(),
            });
            self.fields(&format!("{path}."), inner, &inside);
        }
    }

    fn exists(&self, range: &Value) -> bool {
        range.as_str().is_some_and(|range| holds(range, self.version))
    }

    fn tag(&self, field: &Value) -> Option<u64> {
        self.exists(&field["taggedVersions"]).then(|| field["tag"].as_u64()).flatten()
    }

    /// The kind, and the fields inside.
    fn kind_of(&self, field: &'a Value) -> (String, &'a Value) {
        const PLAIN: [&str; 13] = [
            "bool", "int8", "int16", "uint16", "int32", "uint32", "int64", "float64", "uuid", "string",
            "bytes", "records", "array",
        ];
        let declared = field["type"].as_str().unwrap_or_default();
        let (prefix, element) = declared.strip_prefix("[]").map_or(("", declared), |element| ("[]", element));
        if PLAIN.contains(&element) {
            return (declared.to_owned(), &Value::Null);
        }
        let shared = self.common.as_array().into_iter().flatten().find(|of| of["name"] == element);
        (format!("{prefix}struct"), shared.map_or(&field["fields"], |of| &of["fields"]))
    }
}

/// As the schema says it, numbers in decimal.
fn default_of(field: &Value, kind: &str) -> String {
    let default = match &field["default"] {
        Value::Null => return line::own_default(kind),
        Value::String(text) if text.is_empty() => return line::own_default(kind),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let hex = default.strip_prefix("0x").and_then(|hex| i64::from_str_radix(hex, 16).ok());
    hex.map_or(default, |number| number.to_string())
}

/// Whether a range such as `3+`, `0-6`, `4` or `none` holds a version.
pub(crate) fn holds(range: &str, version: i16) -> bool {
    let number = |text: &str| text.parse::<i16>().ok();
    match (range.strip_suffix('+'), range.split_once('-')) {
        (Some(first), _) => number(first).is_some_and(|first| first <= version),
        (None, Some((first, last))) => {
            number(first).zip(number(last)).is_some_and(|(first, last)| first <= version && version <= last)
        }
        (None, None) => number(range) == Some(version),
    }
}
