//! Brokers that make no topics by themselves.

use std::time::Duration;

use samsa_tests::{Release, cli::Samsa};
use samsa_tokio::{Certainty, PublishFailure};

use crate::{client::Runtime, strict::strict};

const SOON: Duration = Duration::from_secs(3);

fn a_topic_that_may_not_be_made_is_an_error_in_time(release: Release) {
    let Some(strict) = strict(release) else { return };
    for runtime in Runtime::BOTH {
        let impatient = |config: &mut samsa_tokio::Config| config.publish.delivery_timeout = SOON;
        runtime.run_with(strict.kafka, impatient, async |cluster| {
            let topic = cluster.topic("not-to-be-made");
            let error = topic.publish("lost").await.expect_err("there is no such topic");
            assert_eq!(error.certainty(), Certainty::NotSent);
            assert!(matches!(error.failure(), PublishFailure::TimedOut { .. }), "{error}");
            for words in [r#"no topic "not-to-be-made""#, "auto.create.topics.enable"] {
                assert!(error.to_string().contains(words), "{error}");
            }
            assert_eq!(topic.partitions().await, Ok(Vec::new()));
        });
    }
}

fn lines_for_a_topic_that_may_not_be_made_are_told(release: Release) {
    let Some(strict) = strict(release) else { return };
    let bootstrap = strict.kafka.bootstrap();
    let arguments =
        ["--bootstrap", &bootstrap, "-X", "delivery.timeout.ms=3000", "publish", "not-to-be-made-by-lines"];
    let ended = Samsa::run(&arguments, &b"lost\n".repeat(150), Duration::from_secs(60)).expect("samsa ends");
    assert_eq!(ended.status, Some(1), "{}", ended.stderr);
    let told: Vec<_> = ended.stderr.lines().collect();
    for number in 1..=100 {
        assert!(told.iter().any(|line| line.starts_with(&format!("line {number}: "))), "{told:?}");
    }
    assert_eq!(told.iter().filter(|line| line.starts_with("line ")).count(), 100);
    assert!(told.contains(&"0 messages published"), "{told:?}");
    assert!(told.contains(&"error: 150 messages not delivered: 150 not sent, 0 possibly sent"), "{told:?}");
}

mod on_3_9_2 {
    use samsa_tests::Release;

    #[test]
    fn a_topic_that_may_not_be_made_is_an_error_in_time() {
        super::a_topic_that_may_not_be_made_is_an_error_in_time(Release::V3_9_2);
    }
}

mod on_4_4_0 {
    use samsa_tests::Release;

    #[test]
    fn a_topic_that_may_not_be_made_is_an_error_in_time() {
        super::a_topic_that_may_not_be_made_is_an_error_in_time(Release::V4_4_0);
    }

    #[test]
    fn lines_for_a_topic_that_may_not_be_made_are_told() {
        super::lines_for_a_topic_that_may_not_be_made_are_told(Release::V4_4_0);
    }
}
