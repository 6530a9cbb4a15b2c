//! Topic by topic: the partitions in their order, cut into as many runs as there are threads; the first ones are longer by
//! one where it does not come out even.

use std::collections::BTreeSet;

use super::{Members, Place, Thread, Topics, threads_of};

pub(super) fn deal<'a>(
    members: &'a Members,
    topics: &Topics,
    in_order: fn(&BTreeSet<i32>) -> Vec<i32>,
) -> Vec<(Place, Thread<'a>)> {
    let mut dealt = Vec::new();
    for (topic, partitions) in topics {
        let threads = threads_of(topic, members);
        let count = threads.len();
        if count == 0 {
            continue;
        }
        let (each, longer) = (partitions.len() / count, partitions.len() % count);
        let mut rest = in_order(partitions).into_iter();
        for (place, thread) in threads.into_iter().enumerate() {
            let run = rest.by_ref().take(each + usize::from(place < longer));
            dealt.extend(run.map(|partition| ((topic.clone(), partition), thread.clone())));
        }
    }
    dealt
}

/// By their numbers.
pub(super) fn by_number(partitions: &BTreeSet<i32>) -> Vec<i32> {
    partitions.iter().copied().collect()
}
