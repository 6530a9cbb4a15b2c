//! What one action of a script does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use samsa_core::{
    Assignor, Command, Commit, FetchConfig, GroupProtocol, GroupReset, GroupSpec, GroupTimes, Input, Instant,
    Isolation, NewTopic, Notices, Offset, OffsetStorage, OutgoingRecord, PartitionOffset, ReaderSpec,
    TopicPattern, UnixMillis, ZkNews, ZkSessionState,
};
use samsa_proto::ErrorCode;
use samsa_proto::records::Header;
use samsa_proto::zookeeper::Dialect;

use super::FETCH_BUFFER;
use super::application::{OpenReader, Record};
use super::ensemble::SESSION;
use super::peer::{self, Mood};
use super::world::World;
use crate::script::Script;

/// What ZooKeeper is asked at most before time passes.
const ERRANDS: usize = 10_000;

/// Rounds after which a storm must have calmed: some for each record that waits, and each connection.
const ROUNDS: usize = 500;

/// The clock does not run beyond this, so that deadlines lie ahead: 35 years.
const LAST_MICROS: u64 = 1 << 50;

pub(super) fn step(world: &mut World, script: &mut Script<'_>) {
    match script.byte() % 25 {
        0 => world.wait(),
        1 => pass(world, script),
        2 | 3 => command(world, script),
        4 => connect(world, script),
        5 => break_off(world, script),
        6 => resolve(world, script),
        7 | 8 => {
            let (index, most) = (script.choice(world.sockets.len()), usize::from(script.number()));
            world.write(index, if most == 0 { usize::MAX } else { most });
        }
        9 => {
            let index = script.choice(world.sockets.len());
            let bytes = script.bytes();
            world.lies += 1;
            world.sockets.get_mut(index).into_iter().for_each(|socket| socket.incoming.extend(bytes));
            world.feed(index, usize::MAX);
        }
        10..=12 => answer(world, script),
        13 | 14 => append(world, script),
        15 => {
            world.tell(Input::BatchesReady);
            world.look_at_tickets();
        }
        16 => {
            let index = script.choice(world.readers.len());
            world.read(index, script.flag());
        }
        17 => release(world, script),
        18 => zookeeper_session(world, script),
        19 => zookeeper_reply(world, script),
        20 => compute(world, script),
        21 => lend(world, script),
        22 => {
            world.lazy = usize::from(script.byte() % 8);
            world.tell(Input::Credit);
        }
        23 => {
            for _ in 0..=script.choice(4) {
                round(world, None);
            }
        }
        _ => storm(world, script),
    }
    hear(world);
}

/// As a driver does: the bell is looked at after everything.
pub(super) fn hear(world: &mut World) {
    let notices = world.engine.signal().take();
    if notices.contains(Notices::BATCHES) {
        world.tell(Input::BatchesReady);
    }
    if notices.contains(Notices::CREDIT) {
        world.tell(Input::Credit);
    }
}

/// Time goes on, the wall clock as it likes.
fn pass(world: &mut World, script: &mut Script<'_>) {
    let turn = script.byte();
    let micros = match turn {
        0..64 => u64::from(turn),
        64..192 => u64::from(turn - 63) * 10_000,
        192..250 => u64::from(turn - 191) * 1_000_000,
        250..255 => u64::from(turn) * 3_600_000_000,
        255 => 1 << 47,
    };
    world.now.mono = Instant::from_micros((world.now.mono.as_micros() + micros).min(LAST_MICROS));
    world.now.wall = match script.byte() {
        0..250 => UnixMillis(1_700_000_000_000 + (world.now.mono.as_micros() / 1000) as i64),
        250 => UnixMillis(i64::MAX),
        251 => UnixMillis(i64::MIN),
        _ => UnixMillis(script.int64()),
    };
    world.tick();
}

fn command(world: &mut World, script: &mut Script<'_>) {
    let topic: Arc<str> = topic_name(script).into();
    let at = match script.byte() % 8 {
        0..=2 => Offset::Earliest,
        3 => Offset::Latest,
        4 => Offset::At(UnixMillis(script.int64())),
        5 => Offset::Exact(script.int64()),
        _ => Offset::Exact(i64::from(script.byte())),
    };
    let within = match script.byte() {
        0 => Duration::ZERO,
        255 => Duration::MAX,
        other => Duration::from_millis(u64::from(other) * 100),
    };
    let turn = script.byte();
    let command = match turn % 16 {
        _ if turn >= 252 => return look_at_groups(world, script, turn, topic, within),
        _ if turn >= 248 => Command::Metrics,
        _ if turn >= 240 => {
            let index = script.choice(world.commands());
            return world.forget(index);
        }
        _ if turn >= 208 => return order(world, script, turn, (topic, at), within),
        0..=2 => Command::Connect,
        3 => Command::Topics,
        4 => Command::Partitions { topic },
        5 | 6 => {
            let partitions = (turn % 16 == 6).then(|| [0, 2].into());
            Command::Offsets { topic, partitions, at, isolation: Isolation::default() }
        }
        7 | 8 => Command::Flush,
        9 => Command::Explain,
        13 => {
            let index = script.choice(world.readers.len());
            world.pause_or_resume(index, i32::from(script.byte() % 4));
            return;
        }
        14 => {
            let index = script.choice(world.readers.len());
            let Some(reader) = world.readers.get(index).map(OpenReader::id) else { return };
            Command::Seek { reader, partition: i32::from(script.byte() as i8) % 4, to: at }
        }
        15 => Command::Close,
        _ => Command::OpenReader(ReaderSpec {
            topic,
            partition: script.flag().then(|| i32::from(script.byte() as i8)),
            start: at,
            fetch: fetch(),
        }),
    };
    world.command(command, within);
}

/// What came later than the other commands, and the bytes that stand for those are theirs.
fn order(
    world: &mut World,
    script: &mut Script<'_>,
    turn: u8,
    (topic, at): (Arc<str>, Offset),
    within: Duration,
) {
    let index = script.choice(world.members.len());
    let member = world.members.get(index).map(|member| member.id);
    let command = match (turn % 8, member) {
        (0..3, _) => Command::JoinGroup(Box::new(group_spec(script, turn, topic, at))),
        (3, Some(member)) => Command::CommitOffsets { member },
        (4, Some(member)) => Command::LeaveGroup { member },
        (5, Some(_)) => {
            drop(world.members.remove(index));
            return;
        }
        _ => {
            let [partitions, replication] = [script.byte(), script.byte()].map(|byte| byte as i8);
            let (partitions, replication) = (i32::from(partitions), i16::from(replication));
            Command::CreateTopic(NewTopic { name: topic, partitions, replication })
        }
    };
    world.command(command, within);
}

fn group_spec(script: &mut Script<'_>, turn: u8, topic: Arc<str>, start: Offset) -> GroupSpec {
    let group = if script.flag() { "g".into() } else { topic_name(script).into() };
    let by_pattern = turn % 8 == 2;
    let topics = match script.flag() {
        _ if by_pattern => Vec::new(),
        true => vec!["a".into(), "b".into()],
        false => vec![topic],
    };
    let pattern = by_pattern.then(|| match turn {
        0..224 => TopicPattern::Matching("a|b".into()),
        _ => TopicPattern::NotMatching("b".into()),
    });
    let commit = [Commit::Automatic, Commit::Marked, Commit::Manual][script.choice(3)];
    let commit_interval = Duration::from_millis(1 + u64::from(script.byte()) * 20);
    let assignor = if script.flag() { Assignor::RoundRobin } else { Assignor::Range };
    let ways = script.byte();
    let offsets = match ways % 4 {
        0 => None,
        1 => Some(OffsetStorage::ZooKeeper),
        2 => Some(OffsetStorage::Brokers),
        _ => Some(OffsetStorage::Both),
    };
    let protocol = match (ways / 4 % 4, ways / 16 % 2) {
        (0, _) => None,
        (1, _) => Some(GroupProtocol::ZooKeeper(Dialect::Scala)),
        (2, _) => Some(GroupProtocol::ZooKeeper(Dialect::Samsa)),
        (_, 0) => Some(GroupProtocol::Classic),
        (_, _) => Some(GroupProtocol::ZooKeeper(Dialect::Scala07)),
    };
    GroupSpec {
        group,
        topics,
        pattern,
        start,
        commit,
        commit_interval,
        assignor: Some(assignor),
        streams: if ways.is_multiple_of(2) { 1 } else { 1 + u16::from(ways / 64) },
        offsets,
        protocol,
        python3_owners: ways / 16 % 2 == 1,
        times: GroupTimes::default(),
        fetch: fetch(),
    }
}

/// Groups are looked at from outside, and the offsets of one are set.
fn look_at_groups(world: &mut World, script: &mut Script<'_>, turn: u8, topic: Arc<str>, within: Duration) {
    let group: Arc<str> = if script.flag() { "g".into() } else { topic_name(script).into() };
    let command = match turn {
        252 => Command::Groups,
        253 => Command::Group { group, topic: Some(topic) },
        _ => {
            let mut offset = || PartitionOffset {
                partition: i32::from(script.byte() as i8),
                offset: i64::from(script.byte() as i8),
            };
            let offsets = vec![offset(), offset()];
            let storages = [OffsetStorage::ZooKeeper, OffsetStorage::Brokers, OffsetStorage::Both];
            let storage = storages[usize::from(script.byte()) % storages.len()];
            Command::ResetGroup(GroupReset { group, topic, storage, offsets })
        }
    };
    world.command(command, within);
}

fn fetch() -> FetchConfig {
    FetchConfig {
        buffer_bytes: FETCH_BUFFER,
        response_bytes: 4096,
        partition_bytes: 1024,
        decompressed_bytes: 4096,
        rack: Some("a".to_owned()),
        ..Default::default()
    }
}

fn topic_name(script: &mut Script<'_>) -> String {
    match script.byte() {
        0..128 => "a".to_owned(),
        128..240 => "b".to_owned(),
        240..250 => "none".to_owned(),
        _ => String::from_utf8_lossy(script.bytes()).into_owned(),
    }
}

/// A dial succeeds or fails; also one that was given up.
fn connect(world: &mut World, script: &mut Script<'_>) {
    let index = script.choice(world.sockets.len());
    let fails = script.byte() >= 208;
    let is_drained = world.is_drained();
    let Some(socket) = world.sockets.get_mut(index).filter(|socket| socket.gone || !socket.connected) else {
        return;
    };
    let conn = socket.conn;
    if fails {
        socket.gone = true;
        socket.forgotten |= is_drained;
        world.tell(Input::ConnectFailed { conn, reason: "refused".to_owned() });
    } else {
        socket.connected = true;
        world.tell(Input::Connected { conn });
    }
}

fn break_off(world: &mut World, script: &mut Script<'_>) {
    let index = script.choice(world.sockets.len());
    let is_drained = world.is_drained();
    let Some(socket) = world.sockets.get_mut(index).filter(|socket| socket.connected) else { return };
    let conn = socket.conn;
    socket.gone = true;
    socket.forgotten |= is_drained;
    world.tell(Input::Disconnected { conn, reason: "reset".to_owned() });
}

fn resolve(world: &mut World, script: &mut Script<'_>) {
    let Some(id) = world.questions.get(script.choice(world.questions.len())).copied() else { return };
    let addresses = match script.byte() {
        0..160 => Ok(vec![SocketAddr::from(([10, 0, 0, 1], 9092))]),
        160..200 => {
            Ok(vec![SocketAddr::from(([10, 0, 0, 1], 9092)), SocketAddr::from(([10, 0, 0, 2], 9092))])
        }
        200..230 => Ok(Vec::new()),
        _ => Err("no such host".to_owned()),
    };
    if script.byte() < 240 {
        world.questions.retain(|question| *question != id);
    }
    world.tell(Input::Resolved { id, addresses });
}

/// A broker answers one of the requests that it has; rightly, mostly.
fn answer(world: &mut World, script: &mut Script<'_>) {
    let index = script.choice(world.sockets.len());
    let turn = script.byte();
    let Some(socket) = world.sockets.get_mut(index) else { return };
    let place = if turn >= 250 { script.choice(socket.asked.len()) } else { 0 };
    let asked = if turn == 249 { socket.asked.front().cloned() } else { socket.asked.remove(place) };
    let Some(mut asked) = asked else { return };
    if turn == 248 {
        asked.correlation_id = asked.correlation_id.wrapping_add(i32::from(script.byte() as i8));
    }
    let mood = &mut Mood { script, refusal: None };
    let Some(mut frame) = asked.answer(mood) else { return };
    world.lies += usize::from((220..244).contains(&turn));
    match turn {
        220..236 => {
            let at = usize::from(script.number()) % frame.len();
            frame[at] = script.byte();
        }
        236..240 => frame.truncate(usize::from(script.number()) % frame.len()),
        240..244 => {
            frame.truncate(4 + usize::from(script.number()) % (frame.len() - 3));
            let length = frame.len() as u32 - 4;
            frame[..4].copy_from_slice(&length.to_be_bytes());
        }
        244..248 => frame = frame.repeat(2),
        _ => {}
    }
    world.largest = world.largest.max(frame.len());
    socket.incoming.extend(frame);
    let step = script.byte();
    world.feed(index, if step < 240 { usize::MAX } else { usize::from(step - 239) });
}

fn append(world: &mut World, script: &mut Script<'_>) {
    let topic = world.buffer.topic(&topic_name(script));
    let count = 1 + script.choice(8);
    let (key, value) = (script.nullable(), script.nullable());
    let turn = script.byte();
    let value = if turn & 7 == 7 { value.map(|value| value.repeat(20)) } else { value.map(<[u8]>::to_vec) };
    let headers = [Header::new("h", Some(b"1"))];
    let record = OutgoingRecord {
        partition: (turn & 8 == 8).then(|| i32::from(script.byte() as i8)),
        key,
        value: value.as_deref(),
        headers: if turn & 0x30 == 0x30 { &headers } else { &[] },
        timestamp: (turn & 0xc0 == 0xc0).then(|| UnixMillis(script.int64())),
    };
    let given = Record { partition: record.partition, key: key.map(<[u8]>::to_vec), value: value.clone() };
    for _ in 0..count {
        match topic.append(&record, world.now) {
            Ok(ticket) => world.accepted(&given, ticket, turn & 0x40 == 0x40),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

/// The application lets go of readers and chunks.
fn release(world: &mut World, script: &mut Script<'_>) {
    if script.flag() && !world.readers.is_empty() {
        let index = script.choice(world.readers.len());
        world.readers.remove(index);
    }
    world.chunks.truncate(script.choice(8));
}

fn zookeeper_session(world: &mut World, script: &mut Script<'_>) {
    let Some(session) = world.sessions.get(script.choice(world.sessions.len())).copied() else { return };
    let state = match script.byte() {
        0..200 => ZkSessionState::Connected { id: SESSION, timeout: Duration::from_secs(6) },
        200..215 => ZkSessionState::Suspended,
        215..230 => ZkSessionState::Expired,
        230..240 => ZkSessionState::Failed("nobody listens".to_owned()),
        _ => {
            let path = ["/brokers/ids", "/brokers/topics", "/"][script.choice(3)].to_owned();
            return world.tell(Input::ZooKeeper(ZkNews::Watch { session, path }));
        }
    };
    world.session_is(session, state);
}

fn zookeeper_reply(world: &mut World, script: &mut Script<'_>) {
    if world.errands.is_empty() {
        return;
    }
    let turn = script.byte();
    let index = if turn < 200 { 0 } else { script.choice(world.errands.len()) };
    let (id, op) = if turn < 250 { world.errands.remove(index) } else { world.errands[index].clone() };
    let mood = &mut Mood { script, refusal: None };
    let result = peer::zookeeper(&mut world.ensemble, (id.session, &op), mood);
    world.tell(Input::ZooKeeper(ZkNews::Reply { id, result }));
}

fn compute(world: &mut World, script: &mut Script<'_>) {
    if !world.jobs.is_empty() {
        let (id, job) = world.jobs.remove(script.choice(world.jobs.len()));
        world.tell(Input::Computed { id, output: job.run() });
    }
}

/// A read that takes its time.
fn lend(world: &mut World, script: &mut Script<'_>) {
    let index = script.choice(world.sockets.len());
    if script.flag() {
        world.lend(index);
    } else {
        world.give_back(index);
    }
}

/// All brokers refuse everything, at once and for ever, until nothing is asked any more: no time passes, so that must be
/// soon.
fn storm(world: &mut World, script: &mut Script<'_>) {
    let code = ErrorCode(i16::from(script.byte()) - 1);
    let refusal = Some(code).filter(|code| !code.is_ok());
    if refusal.is_some() {
        let quiet = (0..ROUNDS).any(|_| !round(world, refusal));
        assert!(quiet, "asked again and again, though the answer is always {code}");
    }
}

/// Everything that is under way is done, and what the brokers have is answered. Tells whether there was anything to
/// answer.
fn round(world: &mut World, refusal: Option<ErrorCode>) -> bool {
    let mut answered = false;
    let mut smooth = Script::new(&[]);
    for id in std::mem::take(&mut world.questions) {
        world.tell(Input::Resolved { id, addresses: Ok(vec![SocketAddr::from(([10, 0, 0, 1], 9092))]) });
    }
    for session in world.sessions_to_come() {
        world.session_is(session, ZkSessionState::Connected { id: SESSION, timeout: Duration::from_secs(6) });
    }
    for asked in 0.. {
        if world.errands.is_empty() {
            break;
        }
        assert!(asked < ERRANDS, "ZooKeeper is asked again and again, whatever it answers");
        zookeeper_reply(world, &mut smooth);
    }
    for index in 0..world.sockets.len() {
        let socket = &mut world.sockets[index];
        if !socket.connected && !socket.gone {
            socket.connected = true;
            let conn = socket.conn;
            world.tell(Input::Connected { conn });
        }
        world.give_back(index);
        while world.sockets[index].writable && !world.sockets[index].gone {
            world.write(index, usize::MAX);
        }
        while let Some(asked) = world.sockets[index].asked.pop_front() {
            answered = true;
            let mood = &mut Mood { script: &mut smooth, refusal };
            if let Some(frame) = asked.answer(mood) {
                world.largest = world.largest.max(frame.len());
                world.sockets[index].incoming.extend(frame);
                world.feed(index, usize::MAX);
            }
        }
    }
    while !world.jobs.is_empty() {
        compute(world, &mut smooth);
    }
    hear(world);
    answered
}
