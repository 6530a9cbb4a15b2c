//! What the documentation says of each setting is so.

use std::collections::BTreeMap;

use super::*;

/// The documentation of each public field, by the names of the struct and the field.
fn documentation() -> BTreeMap<String, String> {
    let (mut found, mut owner, mut text) = (BTreeMap::new(), "", String::new());
    for line in include_str!("../config.rs").lines() {
        let line = line.trim_end();
        if let Some(name) = line.strip_prefix("pub struct ") {
            owner = name.trim_end_matches(" {");
        }
        if let Some(words) = line.trim_start().strip_prefix("///") {
            text.push_str(words);
        } else if line.contains("#[doc(hidden)]") {
            text = "hidden".to_owned();
        } else {
            let text = std::mem::take(&mut text);
            let field = line.strip_prefix("    pub ").and_then(|field| field.split_once(':'));
            if let Some((name, _)) = field.filter(|(name, _)| !name.contains(' ') && text != "hidden") {
                found.insert(format!("{owner}::{name}"), text);
            }
        }
    }
    found
}

fn bytes(count: usize) -> String {
    let in_units = |unit: usize, name: &str| {
        count.is_multiple_of(unit).then(|| format!("Default {} {name}.", count / unit))
    };
    in_units(1 << 20, "MiB")
        .or_else(|| in_units(1 << 10, "KiB"))
        .unwrap_or("Default 1,000,000 bytes".to_owned())
}

fn time(time: Duration) -> String {
    match (time.as_secs(), time.as_millis()) {
        (secs, _) if secs >= 300 && secs.is_multiple_of(60) => format!("{} min", secs / 60),
        (secs, _) if secs > 0 => format!("{secs} s"),
        (_, millis) => format!("{millis} ms"),
    }
}

fn between(backoff: Backoff) -> String {
    format!("Default {} to {}", time(backoff.first), time(backoff.most))
}

#[test]
fn each_setting_says_its_default_and_its_source() {
    let documentation = documentation();
    assert_eq!(documentation.len(), 36, "{:?}", documentation.keys());
    for (name, text) in documentation {
        // Those that are made of settings.
        if ["Config::publish", "Config::fetch", "Config::group_times"].contains(&&*name) {
            continue;
        }
        assert!(text.contains("Default") || text.contains("No default"), "{name} says no default:{text}");
        assert!(text.contains("Source: "), "{name} says no source:{text}");
    }
}

#[test]
fn the_defaults_are_those_that_the_documentation_says() {
    let config = Config::new(Discovery::Bootstrap(Vec::new()));
    let (publish, fetch) = (&config.publish, &config.fetch);
    assert_eq!(publish.message_bytes, 1_000_000);
    let within = |within| format!("Default {}", time(within));
    let said = [
        ("PublishConfig::linger", within(publish.linger)),
        ("PublishConfig::batch_bytes", bytes(publish.batch_bytes)),
        ("PublishConfig::message_bytes", bytes(publish.message_bytes)),
        ("PublishConfig::buffer_bytes", bytes(publish.buffer_bytes)),
        ("PublishConfig::delivery_timeout", within(publish.delivery_timeout)),
        ("PublishConfig::idempotence", format!("Default: {}", publish.idempotence)),
        ("PublishConfig::partitioner", format!("Default: `{}`", publish.partitioner.name())),
        ("FetchConfig::buffer_bytes", bytes(fetch.buffer_bytes)),
        ("FetchConfig::response_bytes", bytes(fetch.response_bytes)),
        ("FetchConfig::partition_bytes", bytes(fetch.partition_bytes)),
        ("FetchConfig::decompressed_bytes", bytes(fetch.decompressed_bytes)),
        ("FetchConfig::max_wait", within(fetch.max_wait)),
        ("Config::client_id", format!("Default `{}`", config.client_id)),
        ("Config::seed", format!("Default {}", config.seed)),
        ("Config::connect_timeout", within(config.connect_timeout)),
        ("Config::request_timeout", within(config.request_timeout)),
        ("Config::api_timeout", within(config.api_timeout)),
        ("Config::retry_backoff", between(config.retry_backoff)),
        ("Config::dial_backoff", between(config.dial_backoff)),
        ("Config::metadata_max_age", within(config.metadata_max_age)),
        ("Config::commit_interval", within(config.commit_interval)),
        ("GroupTimes::session_timeout", within(config.group_times.session_timeout)),
        ("GroupTimes::heartbeat_interval", within(config.group_times.heartbeat_interval)),
        ("GroupTimes::rebalance_timeout", within(config.group_times.rebalance_timeout)),
    ];
    let documentation = documentation();
    for (name, says) in said {
        let text = &documentation[name];
        assert!(text.contains(&says), "{name} does not say {says:?}:{text}");
    }
    assert_eq!((publish.acks, publish.retries), (Acks::All, Retries::All));
    assert_eq!((publish.compression, fetch.isolation), (Compression::None, Isolation::ReadCommitted));
    assert_eq!((fetch.reset, &fetch.rack), (None, &None));
}
