//! What `explain` says is promised of what is published.

use samsa_tests::Release;
use samsa_tokio::{Cluster, GuaranteeKind};

use crate::BEFORE_HEADERS;

/// They follow from the versions that the broker offers, whatever it is called.
pub(crate) async fn are_those_of_the_age(cluster: &Cluster, release: Release) {
    assert!(!cluster.topic("times").partitions().await.expect("it is there").is_empty());
    let guarantees = cluster.explain().await.guarantees;
    let about = |kind| -> Vec<String> {
        guarantees.iter().filter(|guarantee| guarantee.kind == kind).map(ToString::to_string).collect()
    };
    let acknowledged = about(GuaranteeKind::Acknowledgement);
    let (order, duplicates) = (about(GuaranteeKind::Order), about(GuaranteeKind::Duplicates));

    // Record batches came together with headers.
    let is_old = BEFORE_HEADERS.contains(&release);
    assert!(
        acknowledged[0].starts_with("acknowledgement, every partition: acks=all: every in-sync replica has")
    );
    assert_eq!(acknowledged.len(), if is_old { 2 } else { 1 }, "{acknowledged:?}");
    assert_eq!(acknowledged.last().is_some_and(|last| last.contains("can themselves lose")), is_old);

    let in_flight = match release {
        _ if is_old => "one batch of a partition is in flight at a time, since there is no idempotence",
        Release::V0_11_0_3 => {
            "one batch of a partition is in flight at a time, since its leader remembers no more"
        }
        _ => "up to 5 batches of a partition are in flight",
    };
    let [order] = &order[..] else { panic!("{order:?}") };
    assert!(order.starts_with(&format!("order, every partition: kept: {in_flight}")), "{order}");

    let stored = if is_old {
        "possible: its leader takes no record batches, as those from 0.11 on do, so a retry may be stored twice"
    } else {
        "none: idempotence is in force (producer "
    };
    let [duplicates] = &duplicates[..] else { panic!("{duplicates:?}") };
    assert!(duplicates.starts_with(&format!("duplicates, every partition: {stored}")), "{duplicates}");
}
