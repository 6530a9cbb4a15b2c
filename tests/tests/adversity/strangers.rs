//! Somebody else is at the address that was given: the error says what was tried, what was found, and what to do.

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
    time::Duration,
};

use samsa_async_std::AsyncStd;
use samsa_tests::{RealKafka, Release, Shape, cli::Samsa, needs};
use samsa_tokio::{Builder, Cluster, ConnectError, Launch, OnTokio};

use crate::{
    client::{Place, Runtime},
    strict::strict,
};

const SOON: &str = "default.api.timeout.ms=3000";
const LIMIT: Duration = Duration::from_secs(60);

/// A server that says the same to everybody, and closes.
fn stranger(says: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(says);
        }
    });
    address
}

async fn connect<L: Launch>(launch: L, place: &Place) -> Result<Cluster, ConnectError> {
    let builder = match place.clone() {
        Place::ZooKeeper(address) => Builder::zookeeper(launch, address),
        Place::Bootstrap(address) => Builder::bootstrap(launch, address),
    };
    builder.connect_within(Duration::from_secs(3)).connect().await
}

/// What the library says on each runtime.
fn told(place: &Place) -> Vec<String> {
    let tell = |runtime: Runtime| {
        let connected = runtime.block_on(async {
            match runtime {
                Runtime::Tokio => connect(OnTokio, place).await,
                Runtime::AsyncStd => connect(AsyncStd, place).await,
            }
        });
        connected.expect_err("nobody of use is there").to_string()
    };
    Runtime::BOTH.map(tell).to_vec()
}

/// What the command says; it is not wrong usage, and nothing is printed.
fn told_by_command(place: &Place) -> String {
    let (option, address) = match place {
        Place::ZooKeeper(address) => ("--zookeeper", address),
        Place::Bootstrap(address) => ("--bootstrap", address),
    };
    let ended = Samsa::run(&[option, address, "-X", SOON, "brokers"], b"", LIMIT).expect("samsa ends");
    assert_eq!((ended.status, ended.stdout.len()), (Some(1), 0), "{}", ended.stderr);
    ended.stderr
}

fn says(place: &Place, words: &[&str]) {
    let mut all = told(place);
    all.push(told_by_command(place));
    for told in all {
        println!("{place:?}: {told}");
        for word in words {
            assert!(told.contains(word), "{place:?}: {told}");
        }
    }
}

#[test]
fn a_port_that_speaks_tls_is_told() {
    // A fatal alert: unexpected message.
    let address = stranger(&[21, 3, 3, 0, 2, 2, 10]);
    says(&Place::Bootstrap(address.clone()), &[&address, "TLS", "PLAINTEXT"]);
}

#[test]
fn a_web_server_is_told() {
    let address = stranger(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    says(&Place::Bootstrap(address.clone()), &[&address, "HTTP", "is the port right?"]);
    says(&Place::ZooKeeper(address.clone()), &[&address, "ZooKeeper"]);
}

#[test]
fn a_host_that_is_not_there_is_told() {
    says(
        &Place::Bootstrap("no-such-host.invalid:9092".into()),
        &["no-such-host.invalid:9092", "address right"],
    );
    says(&Place::ZooKeeper("no-such-host.invalid:2181".into()), &["no-such-host.invalid:2181", "ZooKeeper"]);
}

#[test]
fn a_chroot_that_is_not_there_is_told() {
    let Some(strict) = strict(Release::V3_9_2) else { return };
    let server = strict.kafka.zookeeper_server().expect("it has one");
    let place = format!("{server}/no/such/chroot");
    says(&Place::ZooKeeper(place.clone()), &[&place, "/brokers/ids", "is the chroot right?"]);
}

#[test]
fn a_zookeeper_without_kafka_is_told() {
    let kafka = RealKafka::start_as(Release::V3_9_2, Shape { chroot: "/kafka", ..Shape::default() });
    let Some(kafka) = &needs(kafka) else { return };
    let server = kafka.zookeeper_server().expect("it has one");
    says(&Place::ZooKeeper(server.clone()), &[&server, "/brokers/ids", "is the chroot right?"]);
}

#[test]
fn a_zookeeper_that_is_given_as_a_broker_is_told() {
    let Some(strict) = strict(Release::V3_9_2) else { return };
    let server = strict.kafka.zookeeper_server().expect("it has one");
    says(&Place::Bootstrap(server.clone()), &[&server, "is a Kafka broker there", "--zookeeper"]);
}

#[test]
fn a_broker_that_is_given_as_zookeeper_is_told() {
    for release in [Release::V3_9_2, Release::V4_4_0] {
        let Some(strict) = strict(release) else { return };
        let broker = strict.kafka.bootstrap();
        says(&Place::ZooKeeper(broker.clone()), &[&broker, "--bootstrap"]);
    }
}

#[test]
fn brokers_that_advertise_what_cannot_be_reached_are_told() {
    let kafka = RealKafka::start_with(
        Release::V4_4_0,
        &[("advertised.listeners", "PLAINTEXT://127.0.0.1:1"), ("auto.create.topics.enable", "false")],
    );
    let Some(kafka) = &needs(kafka) else { return };
    let bootstrap = kafka.bootstrap();
    let arguments = ["--bootstrap", &bootstrap, "-X", "delivery.timeout.ms=3000", "-X", SOON];
    let ended = Samsa::run(&[&arguments[..], &["publish", "unreachable"]].concat(), b"x\n", LIMIT);
    let ended = ended.expect("samsa ends");
    assert_eq!(ended.status, Some(1), "{}", ended.stderr);
    for words in ["broker 1 at 127.0.0.1:1: ", "advertised.listeners"] {
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    }
    assert!(ended.stderr.contains("1 message not delivered: 1 not sent"), "{}", ended.stderr);
}

#[test]
fn a_setting_that_does_not_exist_is_told_with_the_nearest_one() {
    let arguments = ["--bootstrap", "127.0.0.1:1", "-X", "linger.msec=5", "brokers"];
    let ended = Samsa::run(&arguments, b"", LIMIT).expect("samsa ends");
    assert_eq!(ended.status, Some(2), "{}", ended.stderr);
    for word in ["linger.msec", "linger.ms"] {
        assert!(ended.stderr.contains(word), "{}", ended.stderr);
    }
}
