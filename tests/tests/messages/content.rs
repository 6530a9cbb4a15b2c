//! Do a message as Apache's JSON converter shows it and one as our `Debug` shows it say the same?

use base64::{Engine, engine::general_purpose::STANDARD};
use samsa_proto::ErrorCode;
use samsa_tests::apache::snake_case;
use serde_json::Value;

/// A value in the form of Rust's `Debug`.
#[derive(Debug, PartialEq)]
pub(crate) enum Shown {
    Struct(Vec<(String, Shown)>),
    List(Vec<Shown>),
    Text(String),
    /// A number, a boolean, a uuid, the name of an error.
    Word(String),
    Null,
}

/// Names that changed between 3.9.2 and 4.4.0, for the same bytes.
const RENAMED: [(&str, &str); 3] = [
    ("client_metrics_resources", "config_resources"),
    ("name", "resource_name"),
    ("generation_id", "generation_id_or_member_epoch"),
];

/// The first difference, with the way to it. What Java leaves out (unknown tagged fields, fields at their default) is passed over.
pub(crate) fn compare(java: &Value, ours: &Shown) -> Result<(), String> {
    let equal = match (java, ours) {
        (Value::Null, ours) => *ours == Shown::Null,
        (Value::Bool(bool), Shown::Word(word)) => *word == bool.to_string(),
        (Value::Number(number), Shown::Word(word)) => match number.as_i64() {
            Some(integer) => as_integer(word) == Some(integer),
            None => word.parse().ok() == number.as_f64(),
        },
        (Value::String(text), Shown::Word(ours) | Shown::Text(ours)) => text == ours,
        (Value::String(text), Shown::List(bytes)) => STANDARD.decode(text).ok() == as_bytes(bytes),
        (Value::Array(java), Shown::List(ours)) => {
            for (index, (java, ours)) in java.iter().zip(ours).enumerate() {
                compare(java, ours).map_err(|error| format!("[{index}]{error}"))?;
            }
            java.len() == ours.len()
        }
        (Value::Object(java), Shown::Struct(ours)) => {
            for (name, java) in java {
                compare_field(&snake_case(name), java, ours).map_err(|error| format!(".{name}{error}"))?;
            }
            true
        }
        _ => false,
    };
    if equal { Ok(()) } else { Err(format!(": Java read {java}, we read {ours:?}")) }
}

/// Of records Java shows only whether they are null.
fn compare_field(name: &str, java: &Value, ours: &[(String, Shown)]) -> Result<(), String> {
    let find = |name: &str| ours.iter().find(|(ours, _)| ours == name).map(|(_, shown)| shown);
    if let ("records", Value::String(_), Some(Shown::List(_))) = (name, java, find(name)) {
        return Ok(());
    }
    let renamed = || RENAMED.iter().find(|(old, _)| *old == name).and_then(|(_, new)| find(new));
    let ours = find(name).or_else(renamed).ok_or(": we have no such field")?;
    compare(java, ours)
}

/// Errors go by their names, where they have one.
fn as_integer(word: &str) -> Option<i64> {
    let named = || ErrorCode::all().find(|error| error.name() == Some(word)).map(|error| i64::from(error.0));
    word.parse().ok().or_else(named)
}

fn as_bytes(list: &[Shown]) -> Option<Vec<u8>> {
    list.iter().map(|byte| if let Shown::Word(word) = byte { word.parse().ok() } else { None }).collect()
}
