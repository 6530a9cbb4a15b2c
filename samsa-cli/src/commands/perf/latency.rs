//! `samsa perf latency`.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use clap::Args;
use futures_lite::{StreamExt, future};
use futures_util::stream::FuturesUnordered;
use hdrhistogram::Histogram;
use samsa_client::{AppendError, Delivery, PublishError, Receipt, Topic};
use serde::Serialize;

use super::figures::{Figures, Run, print};
use super::values::Values;
use crate::alarm::Alarm;
use crate::failure::Failure;
use crate::output::count;
use crate::session::Session;
use crate::undelivered::Undelivered;

/// Publish records without keys at a steady rate, and see how long each takes to be acknowledged
///
/// The time of a record is from the moment that it is due, waiting for room in the buffer included, to its acknowledgement.
#[derive(Args, Debug)]
pub(crate) struct PerfLatency {
    /// Where to
    topic: String,
    /// Records a second
    #[arg(long, value_name = "R", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    rate: u64,
    /// For so many seconds
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// Bytes of each value
    #[arg(long, value_name = "B", value_parser = super::size)]
    size: usize,
}

/// What a run took, and its records.
#[derive(Debug, Serialize)]
struct LatencyFigures {
    #[serde(flatten)]
    run: Figures,
    p50_ms: f64,
    p99_ms: f64,
    p999_ms: f64,
    max_ms: f64,
}

/// Records on their way, and the times of those that have arrived.
struct Flight {
    /// Each is woken for itself: however many wait, only those that have arrived are looked at.
    pending: FuturesUnordered<Pending>,
    settled: u64,
    /// In microseconds.
    times: Histogram<u64>,
    undelivered: Undelivered,
}

struct Pending {
    number: u64,
    due: Instant,
    delivery: Delivery,
}

impl PerfLatency {
    pub(super) async fn run(&self, session: &Session) -> Result<(), Failure> {
        session.connect().await?;
        let topic = session.cluster.topic(&self.topic);
        session.ask(topic.partitions()).await?;
        let mut flight = Flight::new()?;
        let alarm = (session.timers.alarm)();
        let mut alarm = alarm.map_err(|error| Failure::NotDone(format!("cannot set a timer: {error}")))?;

        let run = Run::begin()?;
        let sent = session.stop.or(self.send(&topic, &mut alarm, &mut flight)).await;
        let halted = match sent {
            Some(Ok(())) => Ok(()),
            halted => {
                flight.abandon(session).await;
                halted.unwrap_or_else(|| Err(Failure::interrupted("publishing")))
            }
        };
        let acknowledged = flight.settled - flight.undelivered.count();
        let figures = run.end(acknowledged, acknowledged * self.size as u64)?;

        let Flight { times, undelivered, .. } = flight;
        LatencyFigures::new(figures, &times).print(session.json)?;
        undelivered.into_result()?;
        halted
    }

    async fn send(&self, topic: &Topic, alarm: &mut Alarm, flight: &mut Flight) -> Result<(), Failure> {
        let values = Values::new(self.size);
        let (began, mut values) = (Instant::now(), values.cycle());
        for number in 0..self.rate * self.seconds {
            let due = began + self.due(number);
            flight.until(due, alarm).await.map_err(|error| Failure::NotDone(error.to_string()))?;
            flight.enqueue(topic, values.next(), number + 1, due).await?;
        }
        while !flight.pending.is_empty() {
            flight.next().await;
        }
        Ok(())
    }

    /// When a record is due, after the first.
    fn due(&self, number: u64) -> Duration {
        let (seconds, rest) = (number / self.rate, number % self.rate);
        Duration::new(seconds, (rest * 1_000_000_000 / self.rate) as u32)
    }
}

impl Flight {
    fn new() -> Result<Self, Failure> {
        Ok(Self {
            pending: FuturesUnordered::new(),
            settled: 0,
            times: times()?,
            undelivered: Undelivered::default(),
        })
    }

    /// While it waits for room, others arrive.
    async fn enqueue(
        &mut self,
        topic: &Topic,
        value: &[u8],
        number: u64,
        due: Instant,
    ) -> Result<(), AppendError> {
        let accepted = topic.enqueue(value);
        let settling = async {
            loop {
                self.next().await;
            }
        };
        let delivery = future::or(accepted, settling).await?;
        self.pending.push(Pending { number, due, delivery });
        Ok(())
    }

    /// Waits until some have their outcome.
    async fn next(&mut self) {
        poll_fn(|cx| self.poll_next(cx)).await;
    }

    /// Takes in outcomes until this moment has come. If it is past, the client has its turn once.
    async fn until(&mut self, due: Instant, alarm: &mut Alarm) -> io::Result<()> {
        let late = due <= Instant::now();
        let due = async {
            if late {
                future::yield_now().await;
                return Ok(());
            }
            alarm.at(due).await
        };
        let settling = async {
            loop {
                self.next().await;
            }
        };
        future::or(due, settling).await
    }

    /// Gives every record its outcome, within the bound that the client has for closing.
    async fn abandon(&mut self, session: &Session) {
        if !self.pending.is_empty() {
            tell!("closing; {} have no outcome yet", count(self.pending.len() as u64, "record"));
        }
        // Whatever closing says: each delivery says it for its own record.
        let _ = session.cluster.close().await;
        while !self.pending.is_empty() {
            self.next().await;
        }
    }

    /// Pending as long as there is nothing new.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let before = self.settled;
        while let Poll::Ready(Some((number, time, outcome))) = self.pending.poll_next(cx) {
            self.settled += 1;
            match outcome {
                Ok(_) => self.times.saturating_record(time.as_micros() as u64),
                Err(error) => {
                    self.undelivered.add(&format_args!("record {number}"), error.certainty(), &error);
                }
            }
        }
        if self.settled > before { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Future for Pending {
    type Output = (u64, Duration, Result<Receipt, PublishError>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = ready!(Pin::new(&mut self.delivery).poll(cx));
        Poll::Ready((self.number, self.due.elapsed(), outcome))
    }
}

/// Of three digits, up to an hour: no delivery takes longer.
fn times() -> Result<Histogram<u64>, Failure> {
    Histogram::new_with_max(3_600_000_000, 3).map_err(|error| Failure::NotDone(error.to_string()))
}

impl LatencyFigures {
    fn new(run: Figures, times: &Histogram<u64>) -> Self {
        let at = |quantile| Duration::from_micros(times.value_at_quantile(quantile)).as_secs_f64() * 1e3;
        let max_ms = Duration::from_micros(times.max()).as_secs_f64() * 1e3;
        Self { run, p50_ms: at(0.5), p99_ms: at(0.99), p999_ms: at(0.999), max_ms }
    }

    fn print(&self, json: bool) -> Result<(), Failure> {
        let mut lines = self.run.lines();
        let times = [
            ("p50_ms", self.p50_ms),
            ("p99_ms", self.p99_ms),
            ("p999_ms", self.p999_ms),
            ("max_ms", self.max_ms),
        ];
        lines.extend(times.map(|(name, ms)| (name, format!("{ms:.3}"))));
        print(self, lines, json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_due_at_a_steady_rate_for_as_long_as_can_be_asked() {
        let latency = PerfLatency { topic: String::new(), rate: 1_000_000, seconds: 86_400, size: 1 };
        assert_eq!(latency.due(1_500_000), Duration::from_millis(1500));
        assert_eq!(latency.due(86_400_000_000 - 1), Duration::from_secs(86_400) - Duration::from_micros(1));
    }

    #[test]
    fn quantiles_are_of_the_times_in_milliseconds() {
        let mut times = times().unwrap();
        (1..=1000).for_each(|number| times.saturating_record(number * 1000));
        let run = Run::begin().unwrap().end(1000, 0).unwrap();
        let figures = serde_json::to_value(LatencyFigures::new(run, &times)).unwrap();
        let near = |name: &str, ms: f64| (figures[name].as_f64().unwrap() / ms - 1.0).abs() < 0.01;
        assert!(near("p50_ms", 500.0) && near("p99_ms", 990.0), "{figures}");
        assert!(near("p999_ms", 999.0) && near("max_ms", 1000.0), "{figures}");
        assert_eq!(figures["records"], 1000);
    }
}
