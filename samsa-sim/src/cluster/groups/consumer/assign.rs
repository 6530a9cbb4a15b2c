//! Who is to have what.

use std::collections::{BTreeMap, BTreeSet};

use super::{Member, Part, Topics};

/// Those that brokers know, the usual one first.
pub(in super::super) const ASSIGNORS: [&str; 2] = [UNIFORM, RANGE];
const UNIFORM: &str = "uniform";
const RANGE: &str = "range";

type Target = BTreeMap<String, BTreeSet<Part>>;

/// The assignor that most members would like; without a wish the usual one.
pub(super) fn preferred(members: &BTreeMap<String, Member>) -> &'static str {
    let wish =
        |name: &&str| members.values().filter(|member| member.assignor.as_deref() == Some(*name)).count();
    // Of several with the same number the last one is taken.
    ASSIGNORS.into_iter().rev().max_by_key(wish).unwrap_or(UNIFORM)
}

/// The next target, by the name of the assignor.
pub(super) fn assign(
    assignor: &str,
    members: &BTreeMap<String, Member>,
    topics: &Topics,
    before: &Target,
) -> Target {
    if assignor == RANGE { range(members, topics) } else { uniform(members, topics, before) }
}

/// Of each topic its subscribers, in order of their ids, get consecutive partitions.
fn range(members: &BTreeMap<String, Member>, topics: &Topics) -> Target {
    let mut target: Target = members.keys().map(|id| (id.clone(), BTreeSet::new())).collect();
    for (topic, (id, count)) in topics {
        let subscribers: Vec<&String> =
            members.iter().filter(|(_, member)| member.topics.contains(topic)).map(|(id, _)| id).collect();
        let share = |place: usize| {
            let (all, place) = (subscribers.len(), place.min(subscribers.len()));
            let count = usize::try_from(*count).unwrap_or(0);
            (count / all.max(1) * place + (count % all.max(1)).min(place)) as i32
        };
        for (place, subscriber) in subscribers.iter().enumerate() {
            let parts = (share(place)..share(place + 1)).map(|number| (*id, number));
            target.entry((*subscriber).clone()).or_default().extend(parts);
        }
    }
    target
}

/// All have about as much, and keep what they had as far as that allows. Where members subscribe to different topics, Kafka's
/// own may come to another result that is as good.
fn uniform(members: &BTreeMap<String, Member>, topics: &Topics, before: &Target) -> Target {
    let mut free: BTreeMap<Part, &String> = topics
        .iter()
        .flat_map(|(name, (id, count))| (0..*count).map(move |number| ((*id, number), name)))
        .collect();
    let names = free.clone();
    let mut target = Target::new();
    for (id, member) in members {
        let had = before.get(id).into_iter().flatten();
        let keeps = |part: &Part| free.get(part).is_some_and(|topic| member.topics.contains(*topic));
        let kept: BTreeSet<Part> = had.filter(|part| keeps(part)).copied().collect();
        for part in &kept {
            free.remove(part);
        }
        target.insert(id.clone(), kept);
    }
    for (part, topic) in free {
        if let Some(least) = least_of(members, &target, topic) {
            target.entry(least).or_default().insert(part);
        }
    }
    while let Some((part, from, to)) = unfair(members, &target, &names) {
        target.entry(from).or_default().remove(&part);
        target.entry(to).or_default().insert(part);
    }
    target
}

/// The subscriber of a topic that has least.
fn least_of(members: &BTreeMap<String, Member>, target: &Target, topic: &str) -> Option<String> {
    let subscribers = members.iter().filter(|(_, member)| member.topics.contains(topic));
    subscribers.map(|(id, _)| id).min_by_key(|id| target.get(*id).map_or(0, BTreeSet::len)).cloned()
}

/// A partition whose owner has two or more more than another subscriber has.
fn unfair(
    members: &BTreeMap<String, Member>,
    target: &Target,
    names: &BTreeMap<Part, &String>,
) -> Option<(Part, String, String)> {
    target.iter().find_map(|(id, parts)| {
        // The last ones go first.
        parts.iter().rev().find_map(|part| {
            let least = least_of(members, target, names.get(part)?)?;
            let is_unfair = target.get(&least).map_or(0, BTreeSet::len) + 2 <= parts.len();
            is_unfair.then(|| (*part, id.clone(), least))
        })
    })
}
