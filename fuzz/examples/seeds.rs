//! Writes the seeds that are made from the code's own tables and from recorded bytes: `seeds/<target>/made-*`.
//!
//! Messages come from the scribe of samsa-proto's tests, which writes any API and version from its description.

#[path = "../../samsa-proto/tests/messages/scribe.rs"]
mod scribe;

#[path = "seeds/engine.rs"]
mod engine;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use bytes::{Bytes, BytesMut};
use samsa_fuzz::{kafka07, messages, records, znodes};
use samsa_proto::api::Api;
use samsa_proto::api::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use samsa_proto::api::consumer_protocol::{
    ConsumerProtocolAssignment, ConsumerProtocolSubscription, TopicPartition,
};
use samsa_proto::api::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use samsa_proto::api::metadata::{MetadataRequest, MetadataRequestTopic};
use samsa_proto::kafka07::{Codec as Codec07, Frame, Magic, SetBuilder, split_frame};
use samsa_proto::records::{Builder, Codec, Flags, Format, Header, Identity, NO_TIMESTAMP};
use samsa_proto::wire::Version;
use samsa_proto::{ErrorCode, encode_request, encode_response};
use scribe::Scribe;

const RECORDS: &str = include_str!("../../samsa-proto/tests/data/records/kafka-clients-3.9.2.txt");
const BROKERS: &str = include_str!("../../samsa-proto/tests/data/zookeeper/brokers.txt");
const GROUPS: &str = include_str!("../../samsa-proto/tests/data/zookeeper/groups.txt");
const WIRE_07: &str = include_str!("../../samsa-proto/tests/data/kafka07/wire-vectors.txt");
const CLIENTS_07: &str = include_str!("../../samsa-proto/tests/data/kafka07/scala-clients.txt");

fn main() -> io::Result<()> {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    Seeds::of(&seeds, "messages")?.write_all(message_seeds())?;
    Seeds::of(&seeds, "records")?.write_all(record_seeds())?;
    Seeds::of(&seeds, "znodes")?.write_all(znode_seeds())?;
    Seeds::of(&seeds, "kafka07")?.write_all(kafka07_seeds())?;
    Seeds::of(&seeds, "engine")?.write_all(engine::seeds())
}

type Named = (String, Vec<u8>);

/// The directory of one target.
struct Seeds {
    directory: PathBuf,
    written: BTreeSet<Vec<u8>>,
}

impl Seeds {
    /// Empties the directory of what was made before.
    fn of(seeds: &Path, target: &str) -> io::Result<Self> {
        let directory = seeds.join(target);
        fs::create_dir_all(&directory)?;
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with("made-") {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(Self { directory, written: BTreeSet::new() })
    }

    /// One file for each different input.
    fn write_all(mut self, seeds: Vec<Named>) -> io::Result<()> {
        for (name, input) in seeds {
            if self.written.insert(input.clone()) {
                fs::write(self.directory.join(format!("made-{name}")), input)?;
            }
        }
        println!("{} in {}", self.written.len(), self.directory.display());
        Ok(())
    }
}

/// Each API at its newest version, both ways, the response also at its first one where that has another form; and a few
/// frames.
fn message_seeds() -> Vec<Named> {
    use messages::Kind;
    let mut seeds = Vec::new();
    for api in Api::ALL {
        let (first, newest) = (*api.versions.start(), *api.versions.end());
        let first = Some(first).filter(|first| *first < api.flexible && newest >= api.flexible);
        for version in first.into_iter().chain([newest]) {
            let at = Version { number: version, flexible: version >= api.flexible };
            for (kind, half) in [(Kind::Response, &api.response), (Kind::Request, &api.request)] {
                if version != newest && kind == Kind::Request {
                    continue;
                }
                let body = Scribe::new(seed(half.kind, at)).message(half.kind, at);
                seeds.push((
                    format!("{}-v{version}", half.name),
                    messages::input(kind, api.key, version, &body),
                ));
            }
        }
    }
    seeds.extend(frame_seeds());
    let owned = vec![TopicPartition { topic: "t", partitions: vec![1] }];
    let subscription = ConsumerProtocolSubscription {
        topics: vec!["t"],
        user_data: Some(b"u"),
        owned_partitions: owned.clone(),
        generation_id: 7,
        rack_id: Some("r"),
    };
    let subscription = subscription.write(3).expect("a subscription");
    seeds.push(("subscription".into(), messages::input(Kind::Subscription, 0, 0, &subscription)));
    let assignment = ConsumerProtocolAssignment { assigned_partitions: owned, user_data: None };
    let assignment = assignment.write(1).expect("an assignment");
    seeds.push(("assignment".into(), messages::input(Kind::Assignment, 0, 0, &assignment)));
    seeds
}

/// Of some, the one with a message that has much in it but is not long.
fn seed(kind: samsa_proto::wire::Kind, at: Version) -> u64 {
    let len = |seed: &u64| Scribe::new(*seed).message(kind, at).len();
    (0..20).filter(|seed| len(seed) <= 600).max_by_key(len).unwrap_or(0)
}

fn frame_seeds() -> Vec<Named> {
    let topic = MetadataRequestTopic { name: Some("events"), ..Default::default() };
    let request = MetadataRequest { topics: Some(vec![topic]), ..Default::default() };
    let heartbeat = HeartbeatRequest { group_id: "g", member_id: "m", ..Default::default() };
    let refusal = ApiVersionsResponse { error_code: ErrorCode::UNSUPPORTED_VERSION, ..Default::default() };
    let client = Some("fuzz");
    let requests = [
        ("metadata", encode_request(7, client, 12, &request)),
        ("heartbeat", encode_request(8, None, 0, &heartbeat)),
        ("api-versions", encode_request(9, client, 4, &ApiVersionsRequest::default())),
    ];
    let responses = [
        ("api-versions", 4, encode_response::<ApiVersionsRequest<'_>>(9, 4, &ApiVersionsResponse::default())),
        ("api-versions-refused", 4, encode_response::<ApiVersionsRequest<'_>>(9, 0, &refusal)),
        ("heartbeat", 4, encode_response::<HeartbeatRequest<'_>>(8, 4, &HeartbeatResponse::default())),
    ];
    let mut seeds = Vec::new();
    for (name, frame) in requests {
        let input =
            messages::input(messages::Kind::RequestFrame, 0, 0, &frame.expect("a frame").concat()[4..]);
        seeds.push((format!("request-frame-{name}"), input));
    }
    for (name, version, frame) in responses {
        let key = if name == "heartbeat" { 12 } else { 18 };
        let frame = frame.expect("a frame").concat();
        let input = messages::input(messages::Kind::ResponseFrame, key, version, &frame[4..]);
        seeds.push((format!("response-frame-{name}"), input));
    }
    seeds
}

/// What Apache's classes wrote, what ours write, compressed bytes alone, and records to write.
fn record_seeds() -> Vec<Named> {
    use records::Kind;
    let mut seeds = Vec::new();
    for line in RECORDS.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<_> = line.split(' ').collect();
        let [magic, what, hex] = words[..] else { panic!("{line}") };
        seeds.push((format!("java-{magic}-{what}"), records::input(Kind::Batches, &unhex(hex))));
    }
    for format in [Format::V0, Format::V1, Format::V2] {
        for codec in [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
            let name = format!("{}-{codec}", format.magic());
            let Some(batch) = batch(format, codec) else { continue };
            seeds.push((format!("ours-{name}"), records::input(Kind::Batches, &batch)));
            let compressed = match format {
                Format::V2 => batch.slice(61..),
                Format::V1 => batch.slice(34..),
                Format::V0 => batch.slice(26..),
            };
            let input = [&[records::form(format, codec)], &compressed[..]].concat();
            seeds.push((format!("compressed-{name}"), records::input(Kind::Compressed, &input)));
        }
    }
    let mixed =
        [batch(Format::V0, Codec::Gzip), batch(Format::V1, Codec::None), batch(Format::V2, Codec::Lz4)];
    let mixed = mixed.map(|batch| batch.expect("they go together")).concat();
    seeds.push(("mixed".into(), records::input(Kind::Batches, &mixed)));
    seeds.push(("cut".into(), records::input(Kind::Batches, &mixed[..mixed.len() - 9])));
    for format in 0..3 {
        let script =
            [&[format, 3, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 3, 0, 9][..], &RECORD_SCRIPT.repeat(3)].concat();
        seeds.push((format!("script-{format}"), records::input(Kind::Script, &script)));
    }
    seeds
}

/// A short timestamp, a key, a value that is repeated, no or one header.
const RECORD_SCRIPT: &[u8] = &[0, 5, 1, 3, b'k', b'e', b'y', 1, 5, b'v', b'a', b'l', b'u', b'e', 1, 9, 0];

fn batch(format: Format, codec: Codec) -> Option<Bytes> {
    let mut builder = Builder::new(BytesMut::new(), format);
    let long = b"the same again, ".repeat(20);
    for (index, value) in [Some(&b"first"[..]), None, Some(&long)].into_iter().enumerate() {
        let timestamp = if format == Format::V0 { NO_TIMESTAMP } else { 1_700_000_000_000 + index as i64 };
        let headers = [Header::new("trace", Some(b"1"))];
        let headers = headers.into_iter().take(usize::from(format == Format::V2));
        builder.append(timestamp, Some(b"key"), value, headers).expect("it fits");
    }
    let sealed = builder.seal().compress(codec, None).ok()?;
    let identity = Identity { producer_id: 7, producer_epoch: 3, base_sequence: 41 };
    Some(Bytes::from([sealed.header(Some(identity), Flags::default()), sealed.body().clone()].concat()))
}

/// What brokers and consumers were seen to write.
fn znode_seeds() -> Vec<Named> {
    use znodes::Kind;
    let mut seeds = Vec::new();
    for line in BROKERS.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<_> = line.split('\t').collect();
        let [kafka, path, data] = fields[..] else { panic!("{line}") };
        let (name, kind) = match path {
            "/brokers/ids/0" => ("broker", Kind::Broker),
            "/brokers/topics/T" => ("topic", Kind::Topic),
            "/brokers/topics/T/partitions/0/state" => ("state", Kind::PartitionState),
            "/cluster/id" => ("cluster-id", Kind::ClusterId),
            _ => ("controller", Kind::Controller),
        };
        let which = path.rsplit('/').next().unwrap_or_default();
        seeds.push((format!("{name}-{which}-{kafka}"), znodes::input(kind, data.as_bytes())));
    }
    for (number, line) in GROUPS.lines().filter(|line| !line.starts_with('#')).enumerate() {
        let fields: Vec<_> = line.split('\t').collect();
        let [_, _, path, data] = fields[..] else { panic!("{line}") };
        let (name, kind) = match path {
            path if path.contains("/ids/") => ("consumer", Kind::Consumer),
            path if path.contains("/owners/") => ("owner", Kind::Owner),
            _ => ("offset", Kind::Offset),
        };
        seeds.push((format!("{name}-{number}"), znodes::input(kind, data.as_bytes())));
    }
    for (name, kind, data) in [
        ("node", Kind::PartitionNode, "1-11"),
        ("broker-07", Kind::Kafka07, "127.0.0.1-1795408269083:127.0.0.1:19092"),
        ("count-07", Kind::Kafka07, "2"),
        ("connect", Kind::ConnectString, "zk1,zk2:2182,[::1]:2181/kafka"),
        ("names", Kind::Names, r"wl\\d, тема-é"),
    ] {
        seeds.push((name.into(), znodes::input(kind, data.as_bytes())));
    }
    seeds
}

/// What a broker of 0.7.2 and its clients were seen to send.
fn kafka07_seeds() -> Vec<Named> {
    use kafka07::Kind;
    let mut seeds = Vec::new();
    let lines = WIRE_07.lines().chain(CLIENTS_07.lines());
    let frames =
        lines.filter_map(|line| line.trim_start().split_once(['>', '<']).map(|(_, hex)| (line, hex.trim())));
    let (mut requests, mut answers) = (0, 0);
    for (line, hex) in
        frames.filter(|(_, hex)| !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
    {
        let frame = unhex(hex);
        let Ok(Frame::Whole { body, .. }) = split_frame(&frame, usize::MAX) else { continue };
        if line.contains('>') {
            requests += 1;
            seeds.push((format!("request-{requests}"), kafka07::input(Kind::Request, body)));
            continue;
        }
        answers += 1;
        let kind = if body.len() == 14 { Kind::Offsets } else { Kind::Fetch };
        seeds.push((format!("answer-{answers}"), kafka07::input(kind, body)));
        if body.len() > 6 && kind == Kind::Fetch {
            seeds.push((format!("set-{answers}"), kafka07::input(Kind::Set, &body[2..])));
            seeds.push((format!("mended-{answers}"), kafka07::input(Kind::Mended, &body[2..])));
        }
    }
    // Of those that are alike, enough.
    seeds.sort_by_key(|(_, input)| input.len());
    let mut seeds: Vec<_> = seeds.into_iter().step_by(4).collect();
    let multi = unhex("00000000001a0000000000080100b75337b96d300000000801009c7e647a6e30");
    seeds.push(("multi-fetch".into(), kafka07::input(Kind::MultiFetch, &multi)));
    let stream = unhex("000000190004000573616d736100000000ffffffffffffffff0000000a000000020000");
    seeds.push(("stream".into(), kafka07::input(Kind::Stream, &stream)));
    for (name, codec) in [("gzip", Codec07::Gzip), ("snappy", Codec07::Snappy)] {
        let mut set = SetBuilder::new(Magic::V1);
        for payload in [&b"one"[..], &b"two, ".repeat(20), b""] {
            set.append(payload).expect("it fits");
        }
        let set = set.seal(Some(codec)).expect("it fits");
        seeds.push((format!("mended-{name}"), kafka07::input(Kind::Mended, set.bytes())));
    }
    seeds.push(("script".into(), kafka07::input(Kind::Script, b"\x01\x05hello\x00\x05world\x01\x00\x00")));
    seeds
}

fn unhex(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().map(|c| c.to_digit(16).expect("a hex digit") as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
