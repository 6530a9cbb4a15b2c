//! The core without a runtime.

use std::time::Duration;

use samsa_tests::{Release, java, run_example, shared};

use crate::on_each_release;

on_each_release!(the_core_publishes_and_reads_on_plain_threads);

fn the_core_publishes_and_reads_on_plain_threads(release: Release) {
    let Some(kafka) = shared(release) else { return };
    java::create_topic(kafka, "threads", 3).expect("a topic");
    let broker = kafka.bootstrap();
    let arguments = [broker.as_str(), "threads"];
    let printed = run_example("samsa-core", "threads", &arguments, Duration::from_secs(120));
    let printed = printed.expect("the example runs");
    for number in 0..10 {
        let line = format!(": message {number}\n");
        assert_eq!(printed.matches(&line).count(), 1, "message {number} is read once:\n{printed}");
    }
}
