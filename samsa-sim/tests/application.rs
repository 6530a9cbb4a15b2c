//! An application's own code, which knows nothing of simulation, in a simulated world.

use std::time::Duration;

use samsa_client::{Cluster, CreateTopicError, Message, Offset};
use samsa_sim::{ClusterConfig, Fault, FaultMix, Release, Simulation};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Publishes words, and reads them back.
async fn echo(cluster: &Cluster, words: &[&str]) -> Outcome<Vec<String>> {
    let topic = cluster.topic("words");
    for word in words {
        topic.publish(Message::new(*word).key("one partition")).await?;
    }
    let mut reader = topic.reader(Offset::Earliest).open().await?;
    let mut heard = Vec::new();
    while heard.len() < words.len() {
        let message = reader.next().await.ok_or("the client was closed")??;
        heard.push(String::from_utf8(message.value().unwrap_or_default().to_vec())?);
    }
    Ok(heard)
}

#[test]
fn an_application_runs_in_virtual_time_on_every_release() {
    let words = ["when", "shall", "we", "three", "meet", "again"];
    for release in Release::OLD.into_iter().chain(Release::ALL) {
        let cluster = ClusterConfig { release, brokers: 3, replication: 2, ..ClusterConfig::default() };
        let simulation = Simulation::new(7).cluster(cluster).faults(FaultMix::none());
        let run = simulation.run(move |world| async move {
            let cluster = world.bootstrap().connect().await?;
            let heard = echo(&cluster, &words).await?;
            cluster.close().await?;
            Outcome::Ok(heard)
        });
        assert!(run.report.is_ok(), "{}", run.report);
        assert_eq!(run.output.unwrap().unwrap(), words);
    }
}

#[test]
fn an_application_gets_its_words_back_though_the_broker_crashes_and_connections_break() {
    let words = ["double", "double", "toil", "and", "trouble"];
    for seed in 0..20 {
        let faults = FaultMix::of(&[Fault::Crash, Fault::Cut, Fault::Split, Fault::Latency]);
        let run = Simulation::new(seed).faults(faults).run(move |world| async move {
            let cluster = world.zookeeper().connect_within(Duration::from_secs(60)).connect().await?;
            echo(&cluster, &words).await
        });
        assert!(run.report.is_ok(), "{}", run.report);
        // What was published twice, since an answer was lost, is heard twice.
        let heard = run.output.unwrap().unwrap();
        assert!(heard.iter().all(|word| words.contains(&word.as_str())), "{heard:?}");
        assert_eq!(heard[0], words[0]);
    }
}

#[test]
fn an_application_creates_a_topic_once_whatever_becomes_of_the_answers() {
    for seed in 0..40 {
        let cluster = ClusterConfig { brokers: 3, ..ClusterConfig::default() };
        let faults = FaultMix::of(&[Fault::LostReply, Fault::Cut, Fault::Crash, Fault::LeaderMove]);
        let run = Simulation::new(seed).cluster(cluster).faults(faults).run(move |world| async move {
            let cluster = world.zookeeper().connect_within(Duration::from_secs(60)).connect().await?;
            let topic = cluster.topic("orders");
            topic.create(7, 2).within(Duration::from_secs(60)).await?;
            world.healed().await;
            let again = topic.create(1, 1).await;
            let partitions = topic.partitions().await?;
            Outcome::Ok((again, partitions))
        });
        assert!(run.report.is_ok(), "{}", run.report);
        let (again, partitions) = run.output.unwrap().unwrap();
        assert_eq!(again, Err(CreateTopicError::Exists { topic: "orders".into() }));
        assert_eq!(partitions.len(), 7);
        assert!(partitions.iter().all(|partition| partition.replicas.len() == 2));
    }
}

#[test]
fn an_application_that_waits_for_what_never_comes_is_told_of() {
    let run = Simulation::new(1).within(Duration::from_secs(60)).run(|_| std::future::pending::<()>());
    assert_eq!(run.output, None);
    assert_eq!(run.report.violations[0].invariant, "comes-to-an-end");
}

#[test]
fn an_application_that_panics_is_told_of_with_its_words() {
    let run = Simulation::new(1).run(|_| async { panic!("by the pricking of my thumbs") });
    assert_eq!(run.output, None::<()>);
    let violation = &run.report.violations[0];
    assert_eq!(
        (violation.invariant, violation.what.as_str()),
        ("never-panics", "by the pricking of my thumbs")
    );
}

#[test]
fn a_client_that_spins_is_told_of() {
    let run = Simulation::new(1).run(|_| {
        std::future::poll_fn(|cx| {
            cx.waker().wake_by_ref();
            std::task::Poll::<()>::Pending
        })
    });
    assert_eq!(run.report.violations[0].invariant, "never-spins");
}
