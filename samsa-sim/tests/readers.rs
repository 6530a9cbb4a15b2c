//! What a reader does, through its handle, in a simulated world.

use std::time::Duration;

use samsa_client::{MessageSet, Offset};
use samsa_sim::{FaultMix, Simulation};

/// Time for everything that is on its way.
const A_WHILE: Duration = Duration::from_secs(5);

#[test]
fn what_was_begun_of_a_paused_partition_holds_no_memory_after_a_seek() {
    let run = Simulation::new(7).faults(FaultMix::none()).run(|world| async move {
        let cluster = world.bootstrap().connect().await.expect("a cluster");
        let topic = cluster.topic("events");
        let set: MessageSet<'_> = ["one", "two"].into_iter().collect();
        let partition = topic.partition(0);
        partition.publish(set).await.expect("a receipt");
        let mut reader = partition.reader(Offset::Earliest).open().await.expect("a reader");
        assert_eq!(reader.next().await.expect("no end").expect("a message").offset(), 0);

        reader.pause([0]);
        assert!(reader.held_bytes() > 0, "the second message is at hand");
        reader.seek(0, Offset::Latest).await.expect("it is there");
        assert!(world.timeout(A_WHILE, reader.next()).await.is_none());
        assert_eq!(reader.held_bytes(), 0);

        reader.resume([0]);
        partition.publish("three").await.expect("a receipt");
        assert_eq!(reader.next().await.expect("no end").expect("a message").offset(), 2);
        cluster.close().await.expect("nothing is given up");
    });
    assert!(run.report.is_ok(), "{}", run.report);
    run.output.expect("it ran to its end");
}
