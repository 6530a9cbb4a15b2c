//! As pykafka deals the partitions of one topic: in the order of the text `T-L-P`, where `L` is whoever leads the partition
//! now, `10-0` before `2-0`. A leader that moves changes the order, for everybody who has noticed it.

use std::collections::BTreeMap;

use super::{Assignor, Members, Place, Share};

/// Who leads which partition.
pub(crate) type Leaders = BTreeMap<Place, i32>;

impl Assignor {
    /// What is this member's of a topic whose partitions have these leaders: a run of neighbours, the first members' longer by
    /// one where it does not come out even; or each one in turn. There are no streams.
    pub(crate) fn share_by_leader(self, member: &str, members: &Members, leaders: &Leaders) -> Share {
        let topic = leaders.keys().next().map(|(topic, _)| topic);
        let reads = |topics: &BTreeMap<String, u16>| topic.is_some_and(|topic| topics.contains_key(topic));
        let readers: Vec<&String> =
            members.iter().filter(|(_, topics)| reads(topics)).map(|(reader, _)| reader).collect();
        let Some(own) = readers.iter().position(|reader| *reader == member) else { return Share::new() };
        let places = in_order(leaders).into_iter();
        let (each, longer) = (leaders.len() / readers.len(), leaders.len() % readers.len());
        match self {
            Self::Range => {
                let run = places.skip(each * own + longer.min(own)).take(each + usize::from(own < longer));
                run.map(whole).collect()
            }
            Self::RoundRobin | Self::RoundRobinKafka1 => {
                places.skip(own).step_by(readers.len()).map(whole).collect()
            }
        }
    }
}

fn whole(place: &Place) -> (Place, u16) {
    (place.clone(), 0)
}

fn in_order(leaders: &Leaders) -> Vec<&Place> {
    let mut places: Vec<(&Place, &i32)> = leaders.iter().collect();
    places.sort_by_cached_key(|((topic, partition), leader)| format!("{topic}-{leader}-{partition}"));
    places.into_iter().map(|(place, _)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(names: &[&str]) -> Members {
        let reads = BTreeMap::from([("T".to_owned(), 1)]);
        names.iter().map(|name| ((*name).to_owned(), reads.clone())).collect()
    }

    fn led_by(leaders: &[i32]) -> Leaders {
        (0..).zip(leaders).map(|(number, leader)| (("T".to_owned(), number), *leader)).collect()
    }

    /// In the order of their numbers.
    fn numbers(assignor: Assignor, member: &str, members: &Members, leaders: &Leaders) -> Vec<i32> {
        let share = assignor.share_by_leader(member, members, leaders);
        share.into_keys().map(|(_, partition)| partition).collect()
    }

    /// Observed with two members of pykafka 2.7 and twelve partitions, each led by its number modulo three.
    #[test]
    fn range_gives_runs_in_the_order_of_the_text_of_leader_and_partition() {
        let leaders = led_by(&[0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
        let order: Vec<i32> = in_order(&leaders).into_iter().map(|(_, partition)| *partition).collect();
        assert_eq!(order, [0, 3, 6, 9, 1, 10, 4, 7, 11, 2, 5, 8]);
        let group = members(&["a", "b"]);
        assert_eq!(numbers(Assignor::Range, "a", &group, &leaders), [0, 1, 3, 6, 9, 10]);
        assert_eq!(numbers(Assignor::Range, "b", &group, &leaders), [2, 4, 5, 7, 8, 11]);
    }

    /// Observed with pykafka 2.7: two members, twelve partitions, one broker.
    #[test]
    fn ten_comes_before_two() {
        let leaders = led_by(&[1; 12]);
        let group = members(&["a", "b"]);
        assert_eq!(numbers(Assignor::Range, "a", &group, &leaders), [0, 1, 2, 3, 10, 11]);
        assert_eq!(numbers(Assignor::Range, "b", &group, &leaders), [4, 5, 6, 7, 8, 9]);
        let leaders = led_by(&[10, 2, 1]);
        assert_eq!(numbers(Assignor::Range, "a", &group, &leaders), [0, 2], "1-2, 10-0, 2-1");
    }

    #[test]
    fn the_first_members_get_one_more_and_the_last_may_get_none() {
        for (count, shares) in [
            (7, [&[0, 1, 2][..], &[3, 4], &[5, 6]]),
            (2, [&[0], &[1], &[]]),
            (3, [&[0], &[1], &[2]]),
            (0, [&[], &[], &[]]),
        ] {
            let group = members(&["a", "b", "c"]);
            for (member, share) in ["a", "b", "c"].into_iter().zip(shares) {
                assert_eq!(numbers(Assignor::Range, member, &group, &led_by(&vec![0; count])), share);
            }
        }
    }

    #[test]
    fn in_turn_the_members_get_every_so_many_of_the_same_order() {
        let leaders = led_by(&[0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
        let group = members(&["a", "b", "c"]);
        for (member, share) in [("a", [0, 2, 4, 9]), ("b", [1, 3, 5, 7]), ("c", [6, 8, 10, 11])] {
            assert_eq!(numbers(Assignor::RoundRobin, member, &group, &leaders), share, "{member}");
        }
    }

    #[test]
    fn who_reads_another_topic_has_no_part_in_it() {
        let mut group = members(&["a", "c"]);
        group.insert("b".to_owned(), BTreeMap::from([("U".to_owned(), 1)]));
        let leaders = led_by(&[0, 0]);
        assert_eq!(numbers(Assignor::Range, "a", &group, &leaders), [0]);
        assert_eq!(numbers(Assignor::Range, "c", &group, &leaders), [1]);
        assert!(numbers(Assignor::Range, "b", &group, &leaders).is_empty());
    }
}
