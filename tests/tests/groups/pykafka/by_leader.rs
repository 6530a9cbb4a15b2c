//! Who has which partition in the dialect of pykafka, read without a word of the code under test.

use std::collections::BTreeMap;

use samsa_tests::pykafka::Ways;

use crate::znodes::{Partitions, Znodes};

/// By the partition.
pub(super) type Owners = Partitions<String>;

/// Whether so many members have the partitions as they compute it, each under its leader's name; why not, else.
pub(super) fn shared(
    znodes: &Znodes,
    name: &str,
    ways: Ways,
    members: usize,
    partitions: usize,
) -> Result<Owners, String> {
    let leaders = znodes.leaders(name);
    let folder = if ways.locks_as_python2 { name.to_owned() } else { format!("b'{name}'") };
    let locks = znodes.locks(name, &folder);
    let there = znodes.readers(name, name);
    let shares = shares(&there, &leaders, ways);
    let expected: BTreeMap<String, String> = shares
        .iter()
        .map(|(partition, member)| (format!("{}-{partition}", leaders[partition]), member.clone()))
        .collect();
    let is_so = leaders.len() == partitions && there.len() == members && locks == expected;
    if is_so { Ok(shares) } else { Err(format!("{members} of {there:?}, {leaders:?}: {locks:?}")) }
}

fn shares(members: &[String], leaders: &Partitions<i32>, ways: Ways) -> Owners {
    let mut order: Vec<(String, i32)> =
        leaders.iter().map(|(partition, leader)| (format!("{leader}-{partition}"), *partition)).collect();
    order.sort();
    let count = members.len().max(1);
    let (each, more) = (order.len() / count, order.len() % count);
    let in_runs = (0..count).flat_map(|nth| std::iter::repeat_n(nth, each + usize::from(nth < more)));
    let in_turn = (0..count).cycle();
    let takers: Box<dyn Iterator<Item = usize>> =
        if ways.in_turn { Box::new(in_turn) } else { Box::new(in_runs) };
    let taken = order.into_iter().zip(takers);
    taken.filter_map(|((_, partition), taker)| Some((partition, members.get(taker)?.clone()))).collect()
}

/// How many partitions each member has.
pub(super) fn sizes(owners: &Owners) -> BTreeMap<&str, usize> {
    let mut sizes = BTreeMap::new();
    for owner in owners.values() {
        *sizes.entry(&**owner).or_default() += 1;
    }
    sizes
}
