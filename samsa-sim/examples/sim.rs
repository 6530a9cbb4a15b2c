//! Runs scenarios from seeds: `cargo run --release -p samsa-sim --example sim -- --help`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use samsa_core::{PlantedBug, with_planted};
use samsa_sim::Report;
use samsa_sim::scenario::{self, Options, Scenario};

const USAGE: &str = "\
usage: sim [--list] [--scenario NAME] [--seed N | --seeds A..B] [--plant BUG] [--trace]

  --list           the scenarios, one `scenario NAME` a line, and the faults that can be planted into the client,
                   one `plant BUG SCENARIO` a line, with the scenario that finds it
  --scenario NAME  run this one; default: all of them
  --seed N         from this seed, any of 64 bits; default 1
  --seeds A..B     from each of these seeds, without B
                   (every tenth is run twice and compared)
  --plant BUG      with this fault; in the scenario that finds it, if no other is named
  --trace          show everything that happens";

struct Arguments {
    scenarios: Vec<&'static str>,
    plant: Option<PlantedBug>,
    seeds: RangeInclusive<u64>,
    trace: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    if arguments.iter().any(|argument| argument == "--list") {
        scenario::list().for_each(|scenario| println!("scenario {}", scenario.name));
        for (bug, scenario) in plants() {
            println!("plant {bug} {}", scenario.name);
        }
        return ExitCode::SUCCESS;
    }
    match parse(&arguments) {
        Ok(arguments) => simulate(&arguments),
        Err(error) => {
            eprintln!("{error}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn parse(arguments: &[String]) -> Result<Arguments, String> {
    let mut parsed = Arguments {
        scenarios: scenario::list().map(|scenario| scenario.name).collect(),
        plant: None,
        seeds: 1..=1,
        trace: false,
    };
    let mut named = None;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--trace" => parsed.trace = true,
            "--scenario" => named = Some(known(value()?)?),
            "--plant" => {
                let (bug, finder) = plant(value()?)?;
                parsed.plant = Some(bug);
                parsed.scenarios = vec![finder];
            }
            "--seed" => {
                let seed = number(value()?)?;
                parsed.seeds = seed..=seed;
            }
            "--seeds" => parsed.seeds = range(value()?)?,
            other => return Err(format!("what is {other}?")),
        }
    }
    if let Some(scenario) = named {
        parsed.scenarios = vec![scenario];
    }
    Ok(parsed)
}

/// The faults, each with the scenario that finds it.
fn plants() -> impl Iterator<Item = (&'static str, Scenario)> {
    scenario::list().flat_map(|scenario| scenario.finds.iter().map(move |bug| (*bug, scenario)))
}

fn plant(name: &str) -> Result<(PlantedBug, &'static str), String> {
    let bug = PlantedBug::ALL.iter().find(|bug| bug.name() == name);
    let finder = plants().find(|(bug, _)| *bug == name).map(|(_, scenario)| scenario.name);
    bug.copied().zip(finder).ok_or_else(|| format!("there is no fault {name}; --list has them"))
}

fn known(name: &str) -> Result<&'static str, String> {
    let found = scenario::list().find(|scenario| scenario.name == name).map(|scenario| scenario.name);
    found.ok_or_else(|| format!("there is no scenario {name}; --list has them"))
}

/// `A..B` without B; there must be at least one.
fn range(text: &str) -> Result<RangeInclusive<u64>, String> {
    let (from, to) = text.split_once("..").ok_or_else(|| format!("{text} is not A..B"))?;
    let (from, to) = (number(from)?, number(to)?);
    if from < to { Ok(from..=to - 1) } else { Err(format!("there is no seed in {text}")) }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text} is not a number of 64 bits"))
}

/// What came of all runs.
#[derive(Default)]
struct Sum {
    runs: u64,
    failed: u64,
    virtual_time: Duration,
    published: u64,
    /// After each of which memory and bounds were checked.
    steps: u64,
    read: u64,
    faults: BTreeMap<&'static str, u64>,
}

impl Sum {
    fn add(&mut self, report: &Report) {
        self.runs += 1;
        self.failed += u64::from(!report.is_ok());
        self.virtual_time += report.virtual_time;
        self.published += report.published;
        self.steps += report.steps;
        self.read += report.read;
        for (kind, count) in &report.faults {
            *self.faults.entry(kind).or_default() += count;
        }
    }
}

fn simulate(arguments: &Arguments) -> ExitCode {
    let start = Instant::now();
    let mut sum = Sum::default();
    let one = arguments.seeds.start() == arguments.seeds.end();
    for seed in arguments.seeds.clone() {
        for name in &arguments.scenarios {
            let options = Options::default().trace(arguments.trace);
            let run = || scenario::run_one_of_many(name, seed, options);
            let report = match arguments.plant.map_or_else(run, |bug| with_planted(bug, run)) {
                Ok(report) => report,
                Err(error) => {
                    eprintln!("{error}");
                    return ExitCode::from(2);
                }
            };
            sum.add(&report);
            if arguments.trace && report.is_ok() {
                report.trace.iter().for_each(|line| println!("{line}"));
            }
            if one || arguments.trace || !report.is_ok() {
                println!("{report}");
            }
        }
    }
    summarize(&sum, start.elapsed());
    if sum.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn summarize(sum: &Sum, took: Duration) {
    let faults: Vec<String> = sum.faults.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    let verdict = if sum.failed == 0 { "all ok".to_owned() } else { format!("{} FAILED", sum.failed) };
    println!(
        "{} runs, {verdict}: {:.0} s of virtual time in {:.1} s, {} records published, {} read, checked after each of {} steps and at the end, faults: {}",
        sum.runs,
        sum.virtual_time.as_secs_f64(),
        took.as_secs_f64(),
        sum.published,
        sum.read,
        sum.steps,
        faults.join(", "),
    );
}
