//! What a broker looks at before it appends a batch.

use samsa_core::Now;
use samsa_proto::ErrorCode;
use samsa_proto::records::{self, Batch, BatchHeader, Codec, Format, RecordsError};

use super::config::ClusterConfig;
use super::release::Release;

/// Why a batch is refused: the code for the client, and, when no correct client could have sent it, what is wrong.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: ErrorCode,
    pub(super) complaint: Option<String>,
}

/// Most bytes that one batch may be decompressed to.
const DECOMPRESSED: usize = 64 << 20;

/// How far ahead of the broker's clock a timestamp may be from 4.0 on (KIP-1030), in ms.
const AHEAD_MS: i64 = 3_600_000;

/// Checks the records of one partition in a Produce request of this version.
pub(super) fn validate(
    config: &ClusterConfig,
    release: Release,
    now: Now,
    version: i16,
    records: &[u8],
) -> Result<BatchHeader, Refusal> {
    if records.len() > config.batch_bytes {
        return Err(refused(ErrorCode::MESSAGE_TOO_LARGE));
    }
    if release < Release::V0_11 {
        return set_of_messages(records, release.format());
    }
    // Messages of old are taken in their own requests, as what was begun at a leader of 0.10.
    if version == 2 {
        return set_of_messages(records, Format::V1);
    }
    if version < 2 {
        return Err(refused(ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT));
    }
    let batch = only_batch(records)?;
    let header = *batch.header();
    let corrupt = |error: RecordsError| wrong(ErrorCode::CORRUPT_MESSAGE, error.to_string());
    batch.verify().map_err(corrupt)?;
    if header.codec == Codec::Zstd && version < 7 {
        return Err(refused(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE));
    }
    if header.is_control {
        return Err(wrong(ErrorCode::INVALID_RECORD, "a control batch".to_owned()));
    }
    if header.identity.is_some_and(|identity| identity.base_sequence < 0) {
        return Err(wrong(ErrorCode::INVALID_RECORD, "a sequence number below 0".to_owned()));
    }
    check_records(&batch, &header)?;
    if release >= Release::V4_4 && header.max_timestamp > now.wall.0 + AHEAD_MS {
        return Err(refused(ErrorCode::INVALID_TIMESTAMP));
    }
    Ok(header)
}

fn refused(code: ErrorCode) -> Refusal {
    Refusal { code, complaint: None }
}

fn wrong(code: ErrorCode, complaint: String) -> Refusal {
    Refusal { code, complaint: Some(complaint) }
}

/// Before record batches there are messages, all of the broker's own format.
fn set_of_messages(bytes: &[u8], expected: Format) -> Result<BatchHeader, Refusal> {
    let mut all = records::batches(bytes);
    let mut first = None;
    for batch in all.by_ref() {
        let batch = batch.map_err(|error| wrong(ErrorCode::CORRUPT_MESSAGE, error.to_string()))?;
        batch.verify().map_err(|error| wrong(ErrorCode::CORRUPT_MESSAGE, error.to_string()))?;
        let format = batch.header().format;
        if format != expected {
            let text = format!("messages of format {} to a log of {}", format.magic(), expected.magic());
            return Err(wrong(ErrorCode::CORRUPT_MESSAGE, text));
        }
        first = first.or(Some(*batch.header()));
    }
    let behind = all.rest().len();
    first.filter(|_| behind == 0).ok_or_else(|| {
        let text = format!("{behind} of {} bytes are no whole message", bytes.len());
        wrong(ErrorCode::CORRUPT_MESSAGE, text)
    })
}

/// From version 3 on there is exactly one batch, of format 2, whole.
fn only_batch(bytes: &[u8]) -> Result<Batch<'_>, Refusal> {
    let mut all = records::batches(bytes);
    let first = all.next();
    let invalid = |text: String| wrong(ErrorCode::INVALID_RECORD, text);
    let batch = match first {
        None => return Err(invalid(format!("{} bytes without a whole batch", bytes.len()))),
        Some(Err(error)) => return Err(wrong(ErrorCode::CORRUPT_MESSAGE, error.to_string())),
        Some(Ok(batch)) => batch,
    };
    if batch.bytes().len() != bytes.len() {
        return Err(invalid(format!("{} bytes after the first batch", bytes.len() - batch.bytes().len())));
    }
    if batch.header().format != Format::V2 {
        return Err(invalid(format!("a batch of format {}", batch.header().format.magic())));
    }
    Ok(batch)
}

/// Offsets count from the batch's base, one by one, and as many records are there as the header says.
fn check_records(batch: &Batch<'_>, header: &BatchHeader) -> Result<(), Refusal> {
    let invalid = |text: String| wrong(ErrorCode::INVALID_RECORD, text);
    let owned =
        batch.decompress(DECOMPRESSED, bytes::BytesMut::new()).map_err(|error| invalid(error.to_string()))?;
    let mut expected = header.base_offset;
    for record in owned.records() {
        let record = record.map_err(|error| invalid(error.to_string()))?;
        if record.offset() != expected {
            return Err(invalid(format!("offset {} where {expected} was to come", record.offset())));
        }
        expected += 1;
    }
    if expected != header.next_offset() || expected == header.base_offset {
        let (found, said) = (expected - header.base_offset, header.next_offset() - header.base_offset);
        return Err(invalid(format!("{found} records where the header says {said}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use samsa_core::{Instant, UnixMillis};
    use samsa_proto::records::{BatchBuilder, Flags};

    use super::*;

    const NOW: Now = Now { mono: Instant::START, wall: UnixMillis(1_000_000) };

    fn batch(timestamp: i64) -> Vec<u8> {
        let mut builder = BatchBuilder::new(BytesMut::new());
        builder.append(timestamp, Some(b"key"), Some(b"value"), []).unwrap();
        builder.append(timestamp, None, Some(b"value"), []).unwrap();
        let sealed = builder.seal();
        [sealed.header(None, Flags::default()), sealed.body().clone()].concat()
    }

    fn code(config: &ClusterConfig, version: i16, bytes: &[u8]) -> ErrorCode {
        validate(config, config.release, NOW, version, bytes)
            .map_or_else(|refusal| refusal.code, |_| ErrorCode::NONE)
    }

    #[test]
    fn a_good_batch_is_taken() {
        let header = validate(&ClusterConfig::default(), Release::V3_9, NOW, 9, &batch(5)).unwrap();
        assert_eq!(header.record_count, Some(2));
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let config = ClusterConfig::default();
        let good = batch(5);
        // The base offset and the leader epoch are the broker's to fill in.
        let covered = (8..good.len()).filter(|at| !(12..16).contains(at));
        for at in covered {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            let refusal = validate(&config, Release::V3_9, NOW, 9, &bad).unwrap_err();
            assert!(refusal.complaint.is_some(), "byte {at}: {refusal:?}");
        }
    }

    #[test]
    fn nothing_two_batches_and_half_a_batch_are_refused() {
        let config = ClusterConfig::default();
        let good = batch(5);
        for bad in [&[][..], &good[..good.len() - 1], &[good.clone(), good.clone()].concat()] {
            assert_eq!(code(&config, 9, bad), ErrorCode::INVALID_RECORD);
        }
    }

    #[test]
    fn what_a_client_cannot_know_is_refused_without_a_complaint() {
        let small = ClusterConfig { batch_bytes: 10, ..ClusterConfig::default() };
        let newest = ClusterConfig { release: Release::V4_4, ..ClusterConfig::default() };
        let early = batch(NOW.wall.0 + AHEAD_MS + 1);
        for (config, bytes, expected) in
            [(&small, batch(5), ErrorCode::MESSAGE_TOO_LARGE), (&newest, early, ErrorCode::INVALID_TIMESTAMP)]
        {
            let refusal = validate(config, config.release, NOW, 9, &bytes).unwrap_err();
            assert_eq!(refusal, Refusal { code: expected, complaint: None });
        }
    }
}
