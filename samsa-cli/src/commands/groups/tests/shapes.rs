//! What the help says of the objects that are printed is so.

use clap::{CommandFactory, Parser};
use samsa_client::GroupKind;
use serde::Serialize;

use super::super::coordinated::{Coordinated, Participant};
use super::super::lag::Progress;
use super::super::listed::Listed;
use super::super::reset::Row;
use super::super::{Groups, Joined};
use crate::storage::Store;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    groups: Groups,
}

fn is_shown(help: &str, object: &impl Serialize) {
    let object = serde_json::to_string(object).expect("JSON");
    assert!(help.lines().any(|line| line.trim() == object), "{object} is not in:\n{help}");
}

#[test]
fn the_help_shows_each_kind_of_object() {
    let help = Arguments::command().render_long_help().to_string();
    let place = Store::ZooKeeper.name();
    is_shown(&help, &Listed { group: "billing", place, members: Some(2), kind: None, state: None });
    let (place, kind, state) = (Store::Brokers.name(), || GroupKind::Classic.to_string(), "Stable");
    let listed = Listed { group: "orders", place, members: None, kind: Some(kind()), state: Some(state) };
    is_shown(&help, &listed);
    is_shown(&help, &Coordinated { group: "orders", place, kind: kind(), state, assignor: Some("range") });
    let (client, host, has) = ("java", "10.0.0.1", "events 0, 2".to_owned());
    is_shown(&help, &Participant { member: "java-1", instance: None, client, host, has });
    let (dialect, wants) =
        (Some(samsa_client::Dialect::Scala.to_string()), Some("events (2 streams)".to_owned()));
    is_shown(&help, &Joined { member: "billing_host-1", dialect, wants });
    let progress = Progress {
        topic: "events".to_owned(),
        partition: 0,
        broker: None,
        owner: Some("billing_host-1-0".to_owned()),
        committed: Some(7),
        in_zookeeper: Some(7),
        on_brokers: None,
        end: Some(10),
        lag: Some(3),
        is_untold: false,
    };
    is_shown(&help, &progress);
}

#[test]
fn the_help_of_reset_shows_its_object() {
    let mut command = Arguments::command();
    let reset = command.find_subcommand_mut("reset").expect("an order");
    let help = reset.render_long_help().to_string();
    let place = Store::ZooKeeper.name();
    is_shown(&help, &Row { topic: "events", partition: 0, place, from: Some(7), to: 0, done: true });
}
