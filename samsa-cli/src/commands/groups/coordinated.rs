//! A group that lives on the brokers: what its coordinator tells of it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use samsa_client::{CoordinatedGroup, CoordinatedMember, TopicPartition};
use serde::Serialize;

use crate::output::Output;
use crate::storage::Store;
use crate::table::Table;

#[derive(Serialize)]
pub(super) struct Coordinated<'a> {
    pub(super) group: &'a str,
    pub(super) place: &'static str,
    pub(super) kind: String,
    pub(super) state: &'a str,
    pub(super) assignor: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct Participant<'a> {
    pub(super) member: &'a str,
    pub(super) instance: Option<&'a str>,
    pub(super) client: &'a str,
    pub(super) host: &'a str,
    pub(super) has: String,
}

pub(super) fn print(out: &mut Output, json: bool, name: &str, group: &CoordinatedGroup) -> io::Result<()> {
    if json {
        out.object(&of(name, group))?;
        return members(group).try_for_each(|member| out.object(&member));
    }
    writeln!(out, "{}", in_words(group))?;
    writeln!(out)?;
    if group.members.is_empty() {
        writeln!(out, "no members")?;
    } else {
        member_table(group).write(out)?;
    }
    writeln!(out)
}

fn of<'a>(group: &'a str, told: &'a CoordinatedGroup) -> Coordinated<'a> {
    let CoordinatedGroup { kind, state, assignor, .. } = told;
    let (place, kind, assignor) = (Store::Brokers.name(), kind.to_string(), assignor.as_deref());
    Coordinated { group, place, kind, state, assignor }
}

fn in_words(group: &CoordinatedGroup) -> String {
    let assignor = group.assignor.as_ref().map(|assignor| format!(", assignor {assignor}"));
    let (kind, state) = (group.kind, &group.state);
    format!("on the brokers, {kind} protocol, {state}{}", assignor.unwrap_or_default())
}

fn members(group: &CoordinatedGroup) -> impl Iterator<Item = Participant<'_>> {
    group.members.iter().map(|CoordinatedMember { id, instance_id, client_id, host, partitions }| {
        Participant {
            member: id,
            instance: instance_id.as_deref(),
            client: client_id,
            host,
            has: has(partitions),
        }
    })
}

fn member_table(group: &CoordinatedGroup) -> Table<4> {
    let mut table = Table::new(["member", "client", "host", "has"]);
    for Participant { member, client, host, has, .. } in members(group) {
        let has = if has.is_empty() { "nothing".to_owned() } else { has };
        table.row([member.to_owned(), client.to_owned(), host.to_owned(), has]);
    }
    table
}

/// In words: each topic with its partitions.
fn has(partitions: &[TopicPartition]) -> String {
    let mut topics = BTreeMap::<&str, Vec<String>>::new();
    for at in partitions {
        topics.entry(&at.topic).or_default().push(at.partition.to_string());
    }
    let topics = topics.into_iter().map(|(topic, numbers)| format!("{topic} {}", numbers.join(", ")));
    topics.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use samsa_client::GroupKind;

    use super::*;

    fn group(members: Vec<CoordinatedMember>) -> CoordinatedGroup {
        let (kind, state, assignor) = (GroupKind::Classic, "Stable".to_owned(), Some("range".to_owned()));
        CoordinatedGroup { kind, state, assignor, members }
    }

    fn member(id: &str, partitions: &[(&str, i32)]) -> CoordinatedMember {
        let partitions = partitions.iter().map(|(topic, number)| TopicPartition::new(*topic, *number));
        CoordinatedMember {
            id: id.to_owned(),
            instance_id: None,
            client_id: "java".to_owned(),
            host: "10.0.0.1".to_owned(),
            partitions: partitions.collect(),
        }
    }

    #[test]
    fn members_are_shown_with_what_they_have() {
        let members = vec![member("a", &[("audit", 1), ("events", 0), ("events", 2)]), member("b", &[])];
        let mut shown = Vec::new();
        member_table(&group(members)).write(&mut shown).unwrap();
        let expected = "\
member  client  host      has
a       java    10.0.0.1  audit 1; events 0, 2
b       java    10.0.0.1  nothing
";
        assert_eq!(String::from_utf8(shown).unwrap(), expected);
    }

    #[test]
    fn the_group_is_told_in_a_line() {
        assert_eq!(in_words(&group(Vec::new())), "on the brokers, classic protocol, Stable, assignor range");
        let nobody = CoordinatedGroup { assignor: None, ..group(Vec::new()) };
        assert_eq!(in_words(&nobody), "on the brokers, classic protocol, Stable");
    }
}
