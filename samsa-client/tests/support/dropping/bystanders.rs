//! Other callers of the same client, who must not notice.

use samsa_client::{Batch, Delivery, Offset, Reader};

use super::stage::Stage;

/// What was begun before a future is dropped, goes on meanwhile, and ends after it.
pub(crate) struct Bystanders<'a> {
    stage: &'a Stage<'a>,
    what: &'a str,
    enqueued: Option<Delivery>,
    batch: Batch,
    reader: Reader,
}

impl<'a> Bystanders<'a> {
    pub(crate) async fn new(stage: &'a Stage<'a>, what: &'a str) -> Self {
        let topic = &stage.bystanders;
        let reader = topic.partition(0).reader(Offset::Latest).open().await.expect("a reader");
        let enqueued = topic.partition(0).enqueue(what).await.expect("room");
        let mut batch = stage.cluster.batch();
        batch.append(topic, what).await.expect("room");
        Self { stage, what, enqueued: Some(enqueued), batch, reader }
    }

    /// Publishes, reads and asks.
    pub(crate) async fn go_on(&mut self) {
        let topic = &self.stage.bystanders;
        let receipt = topic.partition(0).publish(self.what).await;
        let receipt = receipt.unwrap_or_else(|error| panic!("{}: a publish failed: {error}", self.what));
        assert!(topic.partitions().await.is_ok_and(|partitions| !partitions.is_empty()), "{}", self.what);
        // What was enqueued before, and what was published now.
        for _ in 0..2 {
            let message = self.reader.next().await.expect("no end").expect("a message");
            assert_eq!(message.value(), Some(self.what.as_bytes()), "{}", self.what);
            assert!(Some(message.offset()) <= receipt.offset, "{}: nothing came twice", self.what);
        }
    }

    pub(crate) async fn end(mut self) {
        if let Some(enqueued) = self.enqueued.take() {
            enqueued.await.unwrap_or_else(|error| panic!("{}: what was enqueued: {error}", self.what));
        }
        let report = self.batch.flush().await.expect("a report");
        let report = report.all().unwrap_or_else(|error| panic!("{}: what was appended: {error}", self.what));
        assert_eq!(report.len(), 1, "{}", self.what);
    }
}
