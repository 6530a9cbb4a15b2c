//! Who has a partition, as its coordinator sees it.

use super::Group;
use super::classic::{ClassicGroup, GroupState};
use super::consumer::ConsumerGroup;
use crate::cluster::state::State;

/// The members that have it, each with the generation or epoch in which it got it.
pub(crate) fn holders(state: &State, group: &str, topic: &str, partition: i32) -> Vec<(String, i32)> {
    match state.groups.by_name.get(group) {
        Some(Group::Classic(group)) => of_classic(group, topic, partition),
        Some(Group::Consumer(group)) => {
            state.topic(topic).map_or_else(Vec::new, |topic| of_consumer(group, (topic.id, partition)))
        }
        None => Vec::new(),
    }
}

/// What was given in a generation lasts until the member joins again, or all have.
fn of_classic(group: &ClassicGroup, topic: &str, partition: i32) -> Vec<(String, i32)> {
    if !matches!(group.state, GroupState::Stable | GroupState::PreparingRebalance) {
        return Vec::new();
    }
    let has = |member: &&String| {
        group.awaits_join(member).is_none() && group.owns(member, topic, partition) == Some(true)
    };
    group.members.keys().filter(has).map(|member| (member.clone(), group.generation)).collect()
}

fn of_consumer(group: &ConsumerGroup, part: super::consumer::Part) -> Vec<(String, i32)> {
    let held =
        |(name, member): (&String, &super::consumer::Member)| Some((name.clone(), member.since(&part)?));
    group.members.iter().filter_map(held).collect()
}
