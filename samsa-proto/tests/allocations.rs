//! Memory is reserved per batch, never per record.

use std::hint::black_box;

use allocation_counter::measure;
use bytes::{Bytes, BytesMut};
use samsa_proto::records::{self, Builder, Codec, Flags, Format, Header, OwnedBatch, Position};

const FORMATS: [Format; 3] = [Format::V0, Format::V1, Format::V2];
const RECORDS: i64 = 1000;
const LIMIT: usize = 256 * 1024;

fn fill(builder: &mut Builder) {
    let with_headers = builder.format() == Format::V2;
    for index in 0..RECORDS {
        let header = Header::new("trace", Some(b"1234"));
        let headers = with_headers.then_some(header).into_iter();
        builder.append(index, Some(b"key"), Some(&[b'.'; 100]), headers).expect("it fits");
    }
}

fn wire(format: Format, codec: Codec) -> Bytes {
    let mut builder = Builder::new(BytesMut::new(), format);
    fill(&mut builder);
    let sealed = builder.seal().compress(codec, None).expect("the format has the codec");
    Bytes::from([sealed.header(None, Flags::default()), sealed.body().clone()].concat())
}

fn own(source: &Bytes) -> OwnedBatch {
    let batch = records::batches(source).next().expect("one").expect("well-formed");
    batch.into_owned(source, LIMIT).expect("well-formed")
}

/// Reads every record and every header.
fn read(batch: &OwnedBatch) {
    for record in batch.records() {
        for header in record.expect("well-formed").headers() {
            black_box((header.key_bytes(), header.value()));
        }
    }
}

#[test]
fn appending_to_a_buffer_with_room_allocates_nothing() {
    for format in FORMATS {
        let mut builder = Builder::new(BytesMut::with_capacity(256 * 1024), format);
        let found = measure(|| fill(&mut builder));
        assert_eq!(i64::from(builder.count()), RECORDS);
        assert_eq!(found.count_total, 0, "{format:?}");
    }
}

#[test]
fn sealing_allocates_at_most_once_and_a_header_once() {
    for format in FORMATS {
        let mut builder = Builder::new(BytesMut::with_capacity(256 * 1024), format);
        fill(&mut builder);
        let mut sealed = None;
        let sealing = measure(|| sealed = Some(builder.seal()));
        assert!(sealing.count_total <= 1, "{format:?}: {}", sealing.count_total);
        let sealed = sealed.expect("sealed");
        let header = measure(|| drop(black_box(sealed.header(None, Flags::default()))));
        assert_eq!(header.count_total, u64::from(format == Format::V2), "{format:?}");
    }
}

#[test]
fn reading_in_place_allocates_nothing() {
    for format in FORMATS {
        let wire = wire(format, Codec::None);
        let found = measure(|| {
            for batch in records::batches(&wire) {
                let batch = batch.expect("well-formed");
                batch.verify().expect("the checksum is right");
                assert_eq!(batch.records().expect("not compressed").count() as i64, RECORDS);
            }
        });
        assert_eq!(found.count_total, 0, "{format:?}");
    }
}

#[test]
fn an_owned_batch_is_read_again_and_again_without_allocating() {
    for format in FORMATS {
        for codec in [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4] {
            let batch = own(&wire(format, codec));
            let found = measure(|| {
                read(&batch);
                read(&batch);
                let mut records = batch.records_from(Position::START);
                while records.next().is_some() {
                    records = batch.records_from(records.position());
                }
            });
            assert_eq!(found.count_total, 0, "{format:?} {codec}");
        }
    }
}

#[test]
fn a_bomb_never_holds_much_more_than_its_limit() {
    let zeros = vec![0; 16 * LIMIT];
    let mut builder = Builder::new(BytesMut::new(), Format::V2);
    builder.append(0, None, Some(&zeros), []).expect("it fits");
    drop(zeros);
    let sealed = builder.seal();
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let bomb = sealed.compress(codec, None).expect("format 2 has all codecs");
        let mut plain = Vec::new();
        let found = measure(|| {
            let error = records::decompress(codec, Format::V2, bomb.body(), LIMIT, &mut plain);
            assert_eq!(error, Err(records::RecordsError::TooLarge { limit: LIMIT }), "{codec}");
        });
        // The output grows by doubling, and a codec has a window of its own.
        assert!(found.bytes_max <= 8 * LIMIT as u64, "{codec}: {} bytes", found.bytes_max);
    }
}

/// A frame of Zstandard whose window is 128 MiB, with so many blocks of 128 KiB that repeat one byte.
fn zstandard_of_one_window(blocks: usize) -> Vec<u8> {
    const BLOCK: u32 = 128 * 1024;
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88];
    for block in 1..=blocks {
        let header = u32::from(block == blocks) | 1 << 1 | BLOCK << 3;
        frame.extend(&header.to_le_bytes()[..3]);
        frame.push(b'x');
    }
    frame
}

#[test]
fn a_bomb_within_the_window_that_it_asks_for_never_holds_much_more_than_its_limit() {
    let mut plain = Vec::new();
    let fits = records::decompress(Codec::Zstd, Format::V2, &zstandard_of_one_window(2), LIMIT, &mut plain);
    assert_eq!((fits, plain.len()), (Ok(()), LIMIT));

    let bomb = zstandard_of_one_window(700);
    let found = measure(|| {
        let error = records::decompress(Codec::Zstd, Format::V2, &bomb, LIMIT, &mut plain);
        assert_eq!(error, Err(records::RecordsError::TooLarge { limit: LIMIT }));
    });
    assert!(found.bytes_max <= 8 * LIMIT as u64, "{} bytes", found.bytes_max);
}

#[test]
fn a_frame_of_lz4_that_announces_large_blocks_costs_no_more_than_what_is_in_it() {
    let mut frame = vec![0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73];
    frame.extend(0x8000_0003_u32.to_le_bytes());
    frame.extend(b"abc\0\0\0\0");
    let mut plain = Vec::new();
    let found = measure(|| {
        records::decompress(Codec::Lz4, Format::V2, &frame, usize::MAX, &mut plain).expect("a frame");
    });
    assert_eq!(plain, b"abc");
    assert!(found.bytes_max <= 512 * 1024, "{} bytes", found.bytes_max);
}
