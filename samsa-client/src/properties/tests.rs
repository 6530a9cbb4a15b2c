use samsa_core::{Acks, Assignor, Compression, GroupProtocol, Isolation, Offset, Partitioner, Retries};

use super::*;

fn properties(all: &[(&str, &str)]) -> Properties {
    Properties::of(all.iter().copied()).expect("they are known")
}

fn refusal(name: &str, value: &str) -> String {
    Properties::default().set(name, value).expect_err("a refusal").to_string()
}

#[test]
fn the_usual_names_set_what_they_say() {
    let properties = properties(&[
        ("linger.ms", "5"),
        ("acks", "1"),
        ("compression.type", "lz4"),
        ("fetch.max.bytes", "1000"),
        ("partitioner", "sha1"),
    ]);
    let publish = &properties.config().publish;
    assert_eq!(publish.linger, Duration::from_millis(5));
    assert_eq!((publish.acks, publish.compression), (Acks::Leader, Compression::Lz4));
    assert_eq!(publish.partitioner, Partitioner::Sha1);
    assert_eq!(properties.config().fetch.response_bytes, 1000);
}

#[test]
fn what_is_read_and_where_to_read_on_can_be_set() {
    let set = properties(&[("isolation.level", "read_uncommitted"), ("auto.offset.reset", "latest")]);
    let fetch = &set.config().fetch;
    assert_eq!((fetch.isolation, fetch.reset), (Isolation::ReadUncommitted, Some(Offset::Latest)));
    assert_eq!(
        properties(&[("auto.offset.reset", "none")]).config().fetch,
        Properties::default().config().fetch
    );
    assert!(refusal("isolation.level", "all").contains("read_committed"));
}

#[test]
fn where_the_application_stands_can_be_said() {
    assert_eq!(properties(&[("client.rack", "a")]).config().fetch.rack.as_deref(), Some("a"));
    assert_eq!(properties(&[("client.rack", "")]).config().fetch.rack, None);
    assert!(refusal("client.rack", &"a".repeat(40_000)).contains("40000 bytes"));
}

#[test]
fn the_names_of_librdkafka_are_as_good() {
    let java = [("linger.ms", "7"), ("fetch.max.wait.ms", "9"), ("delivery.timeout.ms", "11")];
    let theirs = [("queue.buffering.max.ms", "7"), ("fetch.wait.max.ms", "9"), ("message.timeout.ms", "11")];
    assert_eq!(properties(&java).config(), properties(&theirs).config());
}

#[test]
fn no_retries_is_none_of_what_may_be_stored_and_their_number_does_not_count() {
    for name in ["retries", "message.send.max.retries"] {
        let none = properties(&[(name, "7"), (name, "0"), ("enable.idempotence", "true")]);
        assert_eq!(none.config().publish.retries, Retries::OnlyNotSent);
        assert!(none.config().publish.idempotence && none.ignored().is_empty());

        let some = properties(&[(name, "0"), (name, "2147483647")]);
        assert_eq!(some.config(), Properties::default().config());
        let [told] = some.ignored() else { panic!("{:?}", some.ignored()) };
        assert!(told.name == name && told.why.contains("delivery.timeout.ms"), "{told:?}");
    }
}

#[test]
fn nothing_set_is_the_librarys_own_default() {
    assert_eq!(properties(&[]).config(), &Config::new(Discovery::Bootstrap(Vec::new())));
}

#[test]
fn the_last_of_a_name_wins() {
    let properties = properties(&[("linger.ms", "5"), ("linger.ms", "6")]);
    assert_eq!(properties.config().publish.linger, Duration::from_millis(6));
}

#[test]
fn an_unknown_name_is_refused_with_the_nearest_known_one() {
    for (name, nearest) in [
        ("linger", "linger.ms"),
        ("compresion.type", "compression.type"),
        ("fetch.max.wait", "fetch.max.wait.ms"),
        ("delivery-timeout-ms", "delivery.timeout.ms"),
    ] {
        let refusal = refusal(name, "1");
        assert!(refusal.ends_with(&format!("the nearest is {nearest}")), "{refusal}");
    }
}

#[test]
fn a_value_that_cannot_be_is_refused_with_the_name() {
    for (name, value) in [
        ("linger.ms", "soon"),
        ("batch.size", "0"),
        ("acks", "0"),
        ("compression.type", "rar"),
        ("linger.ms", "-1"),
        ("partitioner", "random"),
        ("message.timeout.ms", "0"),
        ("retry.backoff.ms", "0"),
        ("retries", "-1"),
        ("message.send.max.retries", "few"),
    ] {
        assert!(refusal(name, value).starts_with(&format!("{name}: ")), "{}", refusal(name, value));
    }
}

#[test]
fn acks_that_would_tell_nothing_are_refused_with_those_that_do() {
    let refusal = refusal("acks", "0");
    assert!(refusal.contains("0 is not offered") && refusal.contains("take 1"), "{refusal}");
}

#[test]
fn what_makes_no_difference_is_passed_over_and_told() {
    let properties = properties(&[
        ("key.serializer", "org.apache.kafka.common.serialization.StringSerializer"),
        ("metrics.sample.window.ms", "1000"),
        ("security.protocol", "PLAINTEXT"),
    ]);
    let told: Vec<_> = properties.ignored().iter().map(|ignored| ignored.name.as_str()).collect();
    assert_eq!(told, ["key.serializer", "metrics.sample.window.ms", "security.protocol"]);
    assert!(properties.ignored()[0].why.contains("bytes"));
}

#[test]
fn what_would_make_a_difference_and_is_not_there_is_refused() {
    for (name, value, why) in [
        ("security.protocol", "SASL_SSL", "TLS"),
        ("ssl.truststore.location", "/etc/trust", "TLS"),
        ("group.id", "ours", "builder"),
        ("transactional.id", "ours", "transactions"),
        ("enable.auto.commit", "false", "builder"),
        ("client.dns.lookup", "resolve_canonical_bootstrap_servers_only", "use_all_dns_ips"),
        ("ssl_ca", "/etc/trust", "TLS"),
        ("dr_msg_cb", "f", "function"),
    ] {
        let refusal = refusal(name, value);
        assert!(refusal.starts_with(&format!("{name}={value}: ")) && refusal.contains(why), "{refusal}");
    }
}

/// The names in a list, a line each.
fn listed(list: &str) -> impl Iterator<Item = &str> {
    list.lines().filter(|line| !line.starts_with('#'))
}

#[test]
fn every_name_of_javas_clients_and_of_librdkafka_has_an_answer() {
    let [java, librdkafka] = [include_str!("tests/java.txt"), include_str!("tests/librdkafka.txt")];
    assert_eq!((listed(java).count(), listed(librdkafka).count()), (146, 193));
    for name in listed(java).chain(listed(librdkafka)) {
        for value in ["1", "true", "false", "x"] {
            let mut properties = Properties::default();
            match properties.set(name, value) {
                Ok(()) => {
                    let is_passed_over = properties.ignored().iter().any(|ignored| ignored.name == name);
                    assert!(is_passed_over || table::property(name).is_some(), "{name}={value}");
                }
                Err(PropertyError::Unsupported { .. } | PropertyError::Value { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn what_asks_for_what_is_done_anyway_is_passed_over_and_anything_else_refused() {
    for (name, value, other) in [
        ("enable.auto.commit", "true", "false"),
        ("client.dns.lookup", "use_all_dns_ips", "resolve_canonical_bootstrap_servers_only"),
        ("offset.store.method", "broker", "file"),
        ("exclude.internal.topics", "true", "false"),
    ] {
        assert_eq!(properties(&[(name, value)]).ignored()[0].name, name);
        assert!(refusal(name, other).starts_with(&format!("{name}={other}: ")));
    }
}

#[test]
fn a_consumer_has_its_times_and_its_memory_by_the_usual_names() {
    let set = properties(&[
        ("session.timeout.ms", "9000"),
        ("auto.commit.interval.ms", "250"),
        ("queued.max.messages.kbytes", "2048"),
        ("queue.buffering.max.kbytes", "1024"),
    ]);
    assert_eq!(set.zookeeper_session_timeout(), Some(Duration::from_secs(9)));
    assert_eq!(set.config().group_times.session_timeout, Duration::from_secs(9));
    assert_eq!(set.config().commit_interval, Duration::from_millis(250));
    assert_eq!((set.config().fetch.buffer_bytes, set.config().publish.buffer_bytes), (2 << 20, 1 << 20));
    assert_eq!(set.ignored(), []);
    for (name, value) in
        [("queued.max.messages.kbytes", "0"), ("queue.buffering.max.kbytes", "18446744073709551615")]
    {
        assert!(refusal(name, value).contains("KiB"), "{}", refusal(name, value));
    }
}

#[test]
fn a_group_on_the_brokers_is_told_by_the_usual_names() {
    let set = properties(&[
        ("zookeeper.session.timeout.ms", "7000"),
        ("session.timeout.ms", "9000"),
        ("heartbeat.interval.ms", "500"),
        ("max.poll.interval.ms", "20000"),
        ("group.protocol", "Consumer"),
        ("partition.assignment.strategy", "org.apache.kafka.clients.consumer.RoundRobinAssignor,range"),
    ]);
    let times = set.config().group_times;
    let millis = [times.session_timeout, times.heartbeat_interval, times.rebalance_timeout]
        .map(|time| time.as_millis());
    assert_eq!(millis, [9000, 500, 20_000]);
    assert_eq!(set.zookeeper_session_timeout(), Some(Duration::from_secs(7)), "where it is said");
    assert_eq!(set.config().group_protocol, Some(GroupProtocol::Consumer));
    assert_eq!(set.config().assignor, Some(Assignor::RoundRobin));
    assert_eq!(set.ignored(), []);
    assert_eq!(properties(&[("group.remote.assignor", "range")]).config().assignor, Some(Assignor::Range));
    assert!(refusal("group.protocol", "share").contains("consumer (KIP-848)"));
    assert!(refusal("partition.assignment.strategy", "cooperative-sticky").contains("not there yet"));
    assert!(refusal("group.instance.id", "one").contains("static"));
}
