//! A message that was read, as it is printed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{Serialize, SerializeMap, Serializer};

/// A message that was read.
#[derive(Clone, Debug)]
pub(crate) struct ReadMessage<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) timestamp: Option<i64>,
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: Option<&'a [u8]>,
    pub(crate) headers: Vec<(&'a [u8], Option<&'a [u8]>)>,
}

/// JSON has no bytes: what is UTF-8 is a string under its own name; anything else is base64, and its name says so.
impl Serialize for ReadMessage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("topic", self.topic)?;
        map.serialize_entry("partition", &self.partition)?;
        map.serialize_entry("offset", &self.offset)?;
        map.serialize_entry("timestamp", &self.timestamp)?;
        bytes(&mut map, ["key", "key_base64"], self.key)?;
        bytes(&mut map, ["value", "value_base64"], self.value)?;
        if !self.headers.is_empty() {
            let headers = self.headers.iter();
            let headers: Vec<_> = headers.map(|(name, value)| Header { name, value: *value }).collect();
            map.serialize_entry("headers", &headers)?;
        }
        map.end()
    }
}

struct Header<'a> {
    name: &'a [u8],
    value: Option<&'a [u8]>,
}

impl Serialize for Header<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        bytes(&mut map, ["name", "name_base64"], Some(self.name))?;
        bytes(&mut map, ["value", "value_base64"], self.value)?;
        map.end()
    }
}

fn bytes<M: SerializeMap>(
    map: &mut M,
    [as_text, as_base64]: [&'static str; 2],
    bytes: Option<&[u8]>,
) -> Result<(), M::Error> {
    match bytes.map(|bytes| (bytes, str::from_utf8(bytes))) {
        None => map.serialize_entry(as_text, &None::<&str>),
        Some((_, Ok(text))) => map.serialize_entry(as_text, text),
        Some((bytes, Err(_))) => map.serialize_entry(as_base64, &STANDARD.encode(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(message: &ReadMessage<'_>) -> String {
        serde_json::to_string(message).unwrap()
    }

    fn message<'a>() -> ReadMessage<'a> {
        ReadMessage {
            topic: "events",
            partition: 3,
            offset: 42,
            timestamp: None,
            key: None,
            value: Some("grüß\n".as_bytes()),
            headers: Vec::new(),
        }
    }

    #[test]
    fn text_is_a_string_and_null_is_null() {
        let expected =
            r#"{"topic":"events","partition":3,"offset":42,"timestamp":null,"key":null,"value":"grüß\n"}"#;
        assert_eq!(json(&message()), expected);
    }

    #[test]
    fn other_bytes_are_base64_and_their_name_says_so() {
        let message = ReadMessage {
            timestamp: Some(5),
            key: Some(&[0xff]),
            value: None,
            headers: vec![(b"a", Some(b"1")), (b"b", Some(&[0xfe])), (b"c", None)],
            ..message()
        };
        let expected = concat!(
            r#"{"topic":"events","partition":3,"offset":42,"timestamp":5,"key_base64":"/w==","value":null,"#,
            r#""headers":[{"name":"a","value":"1"},{"name":"b","value_base64":"/g=="},{"name":"c","value":null}]}"#
        );
        assert_eq!(json(&message), expected);
    }
}
