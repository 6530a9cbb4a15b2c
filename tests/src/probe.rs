//! Is a server there, and does it answer? Written by hand, so that it says nothing through the code under test.

use std::{
    collections::BTreeSet,
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

/// Both servers may accept a connection and then say nothing for ever while they start.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the ZooKeeper on `port` serves: it answers the four letters `srvr`.
pub(crate) fn zookeeper_serves(port: u16) -> bool {
    four_letters(port, *b"srvr").is_ok_and(|answer| answer.contains("Mode: "))
}

/// Whether a live session owns the node `path` in the ZooKeeper on `port`, as its answer to the four letters `dump` has it.
pub(crate) fn zookeeper_session_owns(port: u16, path: &str) -> io::Result<bool> {
    Ok(four_letters(port, *b"dump")?.lines().any(|line| line.trim() == path))
}

/// The sessions with this timeout that are connected to the ZooKeeper on `port`, as its answer to the four letters `cons` has them.
pub(crate) fn zookeeper_sessions(port: u16, timeout: Duration) -> io::Result<BTreeSet<String>> {
    let connections = four_letters(port, *b"cons")?;
    let of_it = format!("to={},", timeout.as_millis());
    let session = |line: &str| line.split(',').find_map(|part| Some(part.strip_prefix("sid=")?.to_owned()));
    Ok(connections.lines().filter(|line| line.contains(&of_it)).filter_map(session).collect())
}

/// The timeout that the ZooKeeper on `port` has granted a session, if that is connected, as its answer to the four letters `cons`
/// has it.
pub(crate) fn zookeeper_session_timeout(port: u16, session: i64) -> Option<Duration> {
    let connections = four_letters(port, *b"cons").ok()?;
    let of_it = format!("sid={session:#x},");
    let connection = connections.lines().find(|line| line.contains(&of_it))?;
    millis(connection.split(',').find_map(|part| part.strip_prefix("to="))?)
}

/// The tick of the ZooKeeper on `port`, as its answer to the four letters `conf` has it.
pub(crate) fn zookeeper_tick(port: u16) -> Option<Duration> {
    let settings = four_letters(port, *b"conf").ok()?;
    millis(settings.lines().find_map(|line| line.strip_prefix("tickTime="))?)
}

fn millis(text: &str) -> Option<Duration> {
    Some(Duration::from_millis(text.trim().parse().ok()?))
}

fn four_letters(port: u16, letters: [u8; 4]) -> io::Result<String> {
    let mut stream = connect(port)?;
    stream.write_all(&letters)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// How many brokers the one on `port` lists in its answer to Metadata v0, which every release knows. `None`: it does not answer.
pub(crate) fn listed_brokers(port: u16) -> Option<i32> {
    let ask = || -> io::Result<i32> {
        let mut stream = connect(port)?;
        stream.write_all(&METADATA_REQUEST)?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        Ok(i32::from_be_bytes([answer[8], answer[9], answer[10], answer[11]]))
    };
    ask().ok()
}

/// A frame of 14 bytes: key 3, version 0, correlation id 1, no client id, no names of topics (which means all).
const METADATA_REQUEST: [u8; 18] = [0, 0, 0, 14, 0, 3, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 0];

fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}
