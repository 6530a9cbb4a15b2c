//! What the tests write, and how they read it back.

use bytes::{Bytes, BytesMut};
use samsa_proto::records::{self, Builder, Codec, Flags, Format, Header, OwnedBatch, RecordsError};

pub(crate) const FORMATS: [Format; 3] = [Format::V0, Format::V1, Format::V2];
pub(crate) const CODECS: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];
pub(crate) const LIMIT: usize = 16 * 1024 * 1024;

/// A record that owns its parts, as the tests compare it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plain {
    pub(crate) offset: i64,
    pub(crate) timestamp: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Plain {
    pub(crate) fn new(offset: i64, timestamp: i64, key: Option<&[u8]>, value: Option<&[u8]>) -> Self {
        let (key, value) = (key.map(<[u8]>::to_vec), value.map(<[u8]>::to_vec));
        Self { offset, timestamp, key, value, headers: Vec::new() }
    }

    pub(crate) fn header(mut self, key: &str, value: Option<&[u8]>) -> Self {
        self.headers.push((key.to_owned(), value.map(<[u8]>::to_vec)));
        self
    }
}

/// The formats and codecs that go together.
pub(crate) fn combinations() -> impl Iterator<Item = (Format, Codec)> {
    let all = FORMATS.into_iter().flat_map(|format| CODECS.map(|codec| (format, codec)));
    all.filter(|&(format, codec)| codec != Codec::Zstd || format == Format::V2)
}

/// What goes on the wire for these records.
pub(crate) fn write(format: Format, codec: Codec, records: &[Plain]) -> Bytes {
    let mut builder = Builder::new(BytesMut::new(), format);
    for record in records {
        let headers = record.headers.iter().map(|(key, value)| Header::new(key, value.as_deref()));
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        builder.append(record.timestamp, key, value, headers).expect("the format takes the record");
    }
    let sealed = builder.seal().compress(codec, None).expect("the format has the codec");
    Bytes::from([sealed.header(None, Flags::default()), sealed.body().clone()].concat())
}

/// All batches, checked and decompressed.
pub(crate) fn read(bytes: &Bytes) -> Result<Vec<OwnedBatch>, RecordsError> {
    let check = |batch: Result<records::Batch<'_>, RecordsError>| {
        let batch = batch?;
        batch.verify()?;
        batch.into_owned(bytes, LIMIT)
    };
    records::batches(bytes).map(check).collect()
}

/// All records of all batches.
pub(crate) fn read_records(bytes: &Bytes) -> Result<Vec<Plain>, RecordsError> {
    let mut all = Vec::new();
    for batch in read(bytes)? {
        for record in batch.records() {
            all.push(plain(&record?));
        }
    }
    Ok(all)
}

pub(crate) fn plain(record: &records::Record<'_>) -> Plain {
    let headers = record.headers();
    let headers = headers.map(|header| (header.key().into_owned(), header.value().map(<[u8]>::to_vec)));
    Plain {
        headers: headers.collect(),
        ..Plain::new(record.offset(), record.timestamp(), record.key(), record.value())
    }
}
