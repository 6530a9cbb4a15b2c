//! Record batches and message sets, and the four codecs.
//!
//! The first byte says what the input is; the rest is what a Fetch response holds, or what is compressed (behind a byte
//! for codec and format), or a script of records to write.

use bytes::{Bytes, BytesMut};
use samsa_proto::records::{
    self, Batch, Builder, Codec, ControlRecord, EncodeError, Flags, Format, Header, Identity, OwnedBatch,
    Position, Record, RecordsError, Sealed,
};

use crate::script::Script;
use crate::within_memory;

/// The most bytes that a batch may take when decompressed.
const LIMIT: usize = 64 * 1024;

/// What decompressors need for themselves; the most is that of Zstandard, whose window grows by being copied.
const WORK: usize = 3 * 512 * 1024;

const FORMATS: [Format; 3] = [Format::V0, Format::V1, Format::V2];
const CODECS: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

/// What the rest of an input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The bytes of a records field.
    Batches = 0,
    /// Compressed bytes.
    Compressed,
    /// Records to write.
    Script,
}

/// An input: what [`run`] takes apart.
pub fn input(kind: Kind, rest: &[u8]) -> Vec<u8> {
    [&[kind as u8], rest].concat()
}

/// The byte in front of compressed bytes.
pub fn form(format: Format, codec: Codec) -> u8 {
    codec.id() * 3 + format.magic() as u8
}

/// The target.
pub fn run(data: &[u8]) {
    let mut script = Script::new(data);
    match script.choice(3) {
        0 => batches(&Bytes::copy_from_slice(script.rest())),
        1 => compressed(&mut script),
        _ => written(&mut script),
    }
}

fn batches(bytes: &Bytes) {
    let mut walk = records::batches(bytes);
    let mut end = 0;
    while let Some(batch) = walk.next() {
        let Ok(batch) = batch else { break };
        assert_eq!(batch.start(), end);
        end += batch.bytes().len();
        assert_eq!(walk.rest().len(), bytes.len() - end);
        self::batch(batch, bytes);
    }
    assert!(walk.next().is_none());
    assert_eq!(walk.rest().len(), bytes.len() - end);
}

fn batch(batch: Batch<'_>, bytes: &Bytes) {
    let header = *batch.header();
    let _ = batch.verify();
    assert!(header.next_offset() >= header.last_offset);
    let memory = WORK + 2 * LIMIT + 4 * batch.bytes().len();
    match within_memory(memory, || batch.into_owned(bytes, LIMIT)) {
        Ok(owned) => {
            assert!(header.codec == Codec::None || owned.len() <= LIMIT);
            records(&owned);
            if let Ok(in_place) = batch.records() {
                assert!(in_place.eq(owned.records()));
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn records(owned: &OwnedBatch) {
    let header = owned.header();
    let mut whole = Vec::new();
    let mut position = Position::START;
    loop {
        let mut records = owned.records_from(position);
        match records.next() {
            Some(Ok(record)) => {
                record.key().into_iter().chain(record.value()).for_each(|part| {
                    assert_eq!(owned.share(part), part);
                });
                if header.is_control {
                    let _ = ControlRecord::decode(&record);
                }
                whole.push(record);
            }
            Some(Err(error)) => {
                assert!(!error.to_string().is_empty());
                assert!(records.next().is_none());
                break;
            }
            None => {
                let counted = header.record_count.map(|count| count as usize);
                assert!(counted.is_none_or(|count| count == whole.len()), "{counted:?} {}", whole.len());
                rebuilt(owned, &whole);
                break;
            }
        }
        position = records.position();
    }
    let at_once = owned.records().filter_map(Result::ok);
    assert!(at_once.eq(whole));
}

/// What was read is written, and reads as the same.
fn rebuilt(owned: &OwnedBatch, records: &[Record<'_>]) {
    let header = owned.header();
    let mut builder = Builder::new(BytesMut::new(), header.format);
    for record in records {
        // A header's name that is no UTF-8 can be read but not written.
        let names: Vec<_> = record.headers().map(|header| header.key()).collect();
        let headers =
            names.iter().zip(record.headers()).map(|(name, header)| Header::new(name, header.value()));
        let said = builder.encoded_len(record.timestamp(), record.key(), record.value(), headers.clone());
        let before = builder.len();
        builder.append(record.timestamp(), record.key(), record.value(), headers).expect("it fits");
        assert_eq!(builder.len() - before, said);
    }
    let flags = Flags { transactional: header.is_transactional, control: header.is_control };
    let again = sealed(
        &builder.seal().compress(header.codec, None).expect("it has the codec"),
        header.identity,
        flags,
    );
    let mut read = Vec::new();
    for batch in records::batches(&again) {
        let batch = batch.expect("what was written can be read");
        batch.verify().expect("what was written has the right checksum");
        let copy = batch.into_owned(&again, usize::MAX).expect("what was written decompresses");
        assert_eq!((copy.header().identity, copy.header().codec), (header.identity, header.codec));
        read.extend(copy.records().map(|record| content(&record.expect("what was written can be read"))));
    }
    // An empty message set has no bytes, whatever its codec; a batch without records is one.
    assert_eq!(read, records.iter().map(content).collect::<Vec<_>>());
}

type Content = (i64, Option<Vec<u8>>, Option<Vec<u8>>, Vec<(String, Option<Vec<u8>>)>);

fn content(record: &Record<'_>) -> Content {
    let own = |part: Option<&[u8]>| part.map(<[u8]>::to_vec);
    let headers = record.headers().map(|header| (header.key().into_owned(), own(header.value())));
    (record.timestamp(), own(record.key()), own(record.value()), headers.collect())
}

fn sealed(sealed: &Sealed, identity: Option<Identity>, flags: Flags) -> Bytes {
    let parts = [sealed.header(identity, flags), sealed.body().clone()];
    let bytes = Bytes::from(parts.concat());
    assert_eq!(bytes.len(), sealed.encoded_len());
    bytes
}

fn compressed(script: &mut Script<'_>) {
    let form = script.choice(CODECS.len() * FORMATS.len());
    let (codec, format) = (CODECS[form / 3], FORMATS[form % 3]);
    let compressed = script.rest();
    let mut out = Vec::new();
    let memory = WORK + 2 * LIMIT + compressed.len();
    match within_memory(memory, || records::decompress(codec, format, compressed, LIMIT, &mut out)) {
        Ok(()) => assert!(out.len() <= LIMIT),
        Err(RecordsError::TooLarge { limit }) => assert_eq!(limit, LIMIT),
        Err(error) => assert!(matches!(error, RecordsError::Decompression { .. }), "{error}"),
    }
}

/// Records made of the script come back from every codec as they went in.
fn written(script: &mut Script<'_>) {
    let format = FORMATS[script.choice(3)];
    let flags = script.byte();
    let flags = Flags { transactional: flags & 1 == 1, control: flags & 2 == 2 };
    let identity = script.flag().then(|| Identity {
        producer_id: script.int64().saturating_abs(),
        producer_epoch: script.number() as i16,
        base_sequence: i32::from(script.number()),
    });
    let mut builder = Builder::new(BytesMut::new(), format);
    let mut expected = Vec::new();
    while !script.is_over() && expected.len() < 1000 {
        append(script, &mut builder, &mut expected);
    }
    let plain = builder.seal();
    for codec in CODECS {
        match plain.compress(codec, None) {
            Ok(batch) => {
                let read = read_back(&sealed(&batch, identity, flags));
                assert_eq!(read, expected, "{format:?} {codec}");
            }
            Err(error) => assert_eq!(error, EncodeError::CodecUnsupported { codec, format }),
        }
    }
}

fn append(script: &mut Script<'_>, builder: &mut Builder, expected: &mut Vec<Content>) {
    let format = builder.format();
    let timestamp = if script.flag() { script.int64() } else { i64::from(script.byte()) };
    let (key, value) = (script.nullable(), script.nullable());
    // A run of the same, so that there is something to compress.
    let run = value.filter(|_| script.flag()).map(|value| value.repeat(1 + usize::from(script.byte())));
    let value = run.as_deref().or(value);
    let headers: Vec<_> = (0..script.choice(4))
        .map(|_| (String::from_utf8_lossy(script.bytes()).into_owned(), script.nullable()))
        .collect();
    let written = headers.iter().map(|(name, value)| Header::new(name, *value));
    let index = builder.count();
    match builder.append(timestamp, key, value, written) {
        Ok(at) => assert_eq!(at, index),
        Err(error) => {
            assert_eq!(error, EncodeError::HeadersUnsupported { format });
            assert!(!headers.is_empty());
            return;
        }
    }
    let own = |part: Option<&[u8]>| part.map(<[u8]>::to_vec);
    let timestamp = if format == Format::V0 { records::NO_TIMESTAMP } else { timestamp };
    let headers = headers.into_iter().map(|(name, value)| (name, own(value)));
    expected.push((timestamp, own(key), own(value), headers.collect()));
}

fn read_back(bytes: &Bytes) -> Vec<Content> {
    let mut all = Vec::new();
    for batch in records::batches(bytes) {
        let batch = batch.expect("what was written can be read");
        batch.verify().expect("what was written has the right checksum");
        let owned = batch.into_owned(bytes, usize::MAX).expect("what was written decompresses");
        all.extend(owned.records().map(|record| content(&record.expect("what was written can be read"))));
    }
    all
}
