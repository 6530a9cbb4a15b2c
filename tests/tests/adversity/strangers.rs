//! Somebody else is at the address that was given: the error says what was tried, what was found, and what to do.

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
    time::Duration,
};

use samsa_async_std::AsyncStd;
use samsa_tests::{RealKafka, Release, Shape, cli::Samsa, needs};
use samsa_tokio::{Builder, Cluster, Config, ConnectError, Launch, Offset, OnTokio};

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

/// What the library says.
fn told(runtime: Runtime, place: &Place) -> String {
    let connected = runtime.block_on(async {
        match runtime {
            Runtime::Tokio => connect(OnTokio, place).await,
            Runtime::AsyncStd => connect(AsyncStd, place).await,
        }
    });
    connected.expect_err("nobody of use is there").to_string()
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

/// All at the same time: each tries for as long as it may.
fn says(place: &Place, words: &[&str]) {
    let all = thread::scope(|scope| {
        let by_library = Runtime::BOTH.map(|runtime| scope.spawn(move || told(runtime, place)));
        let by_command = scope.spawn(|| told_by_command(place));
        let [one, other] = by_library.map(|told| told.join().expect("it is told"));
        [one, other, by_command.join().expect("it is told")]
    });
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
    says(&Place::Bootstrap(address.clone()), &[&address, "it answers in TLS", "PLAINTEXT"]);
    says(&Place::ZooKeeper(address.clone()), &[&address, "it answers in TLS", "give a port without TLS"]);
}

#[test]
fn a_listener_of_a_broker_that_speaks_tls_is_told() {
    let Some(strict) = strict(Release::V4_4_0) else { return };
    let address = strict.kafka.tls_address().expect("it has one");
    says(&Place::Bootstrap(address.clone()), &[&address, "it answers in TLS", "PLAINTEXT"]);
    says(&Place::ZooKeeper(address.clone()), &[&address, "it answers in TLS", "give a port without TLS"]);
}

#[test]
fn a_web_server_is_told() {
    let address = stranger(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    says(&Place::Bootstrap(address.clone()), &[&address, "HTTP", "is the port right?"]);
    says(&Place::ZooKeeper(address.clone()), &[&address, "it answers in HTTP", "is the port right?"]);
}

#[test]
fn a_host_that_is_not_there_is_told() {
    says(
        &Place::Bootstrap("no-such-host.invalid:9092".into()),
        &["no-such-host.invalid:9092", "address right"],
    );
    says(
        &Place::ZooKeeper("no-such-host.invalid:2181".into()),
        &[
            "no ZooKeeper server answers at no-such-host.invalid:2181",
            "that name is not found",
            "address right",
        ],
    );
}

#[test]
fn a_port_where_nobody_listens_is_told() {
    says(&Place::Bootstrap("127.0.0.1:1".into()), &["127.0.0.1:1", "refused", "address right"]);
    says(
        &Place::ZooKeeper("127.0.0.1:1".into()),
        &["no ZooKeeper server answers at 127.0.0.1:1", "nobody listens there", "is the port right?"],
    );
}

#[test]
fn each_server_of_an_ensemble_is_told_of() {
    let web = stranger(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    let ensemble = format!("127.0.0.1:1,{web},no-such-host.invalid:2181/kafka");
    let (web, host) =
        (format!("{web}: it answers in HTTP"), "no-such-host.invalid:2181: that name is not found");
    says(&Place::ZooKeeper(ensemble.clone()), &[&ensemble, "127.0.0.1:1: nobody listens there", &web, host]);
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
    let kafka = RealKafka::start_as(Release::V3_9_2, Shape { brokers: 0, ..Shape::default() });
    let Some(kafka) = &needs(kafka) else { return };
    let server = kafka.zookeeper_server().expect("it has one");
    let words = [&server, "has no /brokers/ids", "is the chroot right?", "bootstrap brokers"];
    says(&Place::ZooKeeper(server.clone()), &words);
}

#[test]
fn a_zookeeper_whose_only_broker_is_gone_is_told() {
    let kafka = RealKafka::start_with(Release::V3_9_2, &[("zookeeper.session.timeout.ms", "2000")]);
    let Some(kafka) = &needs(kafka) else { return };
    kafka.kill_for_good(1).expect("ZooKeeper forgets it");
    let server = kafka.zookeeper_server().expect("it has one");
    let words = [&format!("no broker is registered in ZooKeeper at {server}"), "is a broker up?"];
    says(&Place::ZooKeeper(server.clone()), &words);
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

/// Where nobody is.
const ELSEWHERE: &str = "127.0.0.1:1";
const UNREACHED: [&str; 2] =
    ["broker 1 at 127.0.0.1:1: ", "can its advertised.listeners be reached from here?"];

fn names_what_is_advertised(told: &str) {
    println!("{told}");
    for words in UNREACHED {
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn brokers_that_advertise_what_cannot_be_reached_are_told() {
    let shape = Shape { advertised: Some(ELSEWHERE), ..Shape::default() };
    let Some(kafka) = &needs(RealKafka::start_as(Release::V4_4_0, shape)) else { return };
    let bootstrap = kafka.bootstrap();
    let arguments = ["--bootstrap", &bootstrap, "-X", "delivery.timeout.ms=3000", "-X", SOON];
    let ended = Samsa::run(&[&arguments[..], &["publish", "unreachable"]].concat(), b"x\n", LIMIT);
    let ended = ended.expect("samsa ends");
    assert_eq!(ended.status, Some(1), "{}", ended.stderr);
    names_what_is_advertised(&ended.stderr);
    assert!(ended.stderr.contains("1 message not delivered: 1 not sent"), "{}", ended.stderr);
    thread::scope(|scope| {
        for runtime in Runtime::BOTH {
            scope.spawn(move || the_library_names_what_is_advertised(runtime, kafka));
        }
    });
}

fn the_library_names_what_is_advertised(runtime: Runtime, kafka: &RealKafka) {
    let hurry = |config: &mut Config| {
        config.publish.delivery_timeout = Duration::from_secs(3);
        config.api_timeout = Duration::from_secs(3);
    };
    runtime.run_with(kafka, hurry, async |cluster| {
        let topic = cluster.topic("unreachable");
        let error = topic.publish("lost").await.expect_err("nobody reaches its leader");
        names_what_is_advertised(&error.to_string());
        let error = topic.offsets(Offset::Latest).await.expect_err("nobody reaches its leader");
        names_what_is_advertised(&error.to_string());
        let error = topic.reader(Offset::Earliest).open().await.expect_err("nobody reaches its leader");
        names_what_is_advertised(&error.to_string());
    });
}

#[test]
fn a_broker_that_registers_what_cannot_be_reached_is_told() {
    let shape = Shape { advertised: Some(ELSEWHERE), ..Shape::default() };
    let Some(kafka) = &needs(RealKafka::start_as(Release::V3_9_2, shape)) else { return };
    says(&Place::of(kafka), &UNREACHED);
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
