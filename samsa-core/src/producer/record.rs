//! A record on its way in: borrowed from the application, or kept while its topic is not known yet.

use bytes::{Bytes, BytesMut};
use samsa_proto::records::{BatchBuilder, HEADER_LEN, Header};

use crate::time::{Instant, Now, UnixMillis};

/// What a record takes at most beside its key, value and headers, in any format: a message of format 1 has 34 bytes,
/// a record of format 2 up to 41.
const MOST_OVERHEAD: usize = 48;

/// What a header takes at most beside its name and value.
const MOST_HEADER_OVERHEAD: usize = 10;

/// A record to publish. Its bytes are copied once, into the batch.
///
/// ```
/// use samsa_core::OutgoingRecord;
///
/// let record = OutgoingRecord { key: Some(b"user-1"), value: Some(b"hello"), ..Default::default() };
/// assert_eq!(record.partition, None);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct OutgoingRecord<'a> {
    /// This very partition. Else the key decides; without a key it may be any.
    pub partition: Option<i32>,
    /// Decides the partition when none is given, and is stored.
    pub key: Option<&'a [u8]>,
    /// What is stored; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Stored with it, in this order. Needs brokers of 0.11 or newer.
    pub headers: &'a [Header<'a>],
    /// Default: the wall clock at append.
    pub timestamp: Option<UnixMillis>,
}

impl OutgoingRecord<'_> {
    /// No fewer bytes than it takes in a batch of any format. Cheap: lengths are added up, nothing is encoded.
    #[inline]
    pub(crate) fn size_bound(&self) -> usize {
        let bytes = self.key.map_or(0, <[u8]>::len).saturating_add(self.value.map_or(0, <[u8]>::len));
        let headers = self.headers.iter().fold(0_usize, |sum, header| {
            let value = header.value().map_or(0, <[u8]>::len);
            sum.saturating_add(header.key_bytes().len())
                .saturating_add(value)
                .saturating_add(MOST_HEADER_OVERHEAD)
        });
        MOST_OVERHEAD.saturating_add(bytes).saturating_add(headers)
    }

    /// Bytes that it takes when it is alone in a record batch, header included.
    pub(crate) fn size_alone(&self) -> usize {
        let empty = BatchBuilder::new(BytesMut::new());
        HEADER_LEN.saturating_add(empty.encoded_len(0, self.key, self.value, self.headers.iter().copied()))
    }

    #[inline]
    pub(crate) fn timestamp_at(&self, now: Now) -> UnixMillis {
        self.timestamp.unwrap_or(now.wall)
    }
}

/// A record that owns its bytes, before there is a batch to put it in.
#[derive(Clone, Debug)]
pub(crate) struct OwnedRecord {
    pub(crate) partition: Option<i32>,
    pub(crate) key: Option<Bytes>,
    pub(crate) value: Option<Bytes>,
    pub(crate) headers: Vec<(String, Option<Bytes>)>,
    pub(crate) timestamp: UnixMillis,
    pub(crate) accepted: Instant,
}

impl OwnedRecord {
    pub(crate) fn new(record: &OutgoingRecord<'_>, now: Now) -> Self {
        let headers = record.headers.iter();
        let headers =
            headers.map(|header| (header.key().into_owned(), header.value().map(Bytes::copy_from_slice)));
        Self {
            partition: record.partition,
            key: record.key.map(Bytes::copy_from_slice),
            value: record.value.map(Bytes::copy_from_slice),
            headers: headers.collect(),
            timestamp: record.timestamp_at(now),
            accepted: now.mono,
        }
    }

    /// Hands the record to `then` in the form that batches take.
    pub(crate) fn lend<T>(&self, then: impl FnOnce(&OutgoingRecord<'_>) -> T) -> T {
        let headers: Vec<_> =
            self.headers.iter().map(|(name, value)| Header::new(name, value.as_deref())).collect();
        then(&OutgoingRecord {
            partition: self.partition,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers: &headers,
            timestamp: Some(self.timestamp),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use samsa_proto::records::{Builder, Format};

    #[test]
    fn no_format_takes_more_than_the_bound() {
        let long = vec![7; 70_000];
        let headers = [Header::new("trace", Some(&long)), Header::new("", None)];
        for headers in [&headers[..], &[]] {
            for key in [None, Some(&b""[..]), Some(&long[..])] {
                for value in [None, Some(&b"v"[..]), Some(&long[..])] {
                    let record = OutgoingRecord { key, value, headers, ..Default::default() };
                    for format in [Format::V0, Format::V1, Format::V2] {
                        let mut builder = Builder::new(BytesMut::new(), format);
                        builder.append(0, None, None, []).unwrap();
                        let size = builder.encoded_len(i64::MIN, key, value, headers.iter().copied());
                        assert!(size <= record.size_bound(), "{format:?}: {size} > {}", record.size_bound());
                    }
                }
            }
        }
    }

    #[test]
    fn a_kept_record_is_lent_as_it_came() {
        let headers = [Header::new("a", Some(b"1")), Header::new("a", None)];
        let record = OutgoingRecord {
            partition: Some(3),
            key: Some(b"k"),
            value: None,
            headers: &headers,
            timestamp: None,
        };
        let now = Now { wall: UnixMillis(77), ..Now::default() };

        OwnedRecord::new(&record, now).lend(|lent| {
            assert_eq!((lent.partition, lent.key, lent.value), (Some(3), Some(&b"k"[..]), None));
            assert_eq!(lent.headers, headers);
            assert_eq!(lent.timestamp, Some(UnixMillis(77)));
        });
    }
}
