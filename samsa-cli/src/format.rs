//! How a message that was read is printed: kcat's `-f`.

use std::io::{self, Write};
use std::str::FromStr;

use crate::commands::ReadMessage;

/// What is printed of each message, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Format(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Vec<u8>),
    Field(Field),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Topic,
    Partition,
    Offset,
    Key,
    KeyLength,
    Value,
    ValueLength,
    Timestamp,
    Headers,
}

impl Format {
    /// Prints a message. A key or value that is null is printed as nothing, its length as -1, and a timestamp that
    /// nobody set as -1.
    pub(crate) fn write(&self, message: &ReadMessage<'_>, to: &mut impl Write) -> io::Result<()> {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => to.write_all(text),
            Piece::Field(field) => field.write(message, to),
        })
    }

    fn text(&mut self, byte: u8) {
        match self.0.last_mut() {
            Some(Piece::Text(text)) => text.push(byte),
            _ => self.0.push(Piece::Text(vec![byte])),
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut format = Self(Vec::new());
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            match byte {
                b'%' => match bytes.next() {
                    Some(b'%') => format.text(b'%'),
                    name => format.0.push(Piece::Field(field(name)?)),
                },
                b'\\' => format.text(escape(bytes.next())?),
                byte => format.text(byte),
            }
        }
        Ok(format)
    }
}

fn field(name: Option<u8>) -> Result<Field, String> {
    Ok(match name {
        Some(b't') => Field::Topic,
        Some(b'p') => Field::Partition,
        Some(b'o') => Field::Offset,
        Some(b'k') => Field::Key,
        Some(b'K') => Field::KeyLength,
        Some(b's') => Field::Value,
        Some(b'S') => Field::ValueLength,
        Some(b'T') => Field::Timestamp,
        Some(b'h') => Field::Headers,
        _ => return Err(unknown('%', name, "%t %p %o %k %K %s %S %T %h and %%")),
    })
}

fn escape(name: Option<u8>) -> Result<u8, String> {
    Ok(match name {
        Some(b't') => b'\t',
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b'0') => 0,
        Some(b'\\') => b'\\',
        _ => return Err(unknown('\\', name, r"\t \n \r \0 and \\")),
    })
}

fn unknown(mark: char, name: Option<u8>, known: &str) -> String {
    let name = name.map(|name| name.escape_ascii().to_string()).unwrap_or_default();
    format!("{mark}{name} means nothing; there are {known}")
}

impl Field {
    fn write(self, message: &ReadMessage<'_>, to: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Topic => to.write_all(message.topic.as_bytes()),
            Self::Partition => write!(to, "{}", message.partition),
            Self::Offset => write!(to, "{}", message.offset),
            Self::Key => to.write_all(message.key.unwrap_or_default()),
            Self::KeyLength => length(message.key, to),
            Self::Value => to.write_all(message.value.unwrap_or_default()),
            Self::ValueLength => length(message.value, to),
            Self::Timestamp => write!(to, "{}", message.timestamp.unwrap_or(-1)),
            Self::Headers => headers(&message.headers, to),
        }
    }
}

fn length(bytes: Option<&[u8]>, to: &mut impl Write) -> io::Result<()> {
    match bytes {
        Some(bytes) => write!(to, "{}", bytes.len()),
        None => to.write_all(b"-1"),
    }
}

fn headers(headers: &[(&[u8], Option<&[u8]>)], to: &mut impl Write) -> io::Result<()> {
    for (index, (name, value)) in headers.iter().enumerate() {
        if index > 0 {
            to.write_all(b",")?;
        }
        to.write_all(name)?;
        to.write_all(b"=")?;
        to.write_all(value.unwrap_or(b"NULL"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> ReadMessage<'static> {
        ReadMessage {
            topic: "events",
            partition: 3,
            offset: 42,
            timestamp: Some(1_700_000_000_000),
            key: Some(b"user-1"),
            value: Some(b"hello"),
            headers: vec![(b"a", Some(b"1")), (b"b", None)],
        }
    }

    fn printed(format: &str, message: &ReadMessage<'_>) -> String {
        let mut printed = Vec::new();
        format.parse::<Format>().unwrap().write(message, &mut printed).unwrap();
        String::from_utf8(printed).unwrap()
    }

    #[test]
    fn each_field_is_printed_as_kcat_prints_it() {
        let line = printed(r"%t[%p]@%o %T\t%k(%K)=%s(%S) %h 100%%\n", &message());
        assert_eq!(line, "events[3]@42 1700000000000\tuser-1(6)=hello(5) a=1,b=NULL 100%\n");
    }

    #[test]
    fn what_is_null_is_printed_as_nothing_and_its_length_as_less_than_nothing() {
        let tombstone =
            ReadMessage { key: None, value: None, timestamp: None, headers: Vec::new(), ..message() };
        assert_eq!(printed("<%k|%K|%s|%S|%T|%h>", &tombstone), "<|-1||-1|-1|>");
        let empty = ReadMessage { value: Some(b""), ..message() };
        assert_eq!(printed("<%s|%S>", &empty), "<|0>");
    }

    #[test]
    fn bytes_are_printed_as_they_are() {
        let mut printed = Vec::new();
        let message = ReadMessage { value: Some(&[0xff, 0x00]), ..message() };
        "%s é".parse::<Format>().unwrap().write(&message, &mut printed).unwrap();
        assert_eq!(printed, [&[0xff, 0x00][..], " é".as_bytes()].concat());
    }

    #[test]
    fn what_means_nothing_is_refused_with_what_there_is() {
        for (format, what) in [("%x", "%x means nothing"), ("50%", "% means nothing"), (r"\q", r"\q means")] {
            let refusal = format.parse::<Format>().unwrap_err();
            assert!(refusal.starts_with(what) && refusal.contains("there are"), "{refusal}");
        }
    }
}
