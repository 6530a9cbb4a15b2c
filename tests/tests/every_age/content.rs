//! What is published in every way that there is, and how it comes back.

use samsa_tokio::{Cluster, Message, MessageSet, Offset};

type Bytes = Option<Vec<u8>>;

/// A message.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Record {
    pub(crate) key: Bytes,
    pub(crate) value: Bytes,
    pub(crate) headers: Vec<(String, Bytes)>,
}

/// A message, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Placed {
    partition: i32,
    offset: i64,
    record: Record,
}

/// Of every size up to a few batches, of bytes of every kind; with headers where the brokers know them.
pub(crate) fn records(with_headers: bool) -> Vec<Record> {
    let bytes = |seed: usize, length: usize| -> Vec<u8> {
        (0..length).map(|at| (seed * 31 + at * at * 7 + at / 3) as u8).collect()
    };
    let mut records: Vec<Record> = (0..60)
        .map(|number: usize| Record {
            key: (!number.is_multiple_of(3)).then(|| bytes(number, number % 7)),
            value: Some(bytes(number, number * number * 5)),
            ..Record::default()
        })
        .collect();
    records.push(Record { value: Some(vec![b'x'; 300_000]), ..Record::default() });
    records.push(Record { key: Some(b"gone".to_vec()), ..Record::default() });
    if with_headers {
        for (number, record) in records.iter_mut().enumerate().filter(|(number, _)| number % 4 == 1) {
            record.headers = vec![("a".into(), Some(bytes(number, number))), ("b".into(), None)];
        }
    }
    records
}

fn message(record: &Record) -> Message<'_> {
    let message = match (&record.key, &record.value) {
        (Some(key), None) => Message::tombstone(key),
        (Some(key), Some(value)) => Message::new(value).key(key),
        (None, value) => Message::new(value.as_deref().expect("a key or a value")),
    };
    record.headers.iter().fold(message, |message, (name, value)| match value {
        Some(value) => message.header(name.as_str(), value),
        None => message.null_header(name.as_str()),
    })
}

/// Publishes them one by one, without waiting for each, as a set, and in a batch. All are in the topic then, four times.
pub(crate) async fn publish(cluster: &Cluster, topic: &str, records: &[Record]) -> Vec<Placed> {
    let topic = cluster.topic(topic);
    let place = |partition, offset: Option<i64>, record: &Record| Placed {
        partition,
        offset: offset.expect("every broker tells it"),
        record: record.clone(),
    };
    let mut written = Vec::new();
    for record in records {
        let receipt = topic.publish(message(record)).await.expect("a receipt");
        written.push(place(receipt.partition, receipt.offset, record));
    }
    let mut deliveries = Vec::new();
    for record in records {
        deliveries.push((record, topic.enqueue(message(record)).await.expect("room")));
    }
    for (record, delivery) in deliveries {
        let receipt = delivery.await.expect("a receipt");
        written.push(place(receipt.partition, receipt.offset, record));
    }
    let set: MessageSet<'_> = records.iter().map(message).collect();
    let receipt = topic.publish(set.key("of the set")).await.expect("a receipt");
    assert_eq!(receipt.count as usize, records.len());
    for (number, record) in records.iter().enumerate() {
        let key = record.key.clone().or(Some(b"of the set".to_vec()));
        let offset = receipt.base_offset.map(|base| base + number as i64);
        written.push(place(receipt.partition, offset, &Record { key, ..record.clone() }));
    }
    let mut batch = topic.batch();
    for record in records {
        batch.append(message(record)).await.expect("room");
    }
    let report = batch.flush().await.expect("a report");
    let receipts = report.all().expect("receipts");
    written.extend(
        receipts
            .iter()
            .zip(records)
            .map(|(receipt, record)| place(receipt.partition, receipt.offset, record)),
    );
    written
}

/// The next messages of a topic from its start.
pub(crate) async fn read(cluster: &Cluster, topic: &str, count: usize) -> Vec<Placed> {
    let mut reader = cluster.topic(topic).reader(Offset::Earliest).open().await.expect("a reader");
    let mut read = Vec::new();
    while read.len() < count {
        let message = reader.next().await.expect("an open reader").expect("a message");
        let headers = message
            .headers()
            .map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), value.map(<[u8]>::to_vec)));
        let [key, value] = [message.key(), message.value()].map(|bytes| bytes.map(<[u8]>::to_vec));
        read.push(Placed {
            partition: message.partition(),
            offset: message.offset(),
            record: Record { key, value, headers: headers.collect() },
        });
    }
    read
}

/// All that was written is read, byte for byte and where the receipts say that it is.
pub(crate) async fn comes_back(cluster: &Cluster, topic: &str, written: &[Placed]) {
    let mut read = read(cluster, topic, written.len()).await;
    let mut written = written.to_vec();
    read.sort();
    written.sort();
    for (read, written) in read.iter().zip(&written) {
        assert!(read == written, "{topic}: {read:?} was read where {written:?} was written");
    }
}

impl Placed {
    pub(crate) fn into_record(self) -> Record {
        self.record
    }
}
