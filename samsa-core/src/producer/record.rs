//! Records on their way in: borrowed from the application, or kept while their topic is not known yet.

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

/// Records that are stored together: in one partition and one batch, in order. From Kafka 0.11 on, and before that when
/// they are compressed, all of them are stored or none.
#[derive(Clone, Copy, Debug, Default)]
pub struct OutgoingSet<'a> {
    /// This very partition. Else the key decides; without a key it may be any.
    pub partition: Option<i32>,
    /// Decides the partition when none is given, and is stored with each record that has no key of its own.
    pub key: Option<&'a [u8]>,
    /// At least one. The partitions that they ask for are passed over.
    pub records: &'a [OutgoingRecord<'a>],
}

impl<'a> OutgoingSet<'a> {
    /// What decides the partition.
    pub(crate) fn routing(&self) -> OutgoingRecord<'a> {
        OutgoingRecord { partition: self.partition, key: self.key, ..OutgoingRecord::default() }
    }

    /// The records as they are stored.
    pub(crate) fn stored(&self) -> impl Iterator<Item = OutgoingRecord<'a>> + '_ {
        let stored = |record: &OutgoingRecord<'a>| OutgoingRecord {
            partition: self.partition,
            key: record.key.or(self.key),
            ..*record
        };
        self.records.iter().map(stored)
    }

    pub(crate) fn has_headers(&self) -> bool {
        self.records.iter().any(|record| !record.headers.is_empty())
    }

    /// No fewer bytes than the records take in a batch of any format.
    pub(crate) fn size_bound(&self) -> usize {
        self.stored().fold(0, |sum, record| sum.saturating_add(record.size_bound()))
    }

    /// Bytes that they take in a record batch of their own, header included. Exact, and nothing is encoded.
    pub(crate) fn size_alone(&self, now: Now) -> usize {
        let mut base = None;
        self.stored().enumerate().fold(HEADER_LEN, |sum, (index, record)| {
            let timestamp = record.timestamp_at(now).0;
            let delta = timestamp.wrapping_sub(*base.get_or_insert(timestamp));
            let alone = record.size_alone().saturating_sub(HEADER_LEN);
            sum.saturating_add(size_further_on(alone, index, delta))
        })
    }
}

/// What a record takes at this place of a batch and so much later than the first, if it takes `alone` at the first.
fn size_further_on(alone: usize, index: usize, delta: i64) -> usize {
    let whole = |inner: usize| inner.saturating_add(varint_len(inner as i64));
    // Its length comes before it, in one to five bytes.
    let inner = (1..=5).map(|length| alone.saturating_sub(length)).find(|inner| whole(*inner) == alone);
    // Alone, place and time take a byte each.
    let more = varint_len(index as i64) + varint_len(delta) - 2;
    inner.map_or(alone, |inner| whole(inner.saturating_add(more)))
}

/// Bytes of a number as records have it: zigzag, seven bits a byte.
fn varint_len(number: i64) -> usize {
    let zigzag = ((number << 1) ^ (number >> 63)).cast_unsigned();
    (zigzag | 1).ilog2() as usize / 7 + 1
}

/// What was accepted together, before there is a batch to put it in: a record, or a set of them.
#[derive(Clone, Debug)]
pub(crate) struct OwnedSet {
    /// What decides the partition.
    partition: Option<i32>,
    key: Option<Bytes>,
    pub(crate) records: Vec<OwnedRecord>,
    /// They must stay together.
    pub(crate) is_set: bool,
    pub(crate) accepted: Instant,
}

impl OwnedSet {
    pub(crate) fn of_one(record: &OutgoingRecord<'_>, now: Now) -> Self {
        Self {
            partition: record.partition,
            key: None,
            records: vec![OwnedRecord::new(record, now)],
            is_set: false,
            accepted: now.mono,
        }
    }

    pub(crate) fn new(set: &OutgoingSet<'_>, now: Now) -> Self {
        Self {
            partition: set.partition,
            key: set.key.map(Bytes::copy_from_slice),
            records: set.stored().map(|record| OwnedRecord::new(&record, now)).collect(),
            is_set: true,
            accepted: now.mono,
        }
    }

    /// Hands them to `then` in the form that batches take.
    pub(crate) fn lend<T>(&self, then: impl FnOnce(&OutgoingSet<'_>) -> T) -> T {
        let headers: Vec<Vec<Header<'_>>> = self.records.iter().map(OwnedRecord::headers).collect();
        let lent = self.records.iter().zip(&headers).map(|(record, headers)| record.lent(headers));
        let records: Vec<_> = lent.collect();
        let key = if self.is_set { self.key.as_deref() } else { records.first().and_then(|only| only.key) };
        then(&OutgoingSet { partition: self.partition, key, records: &records })
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
        }
    }

    fn headers(&self) -> Vec<Header<'_>> {
        self.headers.iter().map(|(name, value)| Header::new(name, value.as_deref())).collect()
    }

    fn lent<'a>(&'a self, headers: &'a [Header<'a>]) -> OutgoingRecord<'a> {
        OutgoingRecord {
            partition: self.partition,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers,
            timestamp: Some(self.timestamp),
        }
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

        OwnedSet::of_one(&record, now).lend(|set| {
            let lent = set.stored().next().unwrap();
            assert_eq!((lent.partition, lent.key, lent.value), (Some(3), Some(&b"k"[..]), None));
            assert_eq!(lent.headers, headers);
            assert_eq!(lent.timestamp, Some(UnixMillis(77)));
            assert_eq!((set.routing().partition, set.routing().key), (Some(3), Some(&b"k"[..])));
        });
    }

    #[test]
    fn the_key_of_a_set_is_stored_with_each_record_that_has_none() {
        let records = [
            OutgoingRecord { value: Some(b"a"), ..Default::default() },
            OutgoingRecord { key: Some(b"own"), value: Some(b"b"), ..Default::default() },
        ];
        let set = OutgoingSet { key: Some(b"k"), records: &records, ..Default::default() };
        let keys = |set: &OutgoingSet<'_>| -> Vec<Option<Vec<u8>>> {
            set.stored().map(|record| record.key.map(<[u8]>::to_vec)).collect()
        };
        let expected = [Some(b"k".to_vec()), Some(b"own".to_vec())];
        assert_eq!(keys(&set), expected);
        OwnedSet::new(&set, Now::default()).lend(|lent| {
            assert_eq!(keys(lent), expected);
            assert_eq!(lent.routing().key, Some(&b"k"[..]), "it alone decides the partition");
        });
    }

    #[test]
    fn the_size_of_a_set_is_exact() {
        let payload = vec![7; 20_000];
        let headers = [Header::new("trace", Some(b"1"))];
        let record = |number: usize| OutgoingRecord {
            key: number.is_multiple_of(3).then_some(&payload[..number]),
            value: Some(&payload[..(number * 67) % 20_000]),
            headers: if number.is_multiple_of(5) { &headers } else { &[] },
            timestamp: (!number.is_multiple_of(7)).then_some(UnixMillis((number as i64 - 100) * 123_456)),
            ..Default::default()
        };
        let records: Vec<_> = (0..300).map(record).collect();
        let now = Now { wall: UnixMillis(1_700_000_000_000), ..Now::default() };
        for count in [1, 2, 63, 64, 65, 300] {
            let set = OutgoingSet { records: &records[..count], ..Default::default() };
            let mut batch = BatchBuilder::new(BytesMut::new());
            for record in &records[..count] {
                let headers = record.headers.iter().copied();
                batch.append(record.timestamp_at(now).0, record.key, record.value, headers).unwrap();
            }
            assert_eq!(set.size_alone(now), HEADER_LEN + batch.len(), "{count} records");
            assert!(set.size_bound() >= batch.len());
        }
    }
}
