//! What is published.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use samsa_core::{OutgoingRecord, UnixMillis};
use samsa_proto::records::Header;

/// Bytes on their way in: `&str`, `String`, `&[u8]`, `Vec<u8>` or [`Bytes`]. They are copied once, into the batch.
#[derive(Clone)]
pub struct Payload<'a>(Content<'a>);

#[derive(Clone)]
enum Content<'a> {
    Plain(Cow<'a, [u8]>),
    Shared(Bytes),
}

impl Payload<'_> {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Content::Plain(bytes) => bytes,
            Content::Shared(bytes) => bytes,
        }
    }

    /// The same with bytes of its own; those that are shared stay so.
    pub fn into_owned(self) -> Payload<'static> {
        Payload(match self.0 {
            Content::Plain(bytes) => Content::Plain(Cow::Owned(bytes.into_owned())),
            Content::Shared(bytes) => Content::Shared(bytes),
        })
    }
}

impl PartialEq for Payload<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Payload<'_> {}

impl fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.as_bytes().escape_ascii())
    }
}

/// A message to publish: a value, and if need be a key, headers and a timestamp.
///
/// Whatever makes a [`Payload`] makes a message without a key: `topic.publish("hello")`.
///
/// ```
/// use samsa_client::Message;
///
/// let message = Message::new("{}").key("user-1").header("trace", b"77");
/// let gone = Message::tombstone("user-1");
/// # let _ = (message, gone);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a message is sent by publish or enqueue"]
pub struct Message<'a> {
    key: Option<Payload<'a>>,
    value: Option<Payload<'a>>,
    headers: Vec<(Cow<'a, str>, Option<Payload<'a>>)>,
    timestamp: Option<UnixMillis>,
}

impl<'a> Message<'a> {
    /// A message with this value and no key: it may go to any partition.
    pub fn new(value: impl Into<Payload<'a>>) -> Self {
        Self { key: None, value: Some(value.into()), headers: Vec::new(), timestamp: None }
    }

    /// A null value: where the topic is compacted, it deletes what was published with this key.
    pub fn tombstone(key: impl Into<Payload<'a>>) -> Self {
        Self { key: Some(key.into()), value: None, headers: Vec::new(), timestamp: None }
    }

    /// Decides the partition, so that messages with the same key keep their order, and is stored with the message.
    pub fn key(mut self, key: impl Into<Payload<'a>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Adds a header; a name may come more than once. Needs brokers of 0.11 or newer.
    pub fn header(mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Payload<'a>>) -> Self {
        self.headers.push((name.into(), Some(value.into())));
        self
    }

    /// Adds a header whose value is null.
    pub fn null_header(mut self, name: impl Into<Cow<'a, str>>) -> Self {
        self.headers.push((name.into(), None));
        self
    }

    /// When it was made. Default: now.
    pub fn timestamp(mut self, timestamp: UnixMillis) -> Self {
        self.timestamp = Some(timestamp);
        self
    }

    /// Hands it to `then` in the form that the batch buffer takes. Only headers cost an allocation.
    pub(crate) fn lend<T>(&self, partition: Option<i32>, then: impl FnOnce(&OutgoingRecord<'_>) -> T) -> T {
        then(&self.lent(partition, &self.headers()))
    }

    pub(super) fn headers(&self) -> Vec<Header<'_>> {
        self.headers
            .iter()
            .map(|(name, value)| Header::new(name, value.as_ref().map(Payload::as_bytes)))
            .collect()
    }

    pub(super) fn lent<'r>(
        &'r self,
        partition: Option<i32>,
        headers: &'r [Header<'r>],
    ) -> OutgoingRecord<'r> {
        OutgoingRecord {
            partition,
            key: self.key.as_ref().map(Payload::as_bytes),
            value: self.value.as_ref().map(Payload::as_bytes),
            headers,
            timestamp: self.timestamp,
        }
    }

    /// The same with bytes of its own.
    pub fn into_owned(self) -> Message<'static> {
        let headers = self.headers.into_iter();
        Message {
            key: self.key.map(Payload::into_owned),
            value: self.value.map(Payload::into_owned),
            headers: headers
                .map(|(name, value)| (Cow::Owned(name.into_owned()), value.map(Payload::into_owned)))
                .collect(),
            timestamp: self.timestamp,
        }
    }
}

macro_rules! payload_from {
    ($($(#[$attribute:meta])* $from:ty => |$bytes:ident| $content:expr),* $(,)?) => {$(
        impl<'a> From<$from> for Payload<'a> {
            fn from($bytes: $from) -> Self {
                Self($content)
            }
        }

        impl<'a> From<$from> for Message<'a> {
            fn from(value: $from) -> Self {
                Self::new(value)
            }
        }
    )*};
}

payload_from! {
    &'a [u8] => |bytes| Content::Plain(Cow::Borrowed(bytes)),
    &'a Vec<u8> => |bytes| Content::Plain(Cow::Borrowed(bytes)),
    &'a str => |text| Content::Plain(Cow::Borrowed(text.as_bytes())),
    &'a String => |text| Content::Plain(Cow::Borrowed(text.as_bytes())),
    &'a Bytes => |bytes| Content::Plain(Cow::Borrowed(bytes)),
    Vec<u8> => |bytes| Content::Plain(Cow::Owned(bytes)),
    String => |text| Content::Plain(Cow::Owned(text.into_bytes())),
    Cow<'a, [u8]> => |bytes| Content::Plain(bytes),
    Bytes => |bytes| Content::Shared(bytes),
}

impl<'a, const N: usize> From<&'a [u8; N]> for Payload<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self(Content::Plain(Cow::Borrowed(bytes)))
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Message<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Self::new(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_holds_bytes_makes_the_same_message() {
        let (expected, text) = (Message::new("hi"), String::from("hi"));
        let made: [Message<'_>; 7] = [
            "hi".into(),
            text.clone().into(),
            (&text).into(),
            b"hi".into(),
            (&b"hi"[..]).into(),
            b"hi".to_vec().into(),
            Bytes::from_static(b"hi").into(),
        ];
        for message in made {
            assert_eq!(message, expected);
        }
    }

    #[test]
    fn a_tombstone_has_a_key_and_no_value_and_a_message_the_other_way_round() {
        Message::tombstone("k").lend(Some(3), |record| {
            assert_eq!((record.partition, record.key, record.value), (Some(3), Some(&b"k"[..]), None));
        });
        Message::new("v").lend(None, |record| {
            assert_eq!((record.partition, record.key, record.value), (None, None, Some(&b"v"[..])));
        });
    }

    #[test]
    fn a_message_with_bytes_of_its_own_is_the_same() {
        let (key, value) = (String::from("k"), vec![1, 2]);
        let message = Message::new(&value).key(&key).header("a", &value).null_header("b");
        assert_eq!(message.clone().into_owned(), message);
    }

    #[test]
    fn headers_and_timestamp_are_lent_as_they_were_given() {
        let message = Message::new("v").header("a", "1").null_header("a").timestamp(UnixMillis(9));
        message.lend(None, |record| {
            assert_eq!(record.headers, [Header::new("a", Some(b"1")), Header::new("a", None)]);
            assert_eq!(record.timestamp, Some(UnixMillis(9)));
        });
    }
}
