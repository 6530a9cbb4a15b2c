//! What a client logs, and in which span.

#[path = "../../samsa-client/tests/support/broker.rs"]
mod broker;
#[expect(dead_code, reason = "the suite of the adapters uses the rest of it")]
#[path = "../../samsa-client/tests/support/listener.rs"]
mod listener;

use std::cell::RefCell;
use std::fmt::{Debug, Write};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// The spans that there were, each with its fields; its id is its place, from 1.
static SPANS: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// Each line with the span that it is in.
static LINES: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

thread_local! {
    static ENTERED: RefCell<Vec<Id>> = const { RefCell::new(Vec::new()) };
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Default)]
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

/// Keeps what Samsa's crates log.
struct Keep;

impl Subscriber for Keep {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("samsa")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        span.record(&mut fields);
        let mut spans = lock(&SPANS);
        spans.push(format!("{}{}", span.metadata().name(), fields.0));
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let id = ENTERED.with_borrow(|entered| entered.last().cloned());
        let span = id.map(|id| lock(&SPANS)[id.into_u64() as usize - 1].clone());
        lock(&LINES).push((span.unwrap_or_default(), fields.0));
    }

    fn enter(&self, span: &Id) {
        ENTERED.with_borrow_mut(|entered| entered.push(span.clone()));
    }

    fn exit(&self, _: &Id) {
        ENTERED.with_borrow_mut(Vec::pop);
    }
}

fn keep_lines() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Keep).expect("the only one"));
}

/// There is a line with all of these words in the span of this client.
fn has_told(client: &str, words: &[&str]) {
    let span = format!("samsa client_id={client:?}");
    let lines = lock(&LINES);
    let is_it = |(of, line): &&(String, String)| *of == span && words.iter().all(|word| line.contains(word));
    assert!(lines.iter().any(|line| is_it(&line)), "{words:?} in {lines:#?}");
}

#[tokio::test]
async fn a_client_tells_in_its_span_when_it_dials_is_connected_and_is_closed() {
    keep_lines();
    let builder = samsa_tokio::bootstrap(listener::start().to_string()).client_id("closed");
    let cluster = builder.connect().await.expect("a cluster");
    cluster.close().await.expect("nothing is given up");
    has_told("closed", &["dialling", "address=", "conn="]);
    has_told("closed", &["connected: the cluster was seen for the first time", "brokers=1"]);
    has_told("closed", &["closed", "given_up=0"]);
}

#[test]
fn a_client_tells_that_its_runtime_has_gone_and_which_messages_failed() {
    keep_lines();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let builder = samsa_tokio::bootstrap(listener::start().to_string()).client_id("dropped");
    let cluster = runtime.block_on(builder.connect()).expect("a cluster");
    let _delivery = cluster.topic("events").try_enqueue("hello").expect("there is room");
    drop(runtime);
    has_told("dropped", &["the runtime ends before the client was closed"]);
    has_told("dropped", &["failed", "topic=events", "records=1"]);
}
