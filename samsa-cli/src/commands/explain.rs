//! `samsa explain`.

use std::io::Write;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;
use samsa_client::{Instant, Waiting};

/// How long the cluster is waited for before it is explained why it was not reached.
const PATIENCE: Duration = Duration::from_secs(5);

/// What each part of the client waits for, and why: also when the cluster cannot be reached
#[derive(Args, Debug)]
pub(crate) struct Explain {}

#[derive(Serialize)]
struct Line<'a> {
    who: &'a str,
    what: &'a str,
    for_seconds: Option<f64>,
    left_seconds: Option<f64>,
}

impl Explain {
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        let connected = session.cluster.connected().within(session.properties.api_timeout().min(PATIENCE));
        let connected = session.stop.or(connected).await;
        let explanation = session.cluster.explain().await;
        let now = session.cluster.now().mono;
        let mut out = Output::stdout();
        for waiting in &explanation.lines {
            let line = Line::of(waiting, now);
            if session.json {
                out.object(&line)?;
            } else {
                writeln!(out, "{line}")?;
            }
        }
        out.flush()?;
        match connected {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(Failure::NotDone(error.to_string())),
            None => Err(Failure::interrupted("connecting")),
        }
    }
}

impl<'a> Line<'a> {
    fn of(waiting: &'a Waiting, now: Instant) -> Self {
        Self {
            who: &waiting.who,
            what: &waiting.what,
            for_seconds: waiting.since.map(|since| now.since(since).as_secs_f64()),
            left_seconds: waiting.until.map(|until| until.since(now).as_secs_f64()),
        }
    }
}

impl std::fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.who, self.what)?;
        match (self.for_seconds, self.left_seconds) {
            (Some(past), Some(left)) => write!(f, " (for {past:.1} s, {left:.1} s left)"),
            (Some(past), None) => write!(f, " (for {past:.1} s)"),
            (None, Some(left)) => write!(f, " ({left:.1} s left)"),
            (None, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_seen_from_now() {
        let waiting = Waiting {
            who: "broker 1".to_owned(),
            what: "the answer to Metadata".to_owned(),
            since: Some(Instant::from_micros(1_500_000)),
            until: Some(Instant::from_micros(12_000_000)),
        };
        let line = Line::of(&waiting, Instant::from_micros(2_000_000));
        assert_eq!(line.to_string(), "broker 1: the answer to Metadata (for 0.5 s, 10.0 s left)");
    }
}
