//! What is broken is an error that says where, and never a panic.

use bytes::Bytes;
use samsa_proto::records::{self, Codec, Format, RecordsError};

use crate::support::{LIMIT, Plain, combinations, read_records, write};

fn one_record(format: Format, codec: Codec) -> Vec<u8> {
    write(format, codec, &[Plain::new(0, 3, Some(b"key"), Some(b"value"))]).to_vec()
}

/// Reads all that can be read, checksums apart.
fn read_unchecked(bytes: &[u8]) -> Result<usize, RecordsError> {
    let source = Bytes::copy_from_slice(bytes);
    let mut count = 0;
    for batch in records::batches(&source) {
        for record in batch?.into_owned(&source, LIMIT)?.records() {
            count += record?.headers().count() + 1;
        }
    }
    Ok(count)
}

#[test]
fn a_response_cut_anywhere_gives_what_is_whole() {
    for (format, codec) in combinations() {
        let whole = one_record(format, codec);
        for cut in 0..whole.len() {
            assert_eq!(read_unchecked(&whole[..cut]), Ok(0), "{format:?} {codec} cut at {cut}");
        }
    }
}

#[test]
fn a_batch_whose_end_is_missing_although_its_length_agrees_is_an_error() {
    for (format, codec) in combinations() {
        let whole = one_record(format, codec);
        for cut in 17..whole.len() {
            let mut short = whole[..cut].to_vec();
            short[8..12].copy_from_slice(&(cut as i32 - 12).to_be_bytes());
            // An LZ4 frame may lack its end mark and be all there.
            let outcome = read_unchecked(&short);
            assert!(matches!(outcome, Ok(1) | Err(_)), "{format:?} {codec} cut at {cut}: {outcome:?}");
        }
    }
}

#[test]
fn no_byte_can_be_changed_without_being_noticed_or_harmless() {
    for (format, codec) in combinations() {
        let whole = one_record(format, codec);
        for at in 0..whole.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut broken = whole.clone();
                broken[at] ^= flip;
                let _ = read_unchecked(&broken);
                let from = if format == Format::V2 { 21 } else { 16 };
                if at >= from {
                    let outcome = read_records(&Bytes::from(broken));
                    assert!(outcome.is_err(), "{format:?} {codec} byte {at} flipped by {flip:#x}");
                }
            }
        }
    }
}

#[test]
fn a_wrong_checksum_names_the_batch_and_both_values() {
    for format in [Format::V0, Format::V1, Format::V2] {
        let mut wire = one_record(format, Codec::None);
        *wire.last_mut().expect("not empty") ^= 1;
        wire[7] = 42;
        let batch = records::batches(&wire).next().expect("one").expect("well-formed");
        assert!(matches!(batch.verify(), Err(RecordsError::Checksum { offset: 42, .. })), "{format:?}");
    }
}
