//! What a broker has stored, as it hands it out: with which codec that is compressed is read off its bytes, not told by the code
//! under test.

use std::time::Duration;

use samsa_proto::{
    ErrorCode,
    api::fetch::{FetchPartition, FetchRequest, FetchTopic},
};
use samsa_tests::{RealKafka, Release, connect, exchange};
use samsa_tokio::Compression;

use crate::topic_with;

const PARTITIONS: i32 = 3;
const PATIENCE: Duration = Duration::from_secs(30);
/// More than a partition has.
const ENOUGH: i32 = 32 << 20;
/// From this length on, each codec makes what is published here smaller.
const SHORT: usize = 2048;

/// The version of Fetch in which a broker of this age converts nothing, and the magic of what it stores.
fn unconverted(release: Release) -> (i16, u8) {
    match release {
        Release::V0_8_2_2 | Release::V0_9_0_1 => (0, 0),
        Release::V0_10_2_2 => (2, 1),
        Release::V0_11_0_3 | Release::V1_1_1 => (4, 2),
        _ => (10, 2),
    }
}

/// The numbers of the codecs, in the lowest three bits of the attributes.
const NUMBERS: [(Compression, u8); 5] = [
    (Compression::None, 0),
    (Compression::Gzip, 1),
    (Compression::Snappy, 2),
    (Compression::Lz4, 3),
    (Compression::Zstd, 4),
];

/// A batch, or a message that stands in the set itself.
#[derive(Debug)]
struct Entry {
    magic: u8,
    codec: u8,
    length: usize,
}

fn entries(mut records: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    while let Some(length) = records.get(8..12) {
        let length = 12 + u32::from_be_bytes(length.try_into().expect("four bytes")) as usize;
        assert!(length <= records.len(), "{} bytes are not all of them", records.len());
        let (one, others) = records.split_at(length);
        let magic = one[16];
        let attributes = if magic == 2 { one[22] } else { one[17] };
        entries.push(Entry { magic, codec: attributes & 7, length });
        records = others;
    }
    entries
}

fn stored(kafka: &RealKafka, version: i16, topic: &str) -> Vec<Entry> {
    let partition =
        |partition| FetchPartition { partition, partition_max_bytes: ENOUGH, ..FetchPartition::default() };
    let mut stream = connect(&kafka.address(1), PATIENCE).expect("a connection");
    let mut all = Vec::new();
    for number in 0..PARTITIONS {
        let topic = FetchTopic { topic, partitions: vec![partition(number)], ..FetchTopic::default() };
        let request = FetchRequest { topics: vec![topic], ..FetchRequest::default() };
        let fetched = exchange(&mut stream, version, &request, |response| {
            let answers = response.responses.iter().flat_map(|topic| &topic.partitions);
            let answer = answers.into_iter().next().expect("an answer for the partition");
            assert_eq!(answer.error_code, ErrorCode::NONE);
            answer.records.as_ref().map(|records| entries(&records.pieces().collect::<Vec<_>>().concat()))
        });
        all.extend(fetched.expect("an answer").unwrap_or_default());
    }
    all
}

/// What was published with a codec is stored with it, in the form of this age; only what is short may be left as it is, where
/// compression would make it longer.
pub(crate) fn is_compressed_as_asked(kafka: &RealKafka, codecs: &[Compression]) {
    let (release, (version, magic)) = (kafka.release(), unconverted(kafka.release()));
    for (codec, number) in NUMBERS.into_iter().filter(|(codec, _)| codecs.contains(codec)) {
        let stored = stored(kafka, version, &topic_with(codec));
        let compressed = stored.iter().filter(|entry| entry.codec == number).count();
        println!("{release}: {codec:?} is {number} in {compressed} of {} of magic {magic}", stored.len());
        assert!(compressed > 0, "{release}: nothing is stored with {codec:?}");
        let is_right = |entry: &&Entry| {
            let is_left = entry.codec == 0 && entry.length < SHORT;
            entry.magic == magic && (entry.codec == number || is_left)
        };
        let wrong = stored.iter().find(|entry| !is_right(entry));
        assert!(wrong.is_none(), "{release}: {wrong:?} where {codec:?} was asked for");
    }
}
