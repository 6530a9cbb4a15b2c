//! One by one: the partitions of all topics in the order of a hash of their names, dealt to the threads in turn. A
//! thread that does not read a topic is passed over, and the turn goes on behind whoever took the partition (KAFKA-2434).

use std::collections::BTreeMap;

use super::{Members, Place, Thread, Topics, sorted, threads, threads_of};

/// How a partition is named for its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HashedName {
    /// `[T,P]`: 0.8.2 to 0.11.
    Bracketed,
    /// `T-P`: 1.0 and 1.1.
    Dashed,
}

pub(super) fn deal<'a>(members: &'a Members, topics: &Topics, name: HashedName) -> Vec<(Place, Thread<'a>)> {
    let circle = circle(members);
    let mut places: Vec<(i32, Place)> = topics
        .iter()
        .flat_map(|(topic, partitions)| partitions.iter().map(move |partition| (topic.clone(), *partition)))
        .map(|place| (name.hash(&place), place))
        .collect();
    places.sort();
    let readers: BTreeMap<&String, Vec<Thread<'_>>> =
        topics.keys().map(|topic| (topic, threads_of(topic, members))).collect();
    let (mut dealt, mut turn) = (Vec::new(), 0);
    for (_, place) in places {
        let mut in_turn = (0..circle.len()).map(|step| (turn + step) % circle.len());
        let taker = in_turn.find(|at| readers[&place.0].contains(&circle[*at]));
        if let Some(taker) = taker {
            dealt.push((place, circle[taker].clone()));
            turn = taker + 1;
        }
    }
    dealt
}

/// All threads: a member has as many as it reads any topic with.
fn circle(members: &Members) -> Vec<Thread<'_>> {
    let most = |topics: &BTreeMap<String, u16>| topics.values().copied().max().unwrap_or(0);
    sorted(members.iter().flat_map(|(member, topics)| threads(member, most(topics))).collect())
}

impl HashedName {
    fn hash(self, (topic, partition): &Place) -> i32 {
        match self {
            Self::Bracketed => java_hash(&format!("[{topic},{partition}]")),
            Self::Dashed => java_hash(&format!("{topic}-{partition}")),
        }
    }
}

/// `String.hashCode` of Java.
fn java_hash(text: &str) -> i32 {
    let add = |hash: i32, unit: u16| hash.wrapping_mul(31).wrapping_add(i32::from(unit));
    text.encode_utf16().fold(0, add)
}
