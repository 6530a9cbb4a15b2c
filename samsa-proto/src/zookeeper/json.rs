//! Reading JSON as the brokers' own readers do: any key order, unknown keys ignored, numbers that may stand as text.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::Serialize;
use serde_json::{Map, Value};

use super::error::{ZnodeError, ZnodeKind, shortened, shown};

/// The object that a znode holds.
pub(super) struct Object {
    kind: ZnodeKind,
    fields: Map<String, Value>,
}

impl Object {
    /// Memory is bounded by a small multiple of the data, depth by the parser's own limit of 128.
    pub(super) fn read(kind: ZnodeKind, data: &[u8]) -> Result<Self, ZnodeError> {
        match serde_json::from_slice(data) {
            Ok(Value::Object(fields)) => Ok(Self { kind, fields }),
            Err(fault) if !data.is_empty() => {
                Err(ZnodeError::new(kind, "a JSON object", format!("{} ({fault})", shown(data))))
            }
            _ => Err(ZnodeError::data(kind, "a JSON object", data)),
        }
    }

    /// A field that may be missing; `null` counts as missing.
    pub(super) fn optional(&self, name: &str) -> Option<Field<'_>> {
        let value = self.fields.get(name).filter(|value| !value.is_null())?;
        Some(Field { kind: self.kind, path: format!("{name:?}"), value })
    }

    /// Every field, read by `read`.
    pub(super) fn map<T>(
        &self,
        read: impl Fn(&Field<'_>) -> Result<T, ZnodeError>,
    ) -> Result<BTreeMap<String, T>, ZnodeError> {
        let field = |(name, value)| {
            let field = Field { kind: self.kind, path: format!("{name:?}"), value };
            Ok((String::clone(name), read(&field)?))
        };
        self.fields.iter().map(field).collect()
    }

    pub(super) fn required(&self, name: &str) -> Result<Field<'_>, ZnodeError> {
        self.optional(name).ok_or_else(|| {
            let present: Vec<&str> = self.fields.keys().map(String::as_str).take(12).collect();
            ZnodeError::new(self.kind, format!("a field {name:?}"), format!("only the fields {present:?}"))
        })
    }

    /// An integer that may be missing.
    pub(super) fn optional_integer<T: Integer>(&self, name: &str) -> Result<Option<T>, ZnodeError> {
        self.optional(name).map(|field| field.integer()).transpose()
    }

    /// Text that may be missing.
    pub(super) fn optional_text(&self, name: &str) -> Result<Option<&str>, ZnodeError> {
        self.optional(name).map(|field| field.text()).transpose()
    }
}

/// One value inside the object, and the way to it.
pub(super) struct Field<'a> {
    kind: ZnodeKind,
    path: String,
    value: &'a Value,
}

impl<'a> Field<'a> {
    /// A number, or text that holds one.
    pub(super) fn integer<T: Integer>(&self) -> Result<T, ZnodeError> {
        let number = match self.value {
            Value::Number(number) => number.as_i64().and_then(|number| T::try_from(number).ok()),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| self.unlike(T::EXPECTED))
    }

    pub(super) fn text(&self) -> Result<&'a str, ZnodeError> {
        self.value.as_str().ok_or_else(|| self.unlike("text"))
    }

    pub(super) fn list(&self) -> Result<impl Iterator<Item = Field<'a>>, ZnodeError> {
        let Value::Array(items) = self.value else { return Err(self.unlike("a list")) };
        let (kind, path) = (self.kind, self.path.clone());
        Ok(items.iter().enumerate().map(move |(i, value)| Field {
            kind,
            path: format!("{path}[{i}]"),
            value,
        }))
    }

    pub(super) fn integers<T: Integer>(&self) -> Result<Vec<T>, ZnodeError> {
        self.list()?.map(|item| item.integer()).collect()
    }

    /// The entries of an object, by name.
    pub(super) fn entries(&self) -> Result<impl Iterator<Item = (&'a str, Field<'a>)>, ZnodeError> {
        let Value::Object(fields) = self.value else { return Err(self.unlike("an object")) };
        let (kind, path) = (self.kind, self.path.clone());
        Ok(fields.iter().map(move |(name, value)| {
            (name.as_str(), Field { kind, path: format!("{path}.{name:?}"), value })
        }))
    }

    /// This field is not `expected`.
    pub(super) fn unlike(&self, expected: &str) -> ZnodeError {
        let found = shortened(&self.value.to_string());
        ZnodeError::new(self.kind, format!("{} to be {expected}", self.path), found)
    }
}

/// The integers that stand in znodes.
pub(super) trait Integer: TryFrom<i64> + FromStr {
    const EXPECTED: &'static str;
}

impl Integer for i16 {
    const EXPECTED: &'static str = "a 16-bit integer";
}

impl Integer for i32 {
    const EXPECTED: &'static str = "a 32-bit integer";
}

impl Integer for i64 {
    const EXPECTED: &'static str = "a 64-bit integer";
}

/// Compact JSON, fields in the order of the type.
pub(super) fn write(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value)
        .expect("the types of this module have only text as keys, and nothing else can fail")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(data: &str) -> Object {
        Object::read(ZnodeKind::Topic, data.as_bytes()).expect("an object")
    }

    #[test]
    fn a_number_may_stand_as_text() {
        let object = read(r#"{"a":7,"b":"7"}"#);
        assert_eq!(object.optional_integer::<i32>("a"), Ok(Some(7)));
        assert_eq!(object.optional_integer::<i32>("b"), Ok(Some(7)));
    }

    #[test]
    fn null_counts_as_missing() {
        assert!(read(r#"{"a":null}"#).optional("a").is_none());
    }

    #[test]
    fn a_missing_field_is_named_beside_those_that_are_there() {
        let error = read(r#"{"a":1}"#).required("partitions").err().map(|error| error.to_string());
        let said = r#"topic (/brokers/topics/T): expected a field "partitions", found only the fields ["a"]"#;
        assert_eq!(error.as_deref(), Some(said));
    }

    #[test]
    fn a_wrong_value_is_named_by_its_path() {
        let object = read(r#"{"p":{"0":[1,true]}}"#);
        let field = object.required("p").expect("p");
        let (_, list) = field.entries().expect("an object").next().expect("one entry");
        let error = list.integers::<i32>().expect_err("true is no integer");
        assert_eq!(error.expected, r#""p"."0"[1] to be a 32-bit integer"#);
        assert_eq!(error.found, "true");
    }

    #[test]
    fn what_is_no_object_is_said_as_it_stands() {
        for data in ["", "7", "[1]", "{", "\u{0}"] {
            let error = Object::read(ZnodeKind::Controller, data.as_bytes()).err().expect("an error");
            assert_eq!(error.expected, "a JSON object");
        }
    }

    #[test]
    fn deep_nesting_is_an_error_not_an_overflow() {
        let deep = "[".repeat(100_000);
        assert!(Object::read(ZnodeKind::Topic, deep.as_bytes()).is_err());
    }
}
