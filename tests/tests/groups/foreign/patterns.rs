//! A white list on either side, or a black list: both know what the other chooses, also of what comes later.

use std::collections::BTreeSet;
use std::time::Duration;

use samsa_tests::{Release, scala, shared};
use samsa_tokio::{ConsumerBuilder, Offset};

use super::{PARTITIONS, owned_by};
use crate::client::Runtime;
use crate::members::publish;
use crate::received::received;
use crate::znodes::{Znodes, until};

const COUNT: usize = 40;

pub(crate) fn members_of_both_kinds_share_what_one_pattern_means(release: Release) {
    let list = "picked-.*, none";
    share(
        release,
        "patterns",
        &format!("~{list}"),
        |consumer| consumer.matching(list),
        |name| {
            if name == "d" { "not-picked-d".to_owned() } else { format!("picked-{name}") }
        },
    );
}

/// The other tests have no topics of such names.
pub(crate) fn members_of_both_kinds_share_what_one_black_list_leaves(release: Release) {
    let list = "not-left-.*, .*[^8]";
    share(
        release,
        "leavings",
        &format!("!{list}"),
        |consumer| consumer.not_matching(list),
        |name| {
            if name == "d" { "not-left-d8".to_owned() } else { format!("left-{name}8") }
        },
    );
}

/// Of four topics, which are called as `topic` says, a member of either kind chooses `a`, `b` and `c`, which comes later, and not
/// `d`.
fn share(
    release: Release,
    name: &str,
    list: &str,
    choose: impl Fn(ConsumerBuilder) -> ConsumerBuilder,
    topic: impl Fn(&str) -> String,
) {
    let Some(kafka) = shared(release) else { return };
    Runtime::Tokio.run(kafka, async |cluster| {
        let znodes = Znodes::of(kafka);
        let (of_theirs, of_ours) = (format!("{name}_a-0"), format!("{name}_samsa"));
        let until_owned = |topic: &str, theirs: &[i32], ours: &[i32], log: &dyn Fn() -> String| {
            until(|| {
                let owners = znodes.owners(name, topic);
                let is_so = owned_by(&owners, &of_theirs) == theirs && owned_by(&owners, &of_ours) == ours;
                if is_so { Ok(()) } else { Err(format!("{topic}: {owners:?}; {}", log())) }
            });
        };
        let topics = ["a", "b", "c"].map(&topic);
        topics[..2].iter().for_each(|topic| znodes.create_topic(topic, PARTITIONS));
        let scala = scala::start(kafka, (name, "a"), (list, 1), &[]).expect("a process");
        let logged = || scala.logged();
        until_owned(&topics[1], &[0, 1, 2, 3], &[], &logged);
        let consumer = choose(cluster.consumer(name)).start_at(Offset::Earliest);
        let mut consumer = consumer.commit_every(Duration::from_secs(1)).subscribe().await.expect("a member");
        znodes.create_topic(&topics[2], PARTITIONS);
        znodes.create_topic(&topic("d"), PARTITIONS);
        for topic in &topics {
            until_owned(topic, &[0, 1], &[2, 3], &logged);
        }

        for topic in &topics {
            publish(cluster, topic, COUNT).await;
        }
        let mut ours = BTreeSet::new();
        while ours.len() < COUNT * topics.len() / 2 {
            let message = consumer.next().await.expect("it goes on").expect("a message");
            ours.insert((message.topic().to_owned(), message.partition(), message.offset()));
        }
        until(|| {
            let theirs = received(&scala).len();
            if theirs == COUNT * topics.len() / 2 { Ok(()) } else { Err(format!("{theirs}; {}", logged())) }
        });
        assert_eq!(consumer.assignment().len(), 2 * topics.len());
        assert!(znodes.owners(name, &topic("d")).is_empty(), "nobody has chosen it");

        consumer.close().await.expect("it leaves");
        for topic in &topics {
            until_owned(topic, &[0, 1, 2, 3], &[], &logged);
        }
    });
}
