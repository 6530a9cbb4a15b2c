//! The log of a partition: batches as they were sent, with the offsets and the leader epoch that a broker gives them.

use bytes::{Bytes, BytesMut};
use samsa_proto::records::{
    self, BatchHeader, ControlKind, ControlRecord, Format, Identity, MessageSetBuilder, Record,
};

use super::producers;
use super::transactions::Transactions;

/// A batch in the log.
#[derive(Clone, Debug)]
struct Stored {
    base: i64,
    last: i64,
    leader_epoch: i32,
    max_timestamp: i64,
    identity: Option<Identity>,
    is_transactional: bool,
    is_control: bool,
    bytes: Bytes,
}

/// A batch in the log whose producer has a sequence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sequenced<'a> {
    pub(super) identity: Identity,
    pub(super) base: i64,
    pub(super) end: i64,
    bytes: &'a [u8],
}

impl<'a> Sequenced<'a> {
    /// The sequence number behind it.
    pub(super) fn next_sequence(&self) -> i32 {
        let next = i64::from(self.identity.base_sequence) + (self.end - self.base);
        (next & i64::from(i32::MAX)) as i32
    }

    /// What it holds, but for what the broker fills in.
    pub(super) fn content(&self) -> &'a [u8] {
        producers::content(self.bytes)
    }
}

/// The batches of a partition, oldest first. Compaction may have left holes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    batches: Vec<Stored>,
    transactions: Transactions,
    start: i64,
    end: i64,
}

/// A record of the log, for those who check it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoggedRecord {
    pub(crate) offset: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    /// The value of its first header.
    pub(crate) header: Option<Vec<u8>>,
}

/// Where a batch has its base offset and its leader epoch; neither is under its checksum.
pub(super) const BASE_OFFSET: std::ops::Range<usize> = 0..8;
pub(super) const LEADER_EPOCH: std::ops::Range<usize> = 12..16;
/// Where a message before record batches has its size, from behind it on.
const SIZE: std::ops::Range<usize> = 8..12;

/// Most bytes that one batch may be decompressed to.
const DECOMPRESSED: usize = 64 << 20;

impl Log {
    /// The first offset that is there.
    pub(crate) const fn start(&self) -> i64 {
        self.start
    }

    /// The offset that the next record will get.
    pub(crate) const fn end(&self) -> i64 {
        self.end
    }

    /// Appends a batch, or a set of messages; its first record gets the offset that is returned.
    pub(crate) fn append(&mut self, header: &BatchHeader, batch: &[u8], leader_epoch: i32) -> i64 {
        let base = self.end;
        if header.format != Format::V2 {
            self.append_set(batch);
            return base;
        }
        let mut bytes = BytesMut::from(batch);
        bytes[BASE_OFFSET].copy_from_slice(&base.to_be_bytes());
        bytes[LEADER_EPOCH].copy_from_slice(&leader_epoch.to_be_bytes());
        let last = base + (header.last_offset - header.base_offset);
        let stored = Stored {
            base,
            last,
            leader_epoch,
            max_timestamp: header.max_timestamp,
            identity: header.identity,
            is_transactional: header.is_transactional,
            is_control: header.is_control,
            bytes: bytes.freeze(),
        };
        stored.count(&mut self.transactions);
        self.batches.push(stored);
        self.end = last + 1;
        base
    }

    /// Each message gets an offset of its own; one that holds a compressed set, that of its last.
    fn append_set(&mut self, set: &[u8]) {
        let mut rest = set;
        while let Some(size) = rest.get(SIZE).and_then(|size| size.first_chunk::<4>()) {
            let size = usize::try_from(i32::from_be_bytes(*size)).unwrap_or(0);
            let (message, behind) = rest.split_at(rest.len().min(SIZE.end + size));
            rest = behind;
            let Some(Ok(view)) = records::batches(message).next() else { return };
            let inside = view.decompress(DECOMPRESSED, BytesMut::new()).map(|set| set.records().count());
            let last = self.end + inside.unwrap_or(1).max(1) as i64 - 1;
            let mut bytes = BytesMut::from(message);
            bytes[BASE_OFFSET].copy_from_slice(&last.to_be_bytes());
            let max_timestamp = view.header().max_timestamp;
            self.batches.push(Stored {
                base: self.end,
                last,
                leader_epoch: 0,
                max_timestamp,
                identity: None,
                is_transactional: false,
                is_control: false,
                bytes: bytes.freeze(),
            });
            self.end = last + 1;
        }
    }

    /// Leaves out so many offsets, as compaction does when it takes whole batches.
    pub(crate) fn skip(&mut self, offsets: i64) {
        self.end += offsets;
    }

    pub(super) fn transactions(&self) -> &Transactions {
        &self.transactions
    }

    /// The leader epoch of the record at this offset, or of the next one that is there.
    pub(super) fn epoch_at(&self, offset: i64) -> Option<i32> {
        let place = self.batches.partition_point(|batch| batch.last < offset);
        self.batches.get(place).map(|batch| batch.leader_epoch)
    }

    /// The largest leader epoch that is not above `epoch`, and where its records end; the present epoch is `current`, and of later
    /// ones nothing is known.
    pub(super) fn end_of_epoch(&self, epoch: i32, current: i32) -> Option<(i32, i64)> {
        if epoch >= current {
            return (epoch == current).then_some((current, self.end));
        }
        let behind = self.batches.partition_point(|batch| batch.leader_epoch <= epoch);
        let end = self.batches.get(behind).map(|batch| batch.base);
        match behind.checked_sub(1).map(|last| &self.batches[last]) {
            Some(last) => Some((last.leader_epoch, end.unwrap_or(self.end))),
            // A leader notes where its epoch begins, though nothing is written in it yet.
            None => Some((epoch, end.unwrap_or(self.end))),
        }
    }

    /// Where the first batch without identity is behind one that has one. A copy of what stands before that counts as written
    /// then: it may have been under way on a connection that broke.
    pub(super) fn loses_numbers_at(&self) -> Option<i64> {
        let first = self.batches.iter().position(|batch| batch.identity.is_some())?;
        let (before, behind) = self.batches.split_at(first);
        let values = |batch: &Stored| -> Vec<_> {
            decode(&batch.bytes).into_iter().map(|(_, record)| record.value).collect()
        };
        let old: Vec<_> = before.iter().flat_map(values).collect();
        let is_copy = |batch: &Stored| values(batch).iter().all(|value| old.contains(value));
        behind.iter().find(|batch| batch.identity.is_none() && !is_copy(batch)).map(|batch| batch.base)
    }

    /// The batches of a producer, newest first.
    pub(super) fn of_producer(&self, producer_id: i64) -> impl Iterator<Item = Sequenced<'_>> {
        let sequenced = self.batches.iter().rev().filter_map(|batch| {
            let identity = batch.identity?;
            Some(Sequenced { identity, base: batch.base, end: batch.last + 1, bytes: &batch.bytes })
        });
        sequenced.filter(move |batch| batch.identity.producer_id == producer_id)
    }

    /// Drops the batches that reach to this offset or beyond.
    pub(crate) fn truncate(&mut self, end: i64) {
        self.batches.retain(|batch| batch.last < end);
        self.end = self.batches.last().map_or(self.start, |batch| batch.last + 1);
        self.transactions = Transactions::default();
        for batch in &self.batches {
            batch.count(&mut self.transactions);
        }
    }

    /// The ends of its batches from this offset on: where a truncation may cut.
    pub(crate) fn ends_from(&self, offset: i64) -> Vec<i64> {
        self.batches.iter().map(|batch| batch.last + 1).filter(|end| *end >= offset).collect()
    }

    /// The bytes from the batch that holds `offset` on, up to the batch that reaches `limit`: as many as asked for, cut
    /// wherever that is, as a broker does. When the first batch is larger it comes whole if `whole`, else nothing
    /// comes.
    pub(crate) fn read(&self, offset: i64, limit: i64, most: usize, whole: bool) -> Vec<Bytes> {
        let from = self.batches.partition_point(|batch| batch.last < offset);
        let batches = self.batches[from..].iter().take_while(|batch| batch.last < limit);
        let mut read = Vec::new();
        let mut left = most;
        for (place, batch) in batches.enumerate() {
            match (place, batch.bytes.len() <= left) {
                (_, true) => read.push(batch.bytes.clone()),
                (0, false) if whole => read.push(batch.bytes.clone()),
                (0, false) => break,
                (_, false) => read.push(batch.bytes.slice(..left)),
            }
            left = left.saturating_sub(batch.bytes.len());
            if left == 0 {
                break;
            }
        }
        read
    }

    /// How many bytes a reader at this offset could get.
    pub(crate) fn available(&self, offset: i64, limit: i64) -> usize {
        let from = self.batches.partition_point(|batch| batch.last < offset);
        self.batches[from..]
            .iter()
            .take_while(|batch| batch.last < limit)
            .map(|batch| batch.bytes.len())
            .sum()
    }

    /// The first record at or after a time, below `limit`: its offset and timestamp.
    pub(crate) fn find_time(&self, time: i64, limit: i64) -> Option<(i64, i64)> {
        let mut late = self.batches.iter().filter(|batch| batch.max_timestamp >= time && batch.last < limit);
        late.find_map(|batch| {
            let records = decode(&batch.bytes);
            records
                .into_iter()
                .find(|(timestamp, _)| *timestamp >= time)
                .map(|(time, record)| (record.offset, time))
        })
    }

    /// The record with the largest timestamp below `limit`: its offset and timestamp.
    pub(crate) fn find_latest(&self, limit: i64) -> Option<(i64, i64)> {
        let latest =
            self.batches.iter().filter(|batch| batch.last < limit).map(|batch| batch.max_timestamp).max()?;
        self.find_time(latest, limit)
    }

    /// Every record of an application that is there, also those of transactions that are open or were aborted.
    pub(crate) fn records(&self) -> Vec<LoggedRecord> {
        self.records_where(|_| true)
    }

    /// The records of an application from this offset on.
    pub(crate) fn records_from(&self, offset: i64) -> Vec<LoggedRecord> {
        let from = self.batches.partition_point(|batch| batch.last < offset);
        let batches = self.batches[from..].iter().filter(|batch| !batch.is_control);
        let records = batches.flat_map(|batch| decode(&batch.bytes)).map(|(_, record)| record);
        records.filter(|record| record.offset >= offset).collect()
    }

    /// The record at this offset.
    pub(crate) fn record_at(&self, offset: i64) -> Option<LoggedRecord> {
        let batch = self.batches.get(self.batches.partition_point(|batch| batch.last < offset))?;
        records::batches(&batch.bytes).flatten().find_map(|view| {
            let owned = view.into_owned(&batch.bytes, DECOMPRESSED).ok()?;
            let record = owned.records().flatten().find(|record| record.offset() == offset)?;
            Some(logged(&record))
        })
    }

    /// All of them without those of transactions that are open or were aborted.
    pub(crate) fn committed_records(&self) -> Vec<LoggedRecord> {
        self.records_where(|batch| self.is_committed(batch))
    }

    fn is_committed(&self, batch: &Stored) -> bool {
        let producer = batch.identity.filter(|_| batch.is_transactional);
        producer.is_none_or(|who| self.transactions.is_committed(who.producer_id, batch.base))
    }

    /// Whether a record stands between these offsets, other than of transactions that are open or were aborted.
    pub(crate) fn has_committed_between(&self, before: i64, after: i64) -> bool {
        let from = self.batches.partition_point(|batch| batch.last <= before);
        let near = self.batches[from..].iter().take_while(|batch| batch.base < after);
        let near = near.filter(|batch| !batch.is_control && self.is_committed(batch));
        let is_between = |record: &LoggedRecord| before < record.offset && record.offset < after;
        near.flat_map(|batch| decode(&batch.bytes)).any(|(_, record)| is_between(&record))
    }

    fn records_where(&self, wanted: impl Fn(&Stored) -> bool) -> Vec<LoggedRecord> {
        let batches = self.batches.iter().filter(|batch| !batch.is_control && wanted(batch));
        batches.flat_map(|batch| decode(&batch.bytes)).map(|(_, record)| record).collect()
    }
}

impl Stored {
    fn count(&self, transactions: &mut Transactions) {
        if let Some(identity) = self.identity.filter(|_| self.is_transactional) {
            if self.is_control {
                transactions.end(identity.producer_id, self.base, is_abort(&self.bytes));
            } else {
                transactions.write(identity.producer_id, self.base);
            }
        }
    }
}

fn is_abort(marker: &Bytes) -> bool {
    let batch = records::batches(marker).flatten().next();
    let owned = batch.and_then(|batch| batch.into_owned(marker, DECOMPRESSED).ok());
    let kind = owned.as_ref().and_then(|owned| ControlRecord::decode(&owned.records().next()?.ok()?).ok());
    kind.is_some_and(|record| record.kind == ControlKind::Abort)
}

/// The records of a batch that was checked when it was appended, with their timestamps.
fn decode(batch: &Bytes) -> Vec<(i64, LoggedRecord)> {
    let mut all = Vec::new();
    for batch_view in records::batches(batch).flatten() {
        let Ok(owned) = batch_view.into_owned(batch, DECOMPRESSED) else { continue };
        all.extend(owned.records().flatten().map(|record| (record.timestamp(), logged(&record))));
    }
    all
}

fn logged(record: &Record<'_>) -> LoggedRecord {
    let (key, value) = (record.key().map(<[u8]>::to_vec), record.value().map(<[u8]>::to_vec));
    let header = record.headers().next().map(|header| header.value().unwrap_or_default().to_vec());
    LoggedRecord { offset: record.offset(), key, value, header }
}

/// Whether some record of a batch has headers.
pub(super) fn has_headers(batch: &Bytes) -> bool {
    decode(batch).iter().any(|(_, record)| record.header.is_some())
}

/// What a broker from before record batches has of them: messages of its own format, without headers. It got them so from a
/// leader that is newer, in whose log they are.
pub(super) fn in_old_format(read: &[Bytes], format: Format) -> Vec<Bytes> {
    let (mut converted, bytes) = (Vec::new(), Bytes::from(read.concat()));
    for batch in records::batches(&bytes).flatten() {
        if batch.header().format != Format::V2 {
            converted.push(Bytes::copy_from_slice(batch.bytes()));
            continue;
        }
        let Ok(owned) = batch.into_owned(&bytes, DECOMPRESSED) else { continue };
        converted.extend(owned.records().flatten().filter_map(|record| as_message(&record, format)));
    }
    converted
}

fn as_message(record: &Record<'_>, format: Format) -> Option<Bytes> {
    let mut builder = MessageSetBuilder::new(BytesMut::new(), format);
    builder.append(record.timestamp(), record.key(), record.value()).ok()?;
    let mut bytes = BytesMut::from(&builder.seal().bytes()[..]);
    bytes[BASE_OFFSET].copy_from_slice(&record.offset().to_be_bytes());
    Some(bytes.freeze())
}

#[cfg(test)]
mod tests {
    use samsa_proto::records::{BatchBuilder, Flags};

    use super::*;

    fn batch(values: &[(i64, &str)]) -> Vec<u8> {
        let mut builder = BatchBuilder::new(BytesMut::new());
        for (timestamp, value) in values {
            builder.append(*timestamp, None, Some(value.as_bytes()), []).unwrap();
        }
        let sealed = builder.seal();
        [sealed.header(None, Flags::default()), sealed.body().clone()].concat()
    }

    fn log(batches: &[&[(i64, &str)]]) -> Log {
        let mut log = Log::default();
        for values in batches {
            let bytes = batch(values);
            let header = *records::batches(&bytes).next().unwrap().unwrap().header();
            log.append(&header, &bytes, 7);
        }
        log
    }

    #[test]
    fn what_has_no_number_behind_what_has_one_is_seen_unless_it_is_a_copy_from_before() {
        let mut log = log(&[&[(1, "old")], &[(2, "numbered")], &[(3, "old")]]);
        assert_eq!(log.loses_numbers_at(), None, "nothing has a number");
        log.batches[1].identity = Some(Identity { producer_id: 1, producer_epoch: 0, base_sequence: 0 });
        assert_eq!(log.loses_numbers_at(), None, "it was under way before");
        let new = batch(&[(4, "new")]);
        let header = *records::batches(&new).next().unwrap().unwrap().header();
        log.append(&header, &new, 7);
        assert_eq!(log.loses_numbers_at(), Some(3));
    }

    #[test]
    fn offsets_go_on_and_the_checksum_still_holds() {
        let log = log(&[&[(1, "a"), (2, "b")], &[(3, "c")]]);
        assert_eq!((log.start(), log.end()), (0, 3));
        let read = Bytes::from(log.read(1, 3, 10_000, true).concat());
        let batches: Vec<_> = records::batches(&read).map(Result::unwrap).collect();
        assert!(batches.iter().all(|batch| batch.verify().is_ok()));
        assert_eq!(batches.iter().map(|batch| batch.header().base_offset).collect::<Vec<_>>(), [0, 2]);
        assert!(batches.iter().all(|batch| batch.header().leader_epoch == Some(7)));
    }

    #[test]
    fn a_read_is_cut_where_it_is_full_but_never_in_the_first_batch() {
        let log = log(&[&[(1, "a")], &[(2, "b")]]);
        let first = log.read(0, 2, 1, true).concat();
        assert_eq!(records::batches(&first).count(), 1);
        assert!(log.read(0, 2, 1, false).is_empty());
        let cut = log.read(0, 2, first.len() + 5, true).concat();
        assert_eq!(cut.len(), first.len() + 5);
        assert_eq!(records::batches(&cut).count(), 1);
    }

    #[test]
    fn nothing_at_or_beyond_the_limit_is_read() {
        let log = log(&[&[(1, "a")], &[(2, "b")]]);
        assert_eq!(records::batches(&log.read(0, 1, 10_000, true).concat()).count(), 1);
        assert!(log.read(1, 1, 10_000, true).is_empty());
        assert_eq!(log.available(1, 1), 0);
    }

    #[test]
    fn a_time_finds_the_first_record_that_is_not_older() {
        let log = log(&[&[(10, "a"), (30, "b")], &[(20, "c")]]);
        assert_eq!(log.find_time(15, 3), Some((1, 30)));
        assert_eq!(log.find_time(5, 3), Some((0, 10)));
        assert_eq!(log.find_time(31, 3), None);
        assert_eq!(log.find_latest(3), Some((1, 30)));
    }

    #[test]
    fn messages_before_record_batches_get_an_offset_each() {
        let mut log = Log::default();
        for format in [Format::V0, Format::V1] {
            let mut builder = MessageSetBuilder::new(BytesMut::new(), format);
            for value in ["a", "b"] {
                builder.append(7, None, Some(value.as_bytes())).unwrap();
            }
            let set = builder.seal();
            let header = *records::batches(set.bytes()).next().unwrap().unwrap().header();
            log.append(&header, set.bytes(), 7);
        }
        let offsets: Vec<i64> = log.records().iter().map(|record| record.offset).collect();
        assert_eq!((offsets, log.end()), (vec![0, 1, 2, 3], 4));
        let read = Bytes::from(log.read(1, 4, 10_000, true).concat());
        assert!(records::batches(&read).all(|batch| batch.unwrap().verify().is_ok()));
    }

    #[test]
    fn batches_are_read_as_messages_of_an_older_format_with_the_same_offsets() {
        let log = log(&[&[(1, "a"), (2, "b")], &[(3, "c")]]);
        let read = Bytes::from(in_old_format(&log.read(1, 3, 10_000, true), Format::V1).concat());
        let offsets = records::batches(&read).flat_map(|batch| {
            let batch = batch.unwrap();
            batch.verify().unwrap();
            assert_eq!(batch.header().format, Format::V1);
            batch.records().unwrap().map(|record| record.unwrap().offset()).collect::<Vec<_>>()
        });
        assert_eq!(offsets.collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn between_two_offsets_stands_a_record_or_what_nobody_reads() {
        let mut log = log(&[&[(1, "a"), (2, "b"), (3, "c")]]);
        log.skip(2);
        let bytes = batch(&[(4, "d")]);
        let header = *records::batches(&bytes).next().unwrap().unwrap().header();
        log.append(&header, &bytes, 7);
        let between =
            [(0, 2), (1, 5), (2, 6)].map(|(before, after)| log.has_committed_between(before, after));
        assert_eq!(between, [true, true, true]);
        let nothing =
            [(0, 1), (2, 5), (5, 9)].map(|(before, after)| log.has_committed_between(before, after));
        assert_eq!(nothing, [false, false, false]);
    }

    #[test]
    fn a_truncation_drops_whole_batches() {
        let mut log = log(&[&[(1, "a"), (2, "b")], &[(3, "c")]]);
        assert_eq!(log.ends_from(2), [2, 3]);
        log.truncate(2);
        assert_eq!(log.end(), 2);
        assert_eq!(log.records().len(), 2);
    }
}
