//! `samsa sim`.

use std::collections::BTreeMap;
use std::env;
use std::io::{self, IsTerminal, Write};
use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use samsa_sim::Report;
use samsa_sim::scenario::{self, Options, Scenario};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Output, count};
use crate::progress::Progress;

const SCENARIO: &str = "publish-and-read";

/// Colours of a terminal.
const RED: u8 = 31;
const GREEN: u8 = 32;
const BLUE: u8 = 34;
const CYAN: u8 = 36;

/// Characters of a trace line before who it is about.
const TIME: usize = 11;

/// Run the whole client against a model cluster in virtual time, while things go wrong, and check what came of it
///
/// The same seed gives the same run, to the last byte. Without --seeds, everything that happens is printed.
#[derive(Args, Debug)]
pub(crate) struct Sim {
    /// What is played
    #[arg(default_value = SCENARIO, value_parser = scenarios())]
    scenario: Scenario,
    /// Decides everything that happens
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// A run from each of these seeds, without B; only those that fail are printed
    #[arg(long, value_name = "A..B", conflicts_with = "seed")]
    seeds: Option<Seeds>,
}

fn scenarios() -> impl TypedValueParser<Value = Scenario> {
    let all = scenario::list().map(|scenario| PossibleValue::new(scenario.name).help(scenario.about));
    let named = |name: String| scenario::list().find(|scenario| scenario.name == name);
    PossibleValuesParser::new(all).try_map(move |name| named(name).ok_or("there is no such scenario"))
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Seeds(Range<u64>);

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let range = text.split_once("..").and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
        let range = range.filter(|range: &Range<u64>| !range.is_empty());
        range.map(Self).ok_or_else(|| "write A..B, where A is less than B, as in 0..1000".to_owned())
    }
}

/// A run as JSON.
#[derive(Serialize)]
struct Run<'a> {
    scenario: Option<&'a str>,
    seed: u64,
    ok: bool,
    violations: Vec<String>,
    published: u64,
    acknowledged: u64,
    read: u64,
    virtual_seconds: f64,
    faults: &'a BTreeMap<&'static str, u64>,
    trace_hash: String,
    trace: &'a [String],
}

impl Sim {
    pub(crate) fn run(&self, json: bool) -> Result<(), Failure> {
        match &self.seeds {
            Some(Seeds(seeds)) => many(self.scenario, seeds.clone(), json),
            None => one(self.scenario, self.seed, json),
        }
    }
}

fn simulate(scenario: Scenario, seed: u64, options: Options) -> Result<Report, Failure> {
    scenario::run(scenario.name, seed, options).map_err(|error| Failure::Usage(error.to_string()))
}

/// One run, with all that happens in it.
fn one(scenario: Scenario, seed: u64, json: bool) -> Result<(), Failure> {
    let report = simulate(scenario, seed, Options::default().trace(true))?;
    let mut out = Output::stdout();
    if json {
        out.object(&Run::of(&report))?;
    } else {
        writeln!(out, "{}: {}", scenario.name, scenario.about)?;
        writeln!(out, "Seconds of virtual time, who, and what happened:\n")?;
        story(&report, &mut out)?;
        if report.is_ok() {
            writeln!(out, "Another one: {}", command(scenario.name, seed.wrapping_add(1)))?;
        }
    }
    out.flush()?;
    verdict(u64::from(!report.is_ok()))
}

/// A run from each seed; what is printed is what failed, and a summary.
fn many(scenario: Scenario, seeds: Range<u64>, json: bool) -> Result<(), Failure> {
    let progress = Progress::runs(seeds.end - seeds.start);
    let mut out = Output::stdout();
    let (mut runs, mut failed, mut published, mut virtual_time) = (0, 0, 0, Duration::ZERO);
    for seed in seeds {
        let report = simulate(scenario, seed, Options::default())?;
        progress.advance(1);
        runs += 1;
        failed += u64::from(!report.is_ok());
        published += report.published;
        virtual_time += report.virtual_time;
        if json {
            out.object(&Run::of(&report))?;
        } else if !report.is_ok() {
            story(&report, &mut out)?;
        }
        out.flush()?;
    }
    drop(progress);
    if !json {
        writeln!(
            out,
            "{runs} runs of {}, {failed} failed; {published} records published in {:.0} s of virtual time",
            scenario.name,
            virtual_time.as_secs_f64()
        )?;
    }
    out.flush()?;
    verdict(failed)
}

fn verdict(failed: u64) -> Result<(), Failure> {
    match failed {
        0 => Ok(()),
        failed => Err(Failure::NotDone(format!("a check did not hold in {}", count(failed, "run")))),
    }
}

/// The trace, as much as was kept, and what came of it.
fn story(report: &Report, out: &mut Output) -> io::Result<()> {
    let paint = io::stdout().is_terminal() && env::var_os("NO_COLOR").is_none();
    for line in &report.trace {
        if paint { painted(line, out)? } else { writeln!(out, "{line}")? }
    }
    writeln!(out)?;
    for violation in &report.violations {
        writeln!(out, "VIOLATION {violation}")?;
    }
    let verdict = if report.is_ok() { "ok, every check held" } else { "FAILED" };
    writeln!(
        out,
        "Seed {}: {verdict}. {} records published, {} acknowledged, {} read in {:.1} s of virtual time.",
        report.seed,
        report.published,
        report.acknowledged,
        report.read,
        report.virtual_time.as_secs_f64()
    )?;
    let faults: Vec<_> = report.faults.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    let faults = if faults.is_empty() { "nothing".to_owned() } else { faults.join(", ") };
    writeln!(out, "What went wrong meanwhile, and how often: {faults}.")?;
    let again = command(report.scenario.unwrap_or(SCENARIO), report.seed);
    writeln!(out, "The same again, to the last byte (trace {:016x}): {again}", report.trace_hash)
}

/// The client is cyan, the cluster blue, trouble red, the application green.
fn painted(line: &str, out: &mut Output) -> io::Result<()> {
    let Some((time, rest)) = line.split_at_checked(TIME) else { return writeln!(out, "{line}") };
    let color = match rest.trim_start() {
        who if who.starts_with("broker") || who.starts_with("controller") => BLUE,
        who if who.starts_with("client") => CYAN,
        who if who.starts_with("checker") || who.starts_with("faults") => RED,
        _ => GREEN,
    };
    writeln!(out, "\x1b[2m{time}\x1b[0m\x1b[{color}m{rest}\x1b[0m")
}

/// What to type for this run: as we were started ourselves.
fn command(scenario: &str, seed: u64) -> String {
    let samsa = match (env::var_os("CARGO"), cfg!(debug_assertions)) {
        (None, _) => "samsa",
        (Some(_), true) => "cargo run -p samsa-cli --",
        (Some(_), false) => "cargo run --release -p samsa-cli --",
    };
    format!("{samsa} sim {scenario} --seed {seed}")
}

impl<'a> Run<'a> {
    fn of(report: &'a Report) -> Self {
        Self {
            scenario: report.scenario,
            seed: report.seed,
            ok: report.is_ok(),
            violations: report.violations.iter().map(ToString::to_string).collect(),
            published: report.published,
            acknowledged: report.acknowledged,
            read: report.read,
            virtual_seconds: report.virtual_time.as_secs_f64(),
            faults: &report.faults,
            trace_hash: format!("{:016x}", report.trace_hash),
            trace: &report.trace,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_a_range_that_is_not_empty() {
        assert_eq!("0..1000".parse(), Ok(Seeds(0..1000)));
        for text in ["", "5", "5..5", "6..5", "a..b", "-1..2"] {
            assert!(text.parse::<Seeds>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_default_scenario_is_one_of_those_that_there_are() {
        assert!(scenario::list().any(|scenario| scenario.name == SCENARIO));
    }
}
