//! The records of one batch, as the application reads them.

use std::iter::FusedIterator;
use std::sync::Arc;

use samsa_proto::records::{self, OwnedBatch, Position, Record, RecordsError};

use super::owned::{Kept, OwnedRecord};
use super::progress::Progress;
use super::source::Source;

/// The records of one batch of one partition, read in place: `for record in &chunk { .. }`.
///
/// The chunks of a partition come in the order of their offsets. A chunk keeps the memory of the response it came in,
/// or of its own records when they were compressed; while it is held, that much of the reader's memory is in use.
#[derive(Debug)]
pub struct Chunk {
    source: Arc<Source>,
    turn: u64,
    batch: OwnedBatch,
    from: i64,
    /// The first record from there on.
    start: Position,
}

impl Chunk {
    /// What of the batch stands at `from` or behind it; nothing, if there is none.
    pub(crate) fn new(
        source: Arc<Source>,
        turn: u64,
        batch: OwnedBatch,
        from: i64,
    ) -> Result<Option<Self>, RecordsError> {
        let mut start = Position::START;
        let mut records = batch.records();
        while let Some(record) = records.next() {
            if record?.offset() >= from {
                return Ok(Some(Self { source, turn, batch, from, start }));
            }
            start = records.position();
        }
        Ok(None)
    }

    /// The topic's name.
    pub fn topic(&self) -> &Arc<str> {
        self.source.topic()
    }

    /// The partition's number.
    pub fn partition(&self) -> i32 {
        self.source.partition()
    }

    /// Where the chunk takes over from the one before: the log holds no record between this offset and the first one
    /// here.
    pub fn base_offset(&self) -> i64 {
        self.from
    }

    /// Where the next chunk of this partition takes over. Compaction may have taken the records just before it.
    pub fn next_offset(&self) -> i64 {
        self.batch.header().next_offset()
    }

    /// Whether its partition is still read on behind it: not after a seek, nor when the
    /// partition is another member's now.
    #[inline]
    pub fn is_current(&self) -> bool {
        self.source.is_current(self.turn)
    }

    /// In which turn of its partition it was handed out.
    pub(super) fn turn(&self) -> u64 {
        self.turn
    }

    /// Where to say how far the application is with it. A reader without a group need not.
    pub fn progress(&self) -> Progress {
        Progress::new(&self.source, self.turn)
    }

    /// The records, in the order of their offsets; at least one.
    ///
    /// Records that cannot be read end the iteration; the reader then tells of it as its next item, and the partition
    /// stops.
    pub fn records(&self) -> ChunkRecords<'_> {
        ChunkRecords { records: self.batch.records_from(self.start), chunk: self }
    }

    /// The same records, one by one and each with a share of the memory, for code that keeps or sends them.
    pub fn into_owned_records(self) -> OwnedRecords {
        let (topic, partition) = (Arc::clone(self.topic()), self.partition());
        let kept = Kept { topic, partition, turn: self.turn, batch: self.batch.clone() };
        OwnedRecords { position: self.start, kept: Arc::new(kept), chunk: self }
    }
}

#[expect(clippy::into_iter_without_iter, reason = "a chunk's records are walked by `records`")]
impl<'a> IntoIterator for &'a Chunk {
    type Item = Record<'a>;
    type IntoIter = ChunkRecords<'a>;

    fn into_iter(self) -> ChunkRecords<'a> {
        self.records()
    }
}

/// The records of a [`Chunk`], in place.
#[derive(Clone, Debug)]
pub struct ChunkRecords<'a> {
    records: records::Records<'a>,
    chunk: &'a Chunk,
}

impl<'a> Iterator for ChunkRecords<'a> {
    type Item = Record<'a>;

    #[inline]
    fn next(&mut self) -> Option<Record<'a>> {
        match self.records.next() {
            Some(Ok(record)) => Some(record),
            Some(Err(error)) => self.end_at(&error),
            None => None,
        }
    }
}

impl<'a> ChunkRecords<'a> {
    #[cold]
    fn end_at(&self, error: &RecordsError) -> Option<Record<'a>> {
        self.chunk.source.spoil(self.chunk.turn, self.chunk.from, error);
        None
    }
}

impl FusedIterator for ChunkRecords<'_> {}

/// The records of a [`Chunk`], each with a share of its memory. Made by [`Chunk::into_owned_records`].
#[derive(Debug)]
pub struct OwnedRecords {
    chunk: Chunk,
    kept: Arc<Kept>,
    position: Position,
}

impl OwnedRecords {
    /// The chunk that they stand in.
    pub fn chunk(&self) -> &Chunk {
        &self.chunk
    }

    /// The offset of the next of them; where the chunk after it takes over, when there is none.
    pub fn position(&self) -> i64 {
        let next = self.chunk.batch.records_from(self.position).next().and_then(Result::ok);
        next.map_or(self.chunk.next_offset(), |record| record.offset())
    }
}

impl Iterator for OwnedRecords {
    type Item = OwnedRecord;

    #[inline]
    fn next(&mut self) -> Option<OwnedRecord> {
        let mut records =
            ChunkRecords { records: self.chunk.batch.records_from(self.position), chunk: &self.chunk };
        let record = records.next();
        self.position = records.records.position();
        record.map(|record| OwnedRecord::new(&self.kept, &record))
    }
}
