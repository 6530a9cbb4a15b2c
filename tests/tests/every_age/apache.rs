//! What Apache's clients of an age read of ours, and what we read of theirs.

use samsa_tests::{RealKafka, console};
use samsa_tokio::{Cluster, Compression, Message};

use crate::{
    client::Runtime,
    content::{self, Placed},
};

const LINES: usize = 30;
const FOR_APACHE: &str = "for-apache";

/// Texts, since that is what the console knows; long enough to be worth compressing.
fn line(codec: Compression, runtime: Runtime, number: usize) -> (String, String) {
    (
        format!("key-{}", number % 5),
        format!("{codec:?}-on-{}-{number}-{}", runtime.name(), "again-".repeat(number)),
    )
}

/// Some lines with the codec of this client, in one partition.
pub(crate) async fn publish_lines(cluster: &Cluster, codec: Compression, runtime: Runtime) {
    let partition = cluster.topic(FOR_APACHE).partition(0);
    let mut deliveries = Vec::new();
    for number in 0..LINES {
        let (key, value) = line(codec, runtime, number);
        deliveries.push(partition.enqueue(Message::new(value).key(key)).await.expect("room"));
    }
    for delivery in deliveries {
        delivery.await.expect("a receipt");
    }
}

/// The console consumer reads the lines of each codec and runtime in their order.
pub(crate) fn reads_what_we_write(kafka: &RealKafka, codecs: &[Compression]) {
    let mut written = Vec::new();
    for codec in codecs {
        for runtime in Runtime::BOTH {
            written.extend((0..LINES).map(|number| line(*codec, runtime, number)));
        }
    }
    let read = console::consume(kafka, FOR_APACHE, written.len()).expect("Apache reads");
    let written: Vec<_> = written.iter().map(|(key, value)| format!("{key} {value}")).collect();
    let differs = read.iter().zip(&written).find(|(read, written)| read != written);
    assert_eq!((differs, read.len()), (None, written.len()), "{}", kafka.release());
}

/// What Java's producer of that age writes with each of its codecs is read on each runtime, byte for byte.
pub(crate) fn writes_what_we_read(kafka: &RealKafka, codecs: &[Compression]) {
    let names: Vec<_> = codecs.iter().map(|codec| format!("{codec:?}").to_lowercase()).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let records = content::records(false);
    let mut written: Vec<_> =
        records.iter().map(|record| (record.key.clone(), record.value.clone())).collect();
    console::produce_with_each(kafka, "by-apache", &names, &written).expect("Apache writes");
    written.sort();
    for runtime in Runtime::BOTH {
        runtime.run(kafka, async |cluster| {
            for name in &names {
                let topic = format!("by-apache-{name}");
                let read = content::read(cluster, &topic, written.len()).await;
                let records = read.into_iter().map(Placed::into_record);
                let mut read: Vec<_> = records.map(|record| (record.key, record.value)).collect();
                read.sort();
                assert!(read == written, "{topic}: {} messages are not as they were written", read.len());
            }
        });
    }
}
