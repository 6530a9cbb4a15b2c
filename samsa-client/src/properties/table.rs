//! The names that set something, and what is said of the others.

use super::no_difference::{FITTING, IGNORED};
use super::refused::UNSUPPORTED;
use super::values::{
    acks, assignor, bytes, compression, flag, group_protocol, isolation, kibibytes, millis, partitioner,
    rack, remote_assignor, reset, retries, some_millis,
};
use super::{Properties, Way};
use samsa_core::Retries;

type Set = fn(&mut Properties, &str) -> Result<(), String>;

/// What of a value that was taken makes no difference, and why.
type NotInFull = fn(&str) -> Option<&'static str>;

pub(super) struct Property {
    /// The first is the one to be told about, the others are as good.
    names: &'static [&'static str],
    pub(super) set: Set,
    pub(super) not_in_full: NotInFull,
}

const fn of(names: &'static [&'static str], set: Set) -> Property {
    Property { names, set, not_in_full: |_| None }
}

fn put<T>(field: &mut T, value: Result<T, String>) -> Result<(), String> {
    *field = value?;
    Ok(())
}

const PROPERTIES: &[Property] = &[
    of(&["bootstrap.servers", "metadata.broker.list"], |to, value| {
        put(&mut to.way, Ok(Some(Way::Bootstrap(value.to_owned()))))
    }),
    of(&["zookeeper.connect"], |to, value| put(&mut to.way, Ok(Some(Way::ZooKeeper(value.to_owned()))))),
    of(&["client.id"], |to, value| put(&mut to.config.client_id, Ok(value.to_owned()))),
    of(&["acks", "request.required.acks"], |to, value| put(&mut to.config.publish.acks, acks(value))),
    of(&["enable.idempotence"], |to, value| put(&mut to.config.publish.idempotence, flag(value))),
    Property {
        names: &["retries", "message.send.max.retries"],
        set: |to, value| put(&mut to.config.publish.retries, retries(value)),
        not_in_full: |value| (retries(value) == Ok(Retries::All)).then_some(RETRIES),
    },
    of(&["compression.type", "compression.codec"], |to, value| {
        put(&mut to.config.publish.compression, compression(value))
    }),
    of(&["partitioner"], |to, value| put(&mut to.config.publish.partitioner, partitioner(value))),
    of(&["linger.ms", "queue.buffering.max.ms"], |to, value| {
        put(&mut to.config.publish.linger, millis(value))
    }),
    of(&["batch.size"], |to, value| put(&mut to.config.publish.batch_bytes, bytes(value))),
    of(&["buffer.memory"], |to, value| put(&mut to.config.publish.buffer_bytes, bytes(value))),
    of(&["queue.buffering.max.kbytes"], |to, value| {
        put(&mut to.config.publish.buffer_bytes, kibibytes(value))
    }),
    of(&["max.request.size", "message.max.bytes"], |to, value| {
        put(&mut to.config.publish.message_bytes, bytes(value))
    }),
    of(&["delivery.timeout.ms", "message.timeout.ms"], |to, value| {
        put(&mut to.config.publish.delivery_timeout, some_millis(value))
    }),
    of(&["request.timeout.ms", "socket.timeout.ms"], |to, value| {
        put(&mut to.config.request_timeout, some_millis(value))
    }),
    of(&["default.api.timeout.ms"], |to, value| put(&mut to.config.api_timeout, some_millis(value))),
    of(&["socket.connection.setup.timeout.ms"], |to, value| {
        put(&mut to.config.connect_timeout, some_millis(value))
    }),
    of(&["retry.backoff.ms"], |to, value| put(&mut to.config.retry_backoff.first, some_millis(value))),
    of(&["retry.backoff.max.ms"], |to, value| put(&mut to.config.retry_backoff.most, some_millis(value))),
    of(&["reconnect.backoff.ms"], |to, value| put(&mut to.config.dial_backoff.first, some_millis(value))),
    of(&["reconnect.backoff.max.ms"], |to, value| put(&mut to.config.dial_backoff.most, some_millis(value))),
    of(&["metadata.max.age.ms", "topic.metadata.refresh.interval.ms"], |to, value| {
        put(&mut to.config.metadata_max_age, some_millis(value))
    }),
    of(&["fetch.max.bytes"], |to, value| put(&mut to.config.fetch.response_bytes, bytes(value))),
    of(&["max.partition.fetch.bytes", "fetch.message.max.bytes"], |to, value| {
        put(&mut to.config.fetch.partition_bytes, bytes(value))
    }),
    of(&["fetch.max.wait.ms", "fetch.wait.max.ms"], |to, value| {
        put(&mut to.config.fetch.max_wait, millis(value))
    }),
    of(&["queued.max.messages.kbytes"], |to, value| put(&mut to.config.fetch.buffer_bytes, kibibytes(value))),
    of(&["client.rack"], |to, value| put(&mut to.config.fetch.rack, rack(value))),
    of(&["isolation.level"], |to, value| put(&mut to.config.fetch.isolation, isolation(value))),
    of(&["auto.offset.reset"], |to, value| put(&mut to.config.fetch.reset, reset(value))),
    of(&["zookeeper.session.timeout.ms"], |to, value| {
        put(&mut to.zookeeper_session_timeout, some_millis(value).map(Some))
    }),
    of(&["session.timeout.ms"], |to, value| {
        put(&mut to.config.group_times.session_timeout, some_millis(value))?;
        put(&mut to.session_timeout, some_millis(value).map(Some))
    }),
    of(&["heartbeat.interval.ms"], |to, value| {
        put(&mut to.config.group_times.heartbeat_interval, some_millis(value))
    }),
    of(&["max.poll.interval.ms"], |to, value| {
        put(&mut to.config.group_times.rebalance_timeout, some_millis(value))
    }),
    of(&["group.protocol"], |to, value| put(&mut to.config.group_protocol, group_protocol(value).map(Some))),
    of(&["partition.assignment.strategy"], |to, value| {
        put(&mut to.config.assignor, assignor(value).map(Some))
    }),
    of(&["group.remote.assignor"], |to, value| {
        put(&mut to.config.assignor, remote_assignor(value).map(Some))
    }),
    of(&["auto.commit.interval.ms"], |to, value| put(&mut to.config.commit_interval, some_millis(value))),
];

const RETRIES: &str = "retries are not counted: delivery.timeout.ms says for how long a message is tried";

pub(super) fn property(name: &str) -> Option<&'static Property> {
    PROPERTIES.iter().find(|property| property.names.contains(&name))
}

pub(super) fn why_ignored(name: &str, value: &str) -> Option<&'static str> {
    let mut fitting = FITTING.iter();
    let fits = |values: &[&str]| values.iter().any(|known| value.eq_ignore_ascii_case(known));
    let why_it_fits = fitting.find(|(known, values, _)| *known == name && fits(values)).map(|(.., why)| *why);
    why_it_fits.or_else(|| why(IGNORED, name))
}

pub(super) fn why_unsupported(name: &str) -> Option<&'static str> {
    why(UNSUPPORTED, name)
}

fn why(table: &'static [(&str, &str)], name: &str) -> Option<&'static str> {
    let is_it = |known: &str| name == known || (known.ends_with('.') && name.starts_with(known));
    table.iter().find(|(known, _)| is_it(known)).map(|(_, why)| *why)
}

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    PROPERTIES.iter().map(|property| property.names[0])
}

pub(super) fn nearest(name: &str) -> &'static str {
    let names = PROPERTIES.iter().flat_map(|property| property.names);
    let nearest = names.max_by(|a, b| {
        let [a, b] = [a, b].map(|known| strsim::normalized_damerau_levenshtein(name, known));
        a.total_cmp(&b)
    });
    nearest.copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_means_two_things() {
        let known = PROPERTIES.iter().flat_map(|property| property.names).copied();
        let others = IGNORED.iter().chain(UNSUPPORTED).map(|(name, _)| *name);
        assert!(FITTING.iter().all(|(name, ..)| why_unsupported(name).is_some()), "other values are refused");
        let mut names: Vec<_> = known.chain(others).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
