//! A white list on either side: both know what the other chooses, also of what comes later.

use std::collections::BTreeSet;
use std::time::Duration;

use samsa_tests::{Release, scala, shared};
use samsa_tokio::Offset;

use super::{PARTITIONS, owned_by};
use crate::client::Runtime;
use crate::members::publish;
use crate::received::received;
use crate::znodes::{Znodes, until};

const COUNT: usize = 40;
const WHITE_LIST: &str = "picked-.*, none";

pub(crate) fn members_of_both_kinds_share_what_one_pattern_means(release: Release) {
    let Some(kafka) = shared(release) else { return };
    let name = "patterns";
    Runtime::Tokio.run(kafka, async |cluster| {
        let znodes = Znodes::of(kafka);
        let until_owned = |topic: &str, theirs: &[i32], ours: &[i32], log: &dyn Fn() -> String| {
            until(|| {
                let owners = znodes.owners(name, topic);
                let is_so = owned_by(&owners, "patterns_a-0") == theirs
                    && owned_by(&owners, "patterns_samsa") == ours;
                if is_so { Ok(()) } else { Err(format!("{topic}: {owners:?}; {}", log())) }
            });
        };
        let topics = ["picked-a", "picked-b", "picked-c"];
        topics[..2].iter().for_each(|topic| znodes.create_topic(topic, PARTITIONS));
        let scala = scala::start(kafka, (name, "a"), (&format!("~{WHITE_LIST}"), 1), &[]);
        let scala = scala.expect("a process");
        let logged = || scala.logged();
        until_owned(topics[1], &[0, 1, 2, 3], &[], &logged);
        let consumer = cluster.consumer(name).matching(WHITE_LIST).start_at(Offset::Earliest);
        let mut consumer = consumer.commit_every(Duration::from_secs(1)).subscribe().await.expect("a member");
        znodes.create_topic(topics[2], PARTITIONS);
        znodes.create_topic("not-picked-d", PARTITIONS);
        for topic in topics {
            until_owned(topic, &[0, 1], &[2, 3], &logged);
        }

        for topic in topics {
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

        consumer.close().await.expect("it leaves");
        for topic in topics {
            until_owned(topic, &[0, 1, 2, 3], &[], &logged);
        }
    });
}
