//! Messages that stay together.

use samsa_core::{OutgoingRecord, OutgoingSet};
use samsa_proto::records::Header;

use super::message::{Message, Payload};

/// Messages that are stored together: in one partition, one behind the other. From Kafka 0.11 on, and before that when
/// they are compressed, all of them are stored or none.
///
/// A set is never larger than a batch may be (`message_bytes`): a larger one is an error that says both sizes, and so is
/// one that the broker finds too large. Neither is ever sent in pieces.
///
/// ```
/// use samsa_client::{Message, MessageSet};
///
/// let words = MessageSet::from_iter(["foo", "bar"]).key("user-1");
/// let debit_and_credit: MessageSet<'_> =
///     [Message::new("-5").key("account-1"), Message::new("+5").key("account-2")].into_iter().collect();
/// assert_eq!((words.len(), debit_and_credit.len()), (2, 2));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a set is sent by publish"]
pub struct MessageSet<'a> {
    messages: Vec<Message<'a>>,
    key: Option<Payload<'a>>,
}

impl<'a> MessageSet<'a> {
    /// Decides the partition of the whole set, and is stored with each message that has no key of its own. Without it
    /// the set may go to any partition, whatever keys its messages have.
    pub fn key(mut self, key: impl Into<Payload<'a>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// How many messages.
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// No message; such a set cannot be published.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    pub(super) fn lend<T>(&self, partition: Option<i32>, then: impl FnOnce(&OutgoingSet<'_>) -> T) -> T {
        let headers: Vec<Vec<Header<'_>>> = self.messages.iter().map(Message::headers).collect();
        let lent = self.messages.iter().zip(&headers).map(|(message, headers)| message.lent(None, headers));
        let records: Vec<OutgoingRecord<'_>> = lent.collect();
        let key = self.key.as_ref().map(Payload::as_bytes);
        then(&OutgoingSet { partition, key, records: &records })
    }
}

impl<'a, M: Into<Message<'a>>> FromIterator<M> for MessageSet<'a> {
    fn from_iter<I: IntoIterator<Item = M>>(messages: I) -> Self {
        Self { messages: messages.into_iter().map(Into::into).collect(), key: None }
    }
}

impl<'a, M: Into<Message<'a>>> Extend<M> for MessageSet<'a> {
    fn extend<I: IntoIterator<Item = M>>(&mut self, messages: I) {
        self.messages.extend(messages.into_iter().map(Into::into));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_lends_its_messages_in_order_with_the_key_that_decides() {
        let set = MessageSet::from_iter([Message::new("1").key("own"), Message::new("2").header("a", "x")]);
        set.key("k").lend(Some(3), |lent| {
            assert_eq!((lent.partition, lent.key), (Some(3), Some(&b"k"[..])));
            let records = lent.records.iter().map(|record| (record.key, record.value, record.headers.len()));
            let expected = [(Some(&b"own"[..]), Some(&b"1"[..]), 0), (None, Some(&b"2"[..]), 1)];
            assert_eq!(records.collect::<Vec<_>>(), expected);
        });
    }
}
