//! `samsa groups`.

mod lag;
mod reset;

use std::io::Write;

use clap::{Args, Subcommand};
use samsa_client::{GroupDescription, GroupMember, ListedGroup, Subscription};
use serde::Serialize;

use self::lag::Progress;
use self::reset::Reset;
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;
use crate::table::Table;

/// Where groups of this kind are.
const PLACE: &str = "ZooKeeper";

/// The groups; or the members of one, and of each partition its owner, committed offset, end and lag. Groups live in ZooKeeper
#[derive(Args, Debug)]
pub(crate) struct Groups {
    /// Show this group
    group: Option<String>,
    #[command(subcommand)]
    order: Option<Order>,
}

#[derive(Debug, Subcommand)]
enum Order {
    Reset(Reset),
}

#[derive(Serialize)]
struct Listed<'a> {
    group: &'a str,
    place: &'static str,
    members: usize,
}

#[derive(Serialize)]
struct Joined<'a> {
    member: &'a str,
    dialect: Option<String>,
    wants: Option<String>,
}

impl Groups {
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        match (&self.group, &self.order) {
            (None, Some(_)) => Err(Failure::Usage(
                "say which group, before reset; a group that is called reset comes after --".to_owned(),
            )),
            (Some(group), Some(Order::Reset(reset))) => {
                session.connect().await?;
                reset.run(session, group).await
            }
            (Some(group), None) => {
                session.connect().await?;
                one(session, group).await
            }
            (None, None) => all(session).await,
        }
    }
}

async fn all(session: &Session) -> Result<(), Failure> {
    let groups = session.ask(session.cluster.groups()).await?;
    let mut out = Output::stdout();
    let mut table = Table::new(["group", "lives in", "members"]);
    for ListedGroup { name, members } in &groups {
        if session.json {
            out.object(&Listed { group: name, place: PLACE, members: *members })?;
        } else {
            table.row([name.to_string(), PLACE.to_owned(), members.to_string()]);
        }
    }
    if !session.json {
        table.write(&mut out)?;
    }
    Ok(out.flush()?)
}

async fn one(session: &Session, group: &str) -> Result<(), Failure> {
    let description = session.ask(session.cluster.group(group).describe()).await?;
    let (progress, trouble) = Progress::of(session, &description).await;
    let mut out = Output::stdout();
    if session.json {
        members(&description).try_for_each(|member| out.object(&member))?;
        progress.iter().try_for_each(|row| out.object(row))?;
    } else {
        if description.members.is_empty() {
            writeln!(out, "no members")?;
        } else {
            member_table(&description).write(&mut out)?;
        }
        writeln!(out)?;
        lag::table(&progress).write(&mut out)?;
    }
    out.flush()?;
    for fault in &description.faults {
        eprintln!("cannot be read: {fault}");
    }
    trouble.map_or(Ok(()), Err)
}

fn members(description: &GroupDescription) -> impl Iterator<Item = Joined<'_>> {
    description.members.iter().map(|GroupMember { id, dialect, subscription }| Joined {
        member: id,
        dialect: dialect.map(|dialect| dialect.to_string()),
        wants: subscription.as_ref().map(wants),
    })
}

fn member_table(description: &GroupDescription) -> Table<3> {
    let known = |text: Option<String>| text.unwrap_or_else(|| "?".to_owned());
    let mut table = Table::new(["member", "dialect", "wants"]);
    for Joined { member, dialect, wants } in members(description) {
        table.row([member.to_owned(), known(dialect), known(wants)]);
    }
    table
}

/// In words: each topic, with its streams if they are several; or the pattern.
fn wants(subscription: &Subscription) -> String {
    let streams = |streams: u16| if streams == 1 { String::new() } else { format!(" ({streams} streams)") };
    match subscription {
        Subscription::Topics(topics) => {
            let topics = topics.iter().map(|(topic, count)| format!("{topic}{}", streams(*count)));
            topics.collect::<Vec<_>>().join(", ")
        }
        Subscription::WhiteList(filter) => format!("like {}{}", filter.regex, streams(filter.streams)),
        Subscription::BlackList(filter) => format!("not like {}{}", filter.regex, streams(filter.streams)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use samsa_client::TopicFilter;

    use super::*;

    #[test]
    fn what_a_member_wants_is_told_in_words() {
        let topics = BTreeMap::from([("audit".to_owned(), 1), ("events".to_owned(), 2)]);
        assert_eq!(wants(&Subscription::Topics(topics)), "audit, events (2 streams)");
        let filter = || TopicFilter { regex: "e.*".to_owned(), streams: 1 };
        assert_eq!(wants(&Subscription::WhiteList(filter())), "like e.*");
        assert_eq!(wants(&Subscription::BlackList(filter())), "not like e.*");
    }
}
