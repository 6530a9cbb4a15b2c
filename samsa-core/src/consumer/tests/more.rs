//! Answers with more in them than was asked for: each is told in one line.

use std::fmt::Debug;
use std::sync::Mutex;

use samsa_proto::wire::Uuid;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Level, Metadata, Subscriber};

use super::*;

/// Counts the lines of one thread that tell of more than was asked for.
#[derive(Default)]
struct Warnings(Mutex<usize>);

impl Visit for Warnings {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let is_it = field.name() == "message" && format!("{value:?}").contains("what it was not asked for");
        *self.0.get_mut().unwrap() += usize::from(is_it);
    }
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut found = Self::default();
        event.record(&mut found);
        *self.0.lock().unwrap() += found.0.into_inner().unwrap();
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// How many lines are logged while something is done.
pub(super) fn warnings(act: impl FnOnce()) -> usize {
    let dispatch = tracing::Dispatch::new(Warnings::default());
    tracing::dispatcher::with_default(&dispatch, act);
    let warnings = dispatch.downcast_ref::<Warnings>().unwrap();
    *warnings.0.lock().unwrap()
}

#[test]
fn a_fetch_that_is_answered_with_more_is_told_of_once() {
    let records = batch(0, 1);
    let told = |partitions: &[i32]| {
        let mut model = Model::start(&[1, 1]);
        let _reader = opened(&mut model, spec(Offset::Exact(0)));
        let asked = model.asked();
        let partitions = partitions.iter().map(|number| data(*number, &records)).collect();
        warnings(|| brings(&mut model, &asked, partitions))
    };
    assert_eq!([&[0, 1][..], &[1, 0], &[0]].map(told), [0; 3]);
    assert_eq!([&[0, 1, 0][..], &[0, 9], &[1, 1, 1, i32::MIN]].map(told), [1; 3], "one line each");
}

#[test]
fn another_topic_in_the_answer_to_a_fetch_is_told_of() {
    let mut model = Model::start(&[1]);
    let _reader = opened(&mut model, spec(Offset::Exact(0)));
    let asked = model.asked();
    let records = batch(0, 1);
    let mut response = fetched(vec![data(0, &records)]);
    let other = FetchableTopicResponse { topic_id: Uuid([9; 16]), topic: "others", ..Default::default() };
    response.responses.push(other);
    assert_eq!(warnings(|| model.answers::<FetchRequest<'_>>(&asked, &response)), 1);
}

#[test]
fn offsets_of_more_than_was_asked_for_are_told_of() {
    let told = |offsets: &[(i32, i64)]| {
        let mut model = Model::start(&[1]);
        model.command(Command::OpenReader(spec(Offset::Earliest)));
        let asked = model.asked();
        warnings(|| lists(&mut model, &asked, offsets))
    };
    assert_eq!([&[(0, 5)][..], &[(0, 5), (0, 6)], &[(0, 5), (3, 5)]].map(told), [0, 1, 1]);
}
