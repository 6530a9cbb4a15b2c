//! What the values of settings may be.

use std::time::Duration;

use samsa_core::{
    Acks, Assignor, Compression, GroupProtocol, Isolation, Offset, Partitioner, Retries, limits,
};

pub(super) fn millis(value: &str) -> Result<Duration, String> {
    let millis = value.parse().map_err(|_| format!("{value:?} is not a whole number of milliseconds"))?;
    Ok(Duration::from_millis(millis))
}

/// A time that nothing would come of if it were 0.
pub(super) fn some_millis(value: &str) -> Result<Duration, String> {
    let millis = millis(value)?;
    if millis.is_zero() { Err("0 ms leaves no time for it".to_owned()) } else { Ok(millis) }
}

pub(super) fn bytes(value: &str) -> Result<usize, String> {
    let bytes = value.parse().ok().filter(|bytes| *bytes > 0);
    bytes.ok_or_else(|| format!("{value:?} is not a number of bytes above 0"))
}

pub(super) fn kibibytes(value: &str) -> Result<usize, String> {
    let bytes = value.parse::<usize>().ok().and_then(|kibibytes| kibibytes.checked_mul(1024));
    bytes.filter(|bytes| *bytes > 0).ok_or_else(|| format!("{value:?} is not a number of KiB above 0"))
}

pub(super) fn flag(value: &str) -> Result<bool, String> {
    value.parse().map_err(|_| format!("{value:?} is not true or false"))
}

pub(super) fn acks(value: &str) -> Result<Acks, String> {
    match value {
        "all" | "-1" => Ok(Acks::All),
        "1" => Ok(Acks::Leader),
        "0" => Err("0 is not offered: of no message could be told what became of it; take 1 (the leader alone) or all \
                    (every in-sync replica)"
            .to_owned()),
        _ => Err(format!("{value:?} is not all (every in-sync replica) or 1 (the leader alone)")),
    }
}

/// How often one tries is not counted: what may be told is whether at all.
pub(super) fn retries(value: &str) -> Result<Retries, String> {
    match value.parse::<u32>() {
        Ok(0) => Ok(Retries::OnlyNotSent),
        Ok(_) => Ok(Retries::All),
        Err(_) => Err(format!("{value:?} is not a number of retries, from 0 on")),
    }
}

pub(super) fn compression(value: &str) -> Result<Compression, String> {
    match value {
        "none" => Ok(Compression::None),
        "gzip" => Ok(Compression::Gzip),
        "snappy" => Ok(Compression::Snappy),
        "lz4" => Ok(Compression::Lz4),
        "zstd" => Ok(Compression::Zstd),
        _ => Err(format!("{value:?} is not none, gzip, snappy, lz4 or zstd")),
    }
}

pub(super) fn partitioner(value: &str) -> Result<Partitioner, String> {
    match value {
        "murmur2" | "murmur2_random" => Ok(Partitioner::Murmur2),
        "java_hash" => Ok(Partitioner::JavaHash),
        "sha1" => Ok(Partitioner::Sha1),
        "rendezvous" => Ok(Partitioner::Rendezvous),
        _ => Err(format!("{value:?} is not murmur2 (as Java's client), java_hash, sha1 or rendezvous")),
    }
}

pub(super) fn isolation(value: &str) -> Result<Isolation, String> {
    match value {
        "read_committed" => Ok(Isolation::ReadCommitted),
        "read_uncommitted" => Ok(Isolation::ReadUncommitted),
        _ => Err(format!("{value:?} is not read_committed or read_uncommitted")),
    }
}

/// An empty one is none, as for librdkafka.
pub(super) fn rack(value: &str) -> Result<Option<String>, String> {
    let most = limits::RACK_BYTES;
    if value.len() > most {
        return Err(format!("it has {} bytes, and requests have room for {most}", value.len()));
    }
    Ok(Some(value.to_owned()).filter(|rack| !rack.is_empty()))
}

pub(super) fn reset(value: &str) -> Result<Option<Offset>, String> {
    match value {
        "earliest" | "smallest" | "beginning" => Ok(Some(Offset::Earliest)),
        "latest" | "largest" | "end" => Ok(Some(Offset::Latest)),
        "none" | "error" => Ok(None),
        _ => Err(format!("{value:?} is not earliest, latest or none")),
    }
}

pub(super) fn group_protocol(value: &str) -> Result<GroupProtocol, String> {
    match value.to_ascii_lowercase().as_str() {
        "classic" => Ok(GroupProtocol::Classic),
        "consumer" => Ok(GroupProtocol::Consumer),
        _ => Err(format!("{value:?} is not classic or consumer (KIP-848)")),
    }
}

/// The first of a list, since a member here offers one.
pub(super) fn assignor(value: &str) -> Result<Assignor, String> {
    let first = value.split(',').next().unwrap_or_default().trim();
    match first.strip_prefix("org.apache.kafka.clients.consumer.").unwrap_or(first) {
        "range" | "RangeAssignor" => Ok(Assignor::Range),
        "roundrobin" | "RoundRobinAssignor" => Ok(Assignor::RoundRobin),
        _ => Err(format!(
            "{first:?} is not range or roundrobin; those that let partitions stay (sticky) are not there yet"
        )),
    }
}

pub(super) fn remote_assignor(value: &str) -> Result<Assignor, String> {
    match value {
        "range" => Ok(Assignor::Range),
        "uniform" => Ok(Assignor::RoundRobin),
        _ => Err(format!("{value:?} is not range or uniform")),
    }
}
