//! Apache's schemas of two releases, field by field, beside the description of our messages.

use std::{collections::BTreeSet, ops::RangeInclusive};

use samsa_proto::{
    Message,
    api::{
        Api,
        consumer_protocol::{ConsumerProtocolAssignment, ConsumerProtocolSubscription},
    },
    wire::{Describe, Kind},
};
use samsa_tests::{Release, apache, needs};
use serde_json::Value;

use crate::line::Line;

mod apaches;
mod line;
mod ours;

const NEWEST: Release = Release::V4_4_0;

fn of_type<'a>(schemas: &'a [Value], of: &str) -> impl Iterator<Item = &'a Value> {
    schemas.iter().filter(move |schema| schema["type"] == of)
}

/// The stable versions of a message.
fn versions(schema: &Value) -> BTreeSet<i16> {
    let range = schema["validVersions"].as_str().expect("a range");
    let mut versions: BTreeSet<i16> = (0..100).filter(|version| apaches::holds(range, *version)).collect();
    if schema["latestVersionUnstable"] == true {
        versions.pop_last();
    }
    versions
}

/// Names that changed between 3.9.2 and 4.4.0, for the same bytes.
const RENAMED: [(&str, &str); 3] = [
    ("client_metrics_resources", "config_resources"),
    ("client_metrics_resources.name", "config_resources.resource_name"),
    ("generation_id", "generation_id_or_member_epoch"),
];

/// Whether two lines say the same, by today's name or by that of the older release.
fn agree(our: Option<&Line>, their: Option<&Line>) -> bool {
    let (Some(our), Some(their)) = (our, their) else { return false };
    let renamed = RENAMED.contains(&(their.path.as_str(), our.path.as_str()));
    our == their || renamed && *our == Line { path: our.path.clone(), ..their.clone() }
}

/// Every line in which the two differ, and nothing when they are alike.
fn differences(name: &str, ours: &[Line], theirs: &[Line]) -> Vec<String> {
    let say = |line: Option<&Line>| line.map_or_else(|| "nothing".into(), ToString::to_string);
    (0..ours.len().max(theirs.len()))
        .map(|index| (ours.get(index), theirs.get(index)))
        .filter(|(our, their)| !agree(*our, *their))
        .map(|(our, their)| format!("{name}: ours {}, Apache's {}", say(our), say(their)))
        .collect()
}

fn schemas(release: Release) -> Option<Vec<Value>> {
    Some(needs(apache::schemas(release))?.iter().map(|text| apaches::parse(text)).collect())
}

/// How a message differs from a schema in one version.
///
/// What is `ignorable` is compared with the newest release only: a field that lost its later versions became so then.
fn compared(
    release: Release,
    kind: Kind,
    schema: &Value,
    version: i16,
    all: RangeInclusive<i16>,
) -> Vec<String> {
    let name = format!("{} v{version}", schema["name"].as_str().unwrap_or_default());
    let all: Vec<i16> = all.collect();
    let (mut ours, mut theirs) = (ours::lines(kind, version, &all), apaches::lines(schema, version, &all));
    for line in ours.iter_mut().chain(&mut theirs) {
        line.ignorable &= release == NEWEST;
    }
    differences(&name, &ours, &theirs)
}

/// Compares both messages of every API that the release and we know, in each of the release's stable versions.
fn fields_agree(release: Release) {
    let Some(schemas) = schemas(release) else { return };
    let mut found = Vec::new();
    for (request, api) in known(&schemas) {
        let response = of_type(&schemas, "response").find(|schema| schema["apiKey"] == request["apiKey"]);
        for (schema, half) in [(request, &api.request), (response.expect("a response"), &api.response)] {
            let flexible = schema["flexibleVersions"].as_str().expect("a range");
            for version in versions(request) {
                assert_eq!(
                    version >= api.flexible,
                    apaches::holds(flexible, version),
                    "{} v{version}",
                    api.name
                );
                found.extend(compared(release, half.kind, schema, version, api.versions.clone()));
            }
        }
    }
    assert!(found.is_empty(), "{} differences\n{}", found.len(), found.join("\n"));
}

fn consumer_protocol_agrees<M: Message + Describe>(release: Release) {
    let Some(schemas) = schemas(release) else { return };
    let schema = of_type(&schemas, "data").find(|schema| schema["name"] == M::NAME).expect("a schema");
    assert_eq!(versions(schema), M::VERSIONS.collect());
    assert_eq!(schema["flexibleVersions"] == "none", M::FLEXIBLE == i16::MAX);
    for version in M::VERSIONS {
        let found = compared(release, M::KIND, schema, version, M::VERSIONS);
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

#[test]
fn the_consumer_protocol_is_that_of_both_releases() {
    for release in [Release::V3_9_2, NEWEST] {
        consumer_protocol_agrees::<ConsumerProtocolSubscription<'_>>(release);
        consumer_protocol_agrees::<ConsumerProtocolAssignment<'_>>(release);
    }
}

/// The requests that we know, with our API.
fn known(schemas: &[Value]) -> impl Iterator<Item = (&Value, &'static Api)> {
    of_type(schemas, "request").filter_map(|schema| {
        let key = schema["apiKey"].as_i64().expect("a number") as i16;
        Some((schema, Api::of_key(key)?))
    })
}

/// What brokers say to each other on their own listener: the end of transactions, and the state of share groups.
const BETWEEN_BROKERS: [i64; 6] = [27, 83, 84, 85, 86, 87];

#[test]
fn every_api_that_a_client_may_use_is_there() {
    let Some(schemas) = schemas(NEWEST) else { return };
    let on_brokers = |schema: &&Value| {
        schema["listeners"].as_array().is_some_and(|listeners| listeners.iter().any(|on| on == "broker"))
    };
    let keys = of_type(&schemas, "request").filter(on_brokers).filter_map(|schema| schema["apiKey"].as_i64());
    let expected: BTreeSet<i64> = keys.filter(|key| !BETWEEN_BROKERS.contains(key)).collect();
    assert_eq!(expected, Api::ALL.iter().map(|api| i64::from(api.key)).collect());
}

#[test]
fn the_fields_of_every_message_are_those_of_3_9_2() {
    fields_agree(Release::V3_9_2);
}

#[test]
fn the_fields_of_every_message_are_those_of_4_4_0() {
    fields_agree(Release::V4_4_0);
}

#[test]
fn every_stable_version_that_either_release_knows_is_there() {
    let (Some(old), Some(new)) = (schemas(Release::V3_9_2), schemas(Release::V4_4_0)) else { return };
    for (schema, api) in known(&new) {
        let mut expected = versions(schema);
        for older in of_type(&old, "request").filter(|older| older["apiKey"] == schema["apiKey"]) {
            expected.append(&mut versions(older));
        }
        assert_eq!(expected, api.versions.clone().collect(), "{}", api.name);
    }
}
