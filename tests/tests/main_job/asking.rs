//! The command line is asked about a cluster: by a variable, about racks, and what it waits for.

use std::time::Duration;

use samsa_tests::{
    RealKafka, Release,
    cli::{Ended, Samsa},
    needs, shared,
};
use serde_json::Value;

use crate::client::Runtime;

const LIMIT: Duration = Duration::from_secs(60);

fn samsa(arguments: &[&str]) -> Ended {
    Samsa::run(arguments, b"", LIMIT).expect("samsa ends")
}

fn objects(ended: &Ended) -> Vec<Value> {
    let text = str::from_utf8(&ended.stdout).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn the_rack_of_a_broker_is_shown() {
    for release in [Release::V3_9_2, Release::V4_4_0] {
        let kafka = RealKafka::start_with(release, &[("broker.rack", "cellar-{id}")]);
        let Some(kafka) = needs(kafka) else { return };
        let bootstrap = ("--bootstrap", kafka.bootstrap());
        let zookeeper = kafka.zookeeper().map(|zookeeper| ("--zookeeper", zookeeper));
        for (option, place) in zookeeper.into_iter().chain([bootstrap]) {
            let as_json = samsa(&[option, &place, "brokers", "--json"]);
            let brokers = objects(&as_json);
            assert_eq!((brokers.len(), &brokers[0]["rack"]), (1, &"cellar-1".into()), "{}", as_json.stderr);
            let for_people = samsa(&[option, &place, "brokers"]);
            let rows: Vec<Vec<&str>> = str::from_utf8(&for_people.stdout)
                .expect("text")
                .lines()
                .map(|line| line.split_whitespace().collect())
                .collect();
            assert_eq!((rows.len(), rows[0][3], rows[1][3]), (2, "rack", "cellar-1"), "{rows:?}");
        }
    }
}

#[test]
fn a_broker_without_a_rack_has_none() {
    let Some(kafka) = shared(Release::V4_4_0) else { return };
    let brokers = objects(&samsa(&["--bootstrap", &kafka.bootstrap(), "brokers", "--json"]));
    assert_eq!((brokers.len(), &brokers[0]["rack"]), (1, &Value::Null));
}

#[test]
fn a_cluster_may_be_named_by_a_variable_and_an_option_goes_before_it() {
    let Some(kafka) = shared(Release::V3_9_2) else { return };
    let zookeeper = kafka.zookeeper().expect("it has one");
    let nowhere = "127.0.0.1:1";
    let registered = |variables: &[(&str, &str)], arguments: &[&str]| {
        let arguments = [&["brokers", "--json", "-X", "default.api.timeout.ms=5000"], arguments].concat();
        let ended = Samsa::run_in(variables, &arguments, LIMIT).expect("samsa ends");
        assert_eq!(ended.status, Some(0), "{variables:?} {arguments:?}: {}", ended.stderr);
        // A registration's age is known only to who has looked in ZooKeeper.
        objects(&ended)[0]["registered_at_ms"].is_i64()
    };
    assert!(registered(&[("SAMSA_ZOOKEEPER", &zookeeper)], &[]));
    assert!(!registered(&[("SAMSA_BOOTSTRAP", &kafka.bootstrap())], &[]));
    assert!(registered(&[("SAMSA_ZOOKEEPER", nowhere)], &["--zookeeper", &zookeeper]));
    assert!(!registered(&[("SAMSA_ZOOKEEPER", nowhere)], &["--bootstrap", &kafka.bootstrap()]));
}

#[test]
fn what_the_client_waits_for_is_told_as_json() {
    for release in [Release::V3_9_2, Release::V4_4_0] {
        let Some(kafka) = shared(release) else { return };
        let zookeeper = kafka.zookeeper().map(|zookeeper| ["--zookeeper".to_owned(), zookeeper]);
        let [option, place] = zookeeper.unwrap_or_else(|| ["--bootstrap".to_owned(), kafka.bootstrap()]);
        for runtime in Runtime::BOTH {
            let ended = samsa(&[&option, &place, "--runtime", runtime.name(), "--json", "explain"]);
            assert_eq!(ended.status, Some(0), "{}", ended.stderr);
            is_explained(&ended);
        }
    }
    let nowhere = ["--bootstrap", "127.0.0.1:1", "-X", "default.api.timeout.ms=1000"];
    let ended = samsa(&[&nowhere[..], &["--json", "explain"]].concat());
    assert_eq!(ended.status, Some(1), "{}", ended.stderr);
    is_explained(&ended);
    let told = objects(&ended);
    assert!(told.iter().any(|line| line.to_string().contains("127.0.0.1:1")), "{told:?}");
}

/// Each line has the same fields, and the last is about the driver.
fn is_explained(ended: &Ended) {
    let lines = objects(ended);
    for line in &lines {
        let fields: Vec<_> = line.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(fields, ["for_seconds", "left_seconds", "what", "who"], "{line}");
        assert!(line["who"].is_string() && line["what"].is_string(), "{line}");
        for time in ["for_seconds", "left_seconds"] {
            assert!(line[time].is_null() || line[time].as_f64().is_some_and(|time| time >= 0.0), "{line}");
        }
    }
    assert_eq!(lines.last().expect("a line")["who"], "the driver");
}
