//! `samsa groups`.

mod coordinated;
mod ends;
mod lag;
mod listed;
mod on_brokers;
mod reset;
#[cfg(test)]
mod tests;

use std::io::Write;

use clap::{Args, Subcommand};
use samsa_client::{GroupDescription, GroupMember, Subscription};
use serde::Serialize;

use self::ends::Ends;
use self::listed::Listed;
use self::on_brokers::OnBrokers;
use self::reset::Reset;
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;
use crate::table::Table;

/// The groups of consumers; or the members of one, and of each partition its owner, committed offset, end and lag. Groups live in
/// ZooKeeper, and keep their offsets there, or on the brokers, or in both places; or the brokers coordinate them, and keep their
/// offsets
///
/// With --bootstrap, groups are those of the brokers. With --zookeeper they are those of both; one that is in ZooKeeper is shown
/// as it is there. Groups of Connect and of schema registries are left out.
///
/// The lag is counted from where whoever gets the partition begins: in a group of pykafka's that is what the brokers have, in
/// others the larger of what there is. Where the two places differ, both are shown.
///
/// With --json, each group of the list is an object of this shape:
///
///   {"group":"billing","place":"ZooKeeper","members":2,"kind":null,"state":null}
///   {"group":"orders","place":"brokers","members":null,"kind":"classic","state":"Stable"}
///
/// Of one group, first each member, then each partition; null is what is not known, or not there:
///
///   {"member":"billing_host-1","dialect":"Scala 0.8 to 1.1","wants":"events (2 streams)"}
///   {"topic":"events","partition":0,"broker":null,"owner":"billing_host-1-0","committed":7,"in_zookeeper":7,"on_brokers":null,"end":10,"lag":3}
///
/// Of a group that the brokers coordinate, first the group, then each member, and partitions as above:
///
///   {"group":"orders","place":"brokers","kind":"classic","state":"Stable","assignor":"range"}
///   {"member":"java-1","instance":null,"client":"java","host":"10.0.0.1","has":"events 0, 2"}
///
/// The broker is there where it is part of what a partition is, as in Kafka 0.7, or where several members of pykafka's have locked
/// the partition under different leaders.
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
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
    let list = session.ask(session.cluster.groups()).await?;
    let mut out = Output::stdout();
    if session.json {
        list.groups.iter().filter_map(Listed::of).try_for_each(|group| out.object(&group))?;
    } else {
        listed::table(&list).write(&mut out)?;
    }
    out.flush()?;
    listed::remarks(&list).for_each(|remark| tell!("{remark}"));
    listed::outcome(&list)
}

/// The members are written out before brokers are asked where partitions end. What the brokers have of the group itself was
/// waited for by then, but no longer than leaves time to show what ZooKeeper has.
async fn one(session: &Session, group: &str) -> Result<(), Failure> {
    let description = session.ask(session.cluster.group(group).describe()).await?;
    let mut out = Output::stdout();
    if let Some(told) = &description.coordinated {
        coordinated::print(&mut out, session.json, group, told)?;
    } else if session.json {
        members(&description).try_for_each(|member| out.object(&member))?;
    } else {
        if description.members.is_empty() {
            writeln!(out, "no members")?;
        } else {
            member_table(&description).write(&mut out)?;
        }
        writeln!(out)?;
    }
    out.flush()?;
    for fault in &description.faults {
        tell!("cannot be read: {fault}");
    }
    let on_brokers = OnBrokers::of(&description);
    on_brokers.remarks.iter().for_each(|remark| tell!("{remark}"));
    let ends = Ends::of(session, lag::topics(&description)).await?;
    let progress = lag::rows(&description, &ends);
    if session.json {
        progress.iter().try_for_each(|row| out.object(row))?;
    } else {
        lag::table(&progress).write(&mut out)?;
    }
    out.flush()?;
    ends.remarks().for_each(|remark| tell!("{remark}"));
    on_brokers.outcome().and(ends.outcome())
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
