//! What is said of an address where nobody is of use.

use super::*;

fn reason(script: &mut Script) -> String {
    match script.learns() {
        News::Unreachable { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn who_closes_a_bootstrap_connection_without_an_answer_may_be_no_broker() {
    let mut script = Script::start();
    script.net.set_bootstrap(&["127.0.0.1:2181".parse().unwrap()]);
    assert_eq!(script.net.connection(script.now, Peer::Bootstrap(0), Role::Metadata), None);
    for question in [(18, 0), (3, 0)] {
        let conn = script.dials();
        script.net.connected(script.now, conn);
        assert_eq!(script.sent(conn), [question]);
        script.net.disconnected(script.now, conn, "it closed the connection");
    }
    let told = reason(&mut script);
    for word in ["127.0.0.1:2181: it closed", "TLS", "--zookeeper"] {
        assert!(told.contains(word), "{told}");
    }
}

#[test]
fn a_broker_that_closes_without_an_answer_is_one_nevertheless() {
    let mut script = Script::start();
    script.net.set_registered(script.now, BTreeMap::from([(BrokerId(1), false)]));
    script.asks(Role::Control);
    let conn = script.dials();
    script.net.connected(script.now, conn);
    script.sent(conn);
    script.net.disconnected(script.now, conn, "it closed the connection");
    assert_eq!(reason(&mut script), "broker 1 at 127.0.0.1:9092: it closed the connection");
}

#[test]
fn an_address_that_a_cluster_gives_and_nobody_ever_reached_may_be_advertised_wrongly() {
    let mut script = Script::start();
    script.asks(Role::Control);
    let conn = script.dials();
    script.net.connect_failed(script.now, conn, "refused");
    let told = reason(&mut script);
    assert!(told.contains("refused") && told.contains("advertised.listeners"), "{told}");
}

#[test]
fn a_broker_that_was_reached_before_is_at_the_right_address() {
    let mut script = Script::start();
    script.ready(Role::Control);
    script.asks(Role::Produce);
    let conn = script.dials();
    script.net.connect_failed(script.now, conn, "refused");
    assert_eq!(reason(&mut script), "broker 1 at 127.0.0.1:9092: refused");
}
