//! What the client logs goes into the trace, and an error in its log is a violation: for what it can handle there is no
//! such line.

use std::cell::RefCell;
use std::fmt::{self, Write as _};
use std::rc::Rc;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::executor::TaskName;
use crate::trace::Trace;
use crate::violations::Violations;

thread_local! {
    static SINK: RefCell<Option<Sink>> = const { RefCell::new(None) };
}

#[derive(Clone)]
struct Sink {
    trace: Trace,
    violations: Violations,
    task: Rc<RefCell<TaskName>>,
}

/// Has the log lines of this thread go into a trace while `run` runs.
pub(crate) fn traced<T>(
    trace: &Trace,
    violations: &Violations,
    task: &Rc<RefCell<TaskName>>,
    run: impl FnOnce() -> T,
) -> T {
    let sink = Sink { trace: trace.clone(), violations: violations.clone(), task: Rc::clone(task) };
    SINK.with_borrow_mut(|slot| *slot = Some(sink));
    let outcome = tracing::subscriber::with_default(ToTrace, run);
    SINK.with_borrow_mut(|slot| *slot = None);
    outcome
}

/// Hands the lines of Samsa's crates, down to debug, to the sink of the thread.
struct ToTrace;

impl Subscriber for ToTrace {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= Level::DEBUG && metadata.target().starts_with("samsa")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        let sink = SINK.with_borrow(Clone::clone);
        let Some(sink) = sink else { return };
        let text = format!("{}{}", line.message, line.fields);
        if *event.metadata().level() == Level::ERROR {
            sink.violations.add("no-error-in-the-log", text);
        } else {
            sink.trace.line(&sink.task.borrow(), format_args!("{text}"));
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let written = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
        debug_assert!(written.is_ok(), "a string takes all that is written to it");
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}
