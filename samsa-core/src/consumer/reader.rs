//! The application's end of the fetch buffer.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use samsa_proto::records;

use super::buffer::FetchBuffer;
use super::chunk::Chunk;
use super::owned::OwnedRecord;
use super::segment::{Item, Segment};
use super::source::Source;
use crate::error::ReadError;
use crate::id::ReaderId;
use crate::planted::{PlantedBug, is_planted};

/// Reads a topic, or one partition of it, without a group. The answer to
/// [`Command::OpenReader`](crate::Command::OpenReader).
///
/// Dropping it ends the fetching. It never blocks, and its lock is held for one queue operation per partition of a
/// response, never per record. To seek is a [command](crate::Command::Seek).
pub struct Reader {
    buffer: Arc<FetchBuffer>,
    current: Option<Segment>,
}

impl Reader {
    pub(crate) fn new(buffer: Arc<FetchBuffer>) -> Self {
        Self { buffer, current: None }
    }

    /// Its name in the engine.
    pub fn id(&self) -> ReaderId {
        self.buffer.reader()
    }

    /// The topic's name.
    pub fn topic(&self) -> &Arc<str> {
        self.buffer.topic()
    }

    /// Bytes of responses that this reader holds: buffered, or in chunks and records that the application keeps.
    pub fn held_bytes(&self) -> usize {
        self.buffer.memory().used()
    }

    /// Where this partition is read on: everything before this offset was handed out, or is for nobody (markers of
    /// transactions, what was aborted, what compaction took). `None` for a partition that this reader does not have, and
    /// while a seek is under way.
    pub fn position(&self, partition: i32) -> Option<i64> {
        self.source(partition)?.position()
    }

    /// How many offsets of this partition lie between its position and its end, as its leader said last.
    pub fn lag(&self, partition: i32) -> Option<u64> {
        self.source(partition)?.lag()
    }

    /// The application is done with this record, and with all that came before it in its partition: what a member of a
    /// group commits, where that goes by marks. One that was handed out before a seek, or before its partition went and came
    /// back, is passed over.
    pub fn mark(&self, record: &OwnedRecord) {
        if let Some(source) = self.buffer.source(record.partition()) {
            source.mark_to(record.turn(), record.offset() + 1);
        }
    }

    /// The same of all records of a chunk, unless some of them could not be read.
    pub fn mark_chunk(&self, chunk: &Chunk) {
        if let Some(source) = self.buffer.source(chunk.partition()).filter(|source| !source.is_stopped()) {
            source.mark_to(chunk.turn(), chunk.next_offset());
        }
    }

    /// The same of everything that was handed out, also of partitions that are being given up.
    pub fn mark_all(&self) {
        self.buffer.sources().iter().for_each(|source| source.mark_all());
    }

    pub(super) fn source(&self, partition: i32) -> Option<Arc<Source>> {
        self.buffer.source(partition).filter(|source| !source.is_revoked())
    }

    /// Hands out nothing more of this partition, and fetches nothing more of it, until it is resumed. What was fetched is
    /// kept, and given up when others need its room; if the partition stops meanwhile, that is told behind it. A partition that this reader does not have is passed over.
    pub fn pause(&mut self, partition: i32) {
        if let Some(source) = self.buffer.source(partition) {
            let begun = self.current.take_if(|segment| segment.source.partition() == partition);
            self.buffer.pause(&source, begun);
        }
    }

    /// Takes back [`pause`](Self::pause).
    pub fn resume(&mut self, partition: i32) {
        if let Some(source) = self.buffer.source(partition) {
            self.buffer.resume(&source);
        }
    }

    /// Whether this partition is paused.
    pub fn is_paused(&self, partition: i32) -> bool {
        self.buffer.source(partition).is_some_and(|source| source.is_paused())
    }

    /// The records of the next batch; `None` once the client is closed or the last partition has stopped.
    ///
    /// An error is told once. It concerns one partition, which has stopped; the others go on. A compressed batch is
    /// decompressed here, on the caller's thread, one at a time and within
    /// [`FetchConfig::decompressed_bytes`](crate::FetchConfig::decompressed_bytes).
    ///
    /// While nothing is ready the caller is woken at every step of a [position](Self::position), too, where what came was
    /// for nobody.
    pub fn poll_next_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Chunk, ReadError>>> {
        loop {
            let chunk = self.current.as_mut().and_then(Segment::next_chunk);
            self.current.take_if(|segment| chunk.is_none() || segment.records.is_empty());
            if chunk.is_some() {
                return Poll::Ready(chunk);
            }
            match ready!(self.buffer.poll_take(cx.waker())) {
                Some(Item::Segment(segment)) => self.current = Some(segment),
                Some(Item::Failed { error, .. }) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("id", &self.id()).field("topic", self.topic()).finish_non_exhaustive()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.current = None;
        self.buffer.close();
    }
}

impl Segment {
    /// Takes the next batch off the front that may hold wanted records.
    fn next_chunk(&mut self) -> Option<Result<Chunk, ReadError>> {
        while self.source.hands_out(self.turn) {
            let Some(batch) = records::batches(&self.records).next() else {
                self.source.take_to(self.turn, self.next);
                return None;
            };
            let batch = match batch {
                Ok(batch) => batch,
                Err(error) => return self.fail(self.from, &error),
            };
            let header = *batch.header();
            let (from, len) = (self.from, batch.bytes().len());
            let wanted = header.next_offset() > from && !header.is_control && header.record_count != Some(0);
            let is_endless = is_planted(PlantedBug::DecompressesWithoutEnd);
            let limit = if is_endless { usize::MAX } else { self.source.decompressed_bytes() };
            let owned = wanted.then(|| batch.into_owned(&self.records, limit));
            self.records.advance(len);
            if header.next_offset() > from {
                (self.from, self.leader_epoch) = (header.next_offset(), header.leader_epoch);
            }
            let Some(owned) = owned else { continue };
            match owned.and_then(|batch| Chunk::new(Arc::clone(&self.source), self.turn, batch, from)) {
                Ok(Some(chunk)) => {
                    let next = if self.records.is_empty() { self.next } else { self.from };
                    self.source.hold(self.turn, from);
                    self.source.take_to(self.turn, next);
                    return Some(Ok(chunk));
                }
                Ok(None) => {}
                Err(error) => return self.fail(from, &error),
            }
        }
        None
    }

    /// The partition stops here; the error is told at once, and what is queued behind it goes.
    #[cold]
    fn fail(&self, from: i64, reason: &dyn fmt::Display) -> Option<Result<Chunk, ReadError>> {
        self.source.spoil(self.turn, from, reason);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::script::{batch, buffer, coded_batch, control_batch, emptied_batch};
    use super::*;
    use crate::wake::{DriverSignal, Notices, Wakers};
    use bytes::Bytes;
    use samsa_proto::records::{Codec, Flags};
    use std::task::Waker;

    struct Script {
        reader: Reader,
        source: Arc<Source>,
    }

    impl Script {
        fn start() -> Self {
            let (buffer, _) = buffer();
            let source = Source::new(3, &buffer);
            Self { reader: Reader::new(buffer), source }
        }

        fn pushes(&self, from: i64, records: Vec<u8>) {
            let records = self.reader.buffer.memory().charge(Bytes::from(records));
            let next = records::batches(&records).flatten().map(|batch| batch.header().next_offset());
            let (source, turn, next) = (Arc::clone(&self.source), self.source.turn(), next.max().unwrap());
            let segment = Segment { source, turn, records, from, next, leader_epoch: None };
            self.reader.buffer.push(Item::Segment(segment), &mut Wakers::default());
        }

        fn polls(&mut self) -> Poll<Option<Result<Chunk, ReadError>>> {
            self.reader.poll_next_chunk(&mut Context::from_waker(Waker::noop()))
        }

        fn chunk(&mut self) -> Chunk {
            match self.polls() {
                Poll::Ready(Some(Ok(chunk))) => chunk,
                other => panic!("{other:?}"),
            }
        }

        fn error(&mut self) -> ReadError {
            match self.polls() {
                Poll::Ready(Some(Err(error))) => error,
                other => panic!("{other:?}"),
            }
        }
    }

    fn offsets(chunk: &Chunk) -> Vec<i64> {
        chunk.records().map(|record| record.offset()).collect()
    }

    #[test]
    fn records_are_read_in_place_from_the_wanted_offset_on() {
        let mut script = Script::start();
        let bytes = [batch(10, 3), batch(13, 2)].concat();
        script.pushes(11, bytes);

        let chunk = script.chunk();
        assert_eq!((&**chunk.topic(), chunk.partition()), ("events", 3));
        assert_eq!((chunk.base_offset(), chunk.next_offset()), (11, 13));
        let read: Vec<_> =
            (&chunk).into_iter().map(|record| (record.offset(), record.key(), record.value())).collect();
        assert_eq!(read, [(11, Some(&b"k"[..]), Some(&b"11"[..])), (12, Some(b"k"), Some(b"12"))]);

        assert_eq!(offsets(&script.chunk()), [13, 14]);
        assert!(script.polls().is_pending());
    }

    #[test]
    fn every_codec_is_read() {
        for codec in [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
            let mut script = Script::start();
            script.pushes(0, coded_batch(0, 100, codec, Flags::default()));
            assert_eq!(offsets(&script.chunk()), (0..100).collect::<Vec<_>>(), "{codec}");
        }
    }

    #[test]
    fn control_and_emptied_batches_are_passed_over() {
        let mut script = Script::start();
        script.pushes(0, [control_batch(0), emptied_batch(1, 4), batch(5, 1), control_batch(6)].concat());
        let chunk = script.chunk();
        assert_eq!((chunk.base_offset(), offsets(&chunk)), (5, vec![5]));
        assert!(script.polls().is_pending());
    }

    #[test]
    fn the_position_counts_what_was_handed_out_and_what_is_for_nobody() {
        let mut script = Script::start();
        script.source.start_at(0);
        script.pushes(0, [batch(0, 2), batch(2, 1), control_batch(3)].concat());
        assert_eq!(script.reader.position(3), Some(0));
        assert_eq!(script.reader.position(4), None);
        script.chunk();
        assert_eq!(script.reader.position(3), Some(2));
        script.chunk();
        assert_eq!(script.reader.position(3), Some(3));
        script.pushes(4, control_batch(4));
        assert!(script.polls().is_pending());
        assert_eq!(script.reader.position(3), Some(5));
    }

    #[test]
    fn what_is_for_nobody_behind_a_chunk_is_not_handed_out() {
        let mut script = Script::start();
        script.source.start_at(0);
        script.pushes(0, [batch(0, 2), control_batch(2)].concat());
        let chunk = script.chunk();
        script.pushes(3, control_batch(3));
        assert!(chunk.progress().hand_out(chunk.next_offset()));
        script.reader.mark_chunk(&chunk);
        assert!(script.polls().is_pending());
        assert_eq!(script.reader.position(3), Some(4));
        assert_eq!(script.source.handed_out().map(|handed| handed.offset), Some(2));
        assert_eq!(script.source.handed_out(), script.source.done(true));
    }

    #[test]
    fn what_an_earlier_reader_of_the_topic_has_handed_out_is_not_marked() {
        let mut script = Script::start();
        script.pushes(0, batch(0, 3));
        let chunk = script.chunk();
        let signal = Arc::<DriverSignal>::default();
        let buffer = FetchBuffer::new(ReaderId(2), Arc::from("events"), 64 << 10, signal);
        let source = Source::new(3, &buffer);
        let later = Reader::new(buffer);
        later.mark_chunk(&chunk);
        chunk.into_owned_records().for_each(|record| later.mark(&record));
        assert_eq!(source.done(true), None);
    }

    #[test]
    fn a_batch_that_was_begun_is_kept_by_a_pause() {
        let mut script = Script::start();
        script.pushes(0, [batch(0, 1), batch(1, 1)].concat());
        script.pushes(2, batch(2, 1));
        script.chunk();
        script.reader.pause(3);
        assert!(script.polls().is_pending() && script.reader.is_paused(3));
        script.reader.resume(3);
        assert_eq!(offsets(&script.chunk()), [1]);
        assert_eq!(offsets(&script.chunk()), [2]);
    }

    #[test]
    fn nothing_of_an_earlier_position_epoch_is_handed_out() {
        let mut script = Script::start();
        script.pushes(0, [batch(0, 1), batch(1, 1)].concat());
        let chunk = script.chunk();
        assert!(chunk.is_current());
        script.source.begin_anew();
        script.source.start_at(9);
        assert!(script.polls().is_pending() && !chunk.is_current());
        assert_eq!(script.reader.position(3), Some(9));
        script.pushes(9, batch(9, 1));
        assert_eq!(offsets(&script.chunk()), [9]);
    }

    #[test]
    fn owned_records_are_the_same_and_share_the_chunks_memory() {
        let mut script = Script::start();
        script.pushes(1, batch(0, 3));
        let chunk = script.chunk();
        let borrowed: Vec<_> = chunk.records().map(|record| record.value().unwrap().as_ptr()).collect();
        let mut owned = chunk.into_owned_records();
        let first = owned.next().unwrap();
        assert_eq!((first.offset(), first.timestamp()), (1, Some(crate::UnixMillis(1_001))));
        assert_eq!((first.key(), first.value()), (Some(&b"k"[..]), Some(&b"1"[..])));
        assert_eq!(first.value().unwrap().as_ptr(), borrowed[0]);
        assert_eq!(owned.by_ref().map(|record| record.offset()).collect::<Vec<_>>(), [2]);

        drop(owned);
        assert_eq!(script.reader.held_bytes(), batch(0, 3).len());
        drop(first);
        assert_eq!(script.reader.held_bytes(), 0);
    }

    #[test]
    fn a_batch_that_becomes_too_large_stops_its_partition_and_is_told_once() {
        let mut script = Script::start();
        let bomb = coded_batch(5, 100_000, Codec::Gzip, Flags::default());
        script.pushes(5, [batch(4, 1), bomb].concat());
        script.pushes(100_005, batch(100_005, 1));
        script.pushes(5, batch(5, 1));

        script.reader.current = None;
        let error = loop {
            match script.polls() {
                Poll::Ready(Some(Ok(chunk))) => assert_eq!(chunk.next_offset(), 5),
                Poll::Ready(Some(Err(error))) => break error,
                other => panic!("{other:?}"),
            }
        };
        assert!(matches!(error, ReadError::Corrupt { partition: 3, offset: 5, .. }), "{error}");
        assert!(script.polls().is_pending());
        assert!(script.source.is_stopped());
    }

    #[test]
    fn a_record_that_cannot_be_read_ends_its_chunk_and_is_told_next() {
        let mut script = Script::start();
        let mut bytes = batch(0, 2);
        let last = bytes.len() - 1;
        bytes[last] = 200;
        script.pushes(0, bytes);
        script.pushes(2, batch(2, 1));

        let chunk = script.chunk();
        assert_eq!(offsets(&chunk), [0]);
        assert_eq!(offsets(&chunk), [0]);
        assert!(matches!(script.error(), ReadError::Corrupt { offset: 0, .. }));
        assert!(script.polls().is_pending());
    }

    #[test]
    fn who_could_not_read_a_record_is_done_with_what_came_before_it_only() {
        for by_message in [true, false] {
            let mut script = Script::start();
            script.source.start_at(0);
            let mut bytes = batch(0, 2);
            let last = bytes.len() - 1;
            bytes[last] = 200;
            script.pushes(0, bytes);
            let chunk = script.chunk();
            let progress = chunk.progress();
            if by_message {
                let mut owned = chunk.into_owned_records();
                assert!(owned.next().is_some());
                progress.done_to(1);
                assert!(owned.next().is_none());
            } else {
                assert_eq!(offsets(&chunk), [0]);
                script.reader.mark_chunk(&chunk);
                progress.done_to(chunk.next_offset());
            }
            progress.done();
            assert_eq!(script.source.done(true), None);
            assert_eq!(script.source.done(false).map(|done| done.offset), Some(i64::from(by_message)));
            assert_eq!(script.reader.position(3), Some(i64::from(by_message)), "and it goes on there");
        }
    }

    #[test]
    fn a_chunk_from_before_a_seek_stops_nothing() {
        let mut script = Script::start();
        let mut bytes = batch(0, 2);
        let last = bytes.len() - 1;
        bytes[last] = 200;
        script.pushes(0, bytes);
        let chunk = script.chunk();
        script.source.begin_anew();
        script.source.start_at(9);
        script.pushes(9, batch(9, 1));
        assert_eq!(offsets(&chunk), [0]);
        assert!(!script.source.is_stopped());
        assert_eq!(offsets(&script.chunk()), [9]);
    }

    #[test]
    fn dropping_the_reader_gives_everything_back_and_tells_the_engine() {
        let (buffer, signal) = buffer();
        let mut script = Script { source: Source::new(0, &buffer), reader: Reader::new(Arc::clone(&buffer)) };
        script.pushes(0, [batch(0, 1), batch(1, 1)].concat());
        script.pushes(2, batch(2, 1));
        drop(script.chunk());
        drop(script);
        assert_eq!(buffer.memory().used(), 0);
        assert!(buffer.is_closed());
        assert!(signal.take().contains(Notices::CREDIT));
    }
}
