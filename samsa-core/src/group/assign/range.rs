//! Topic by topic: the partitions in the order of their numbers, cut into as many runs as there are threads; the first
//! ones are longer by one where it does not come out even.

use super::{Members, Place, Thread, Topics, threads_of};

pub(super) fn deal<'a>(members: &'a Members, topics: &Topics) -> Vec<(Place, Thread<'a>)> {
    let mut dealt = Vec::new();
    for (topic, partitions) in topics {
        let threads = threads_of(topic, members);
        let count = threads.len();
        if count == 0 {
            continue;
        }
        let (each, longer) = (partitions.len() / count, partitions.len() % count);
        let mut rest = partitions.iter();
        for (place, thread) in threads.into_iter().enumerate() {
            let run = rest.by_ref().take(each + usize::from(place < longer));
            dealt.extend(run.map(|partition| ((topic.clone(), *partition), thread.clone())));
        }
    }
    dealt
}
