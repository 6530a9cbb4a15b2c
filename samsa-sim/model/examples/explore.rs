//! Explores everything that the members of a group can do to each other, within a bound.
//!
//! `cargo run --release -p samsa-group-model --example explore -- --crashes 1 --losses 1`
//!
//! The other options are the fields of `Bound` (`--dialect` is `scala` or `scala07`), `--seconds N` (how long to go on), `--plant NAME` (with a fault planted)
//! and `--replay N,N,..` (one way alone).

use std::process::ExitCode;
use std::time::{Duration, Instant};

use samsa_core::model::Dialect;
use samsa_core::{PlantedBug, with_planted};
use samsa_group_model::{Bound, explore, replay};

struct Options {
    bound: Bound,
    within: Option<Duration>,
    plant: Option<PlantedBug>,
    replay: Option<Vec<usize>>,
}

fn main() -> ExitCode {
    match options(std::env::args().skip(1)) {
        Ok(options) => match options.plant {
            Some(bug) => with_planted(bug, || run(&options)),
            None => run(&options),
        },
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::from(2)
        }
    }
}

fn options(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options { bound: Bound::CALM, within: None, plant: None, replay: None };
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} wants a value"))?;
        let number =
            |text: &str| text.parse::<usize>().map_err(|_| format!("{word} wants numbers, not {value}"));
        match word.as_str() {
            "--seconds" => options.within = Some(Duration::from_secs(number(&value)? as u64)),
            "--replay" => options.replay = Some(value.split(',').map(number).collect::<Result<_, _>>()?),
            "--dialect" => options.bound.dialect = dialect(&value)?,
            "--plant" => {
                let bug = PlantedBug::ALL.iter().find(|bug| bug.name() == value);
                options.plant = Some(*bug.ok_or_else(|| format!("no fault is called {value}"))?);
            }
            name => {
                let field = name.strip_prefix("--").unwrap_or(name);
                if !options.bound.set(field, number(&value)?) {
                    return Err(format!("{name} is no option; see the head of this file"));
                }
            }
        }
    }
    Ok(options)
}

fn dialect(name: &str) -> Result<Dialect, String> {
    match name {
        "scala" => Ok(Dialect::Scala),
        "scala07" => Ok(Dialect::Scala07),
        other => Err(format!("{other} is no dialect that is explored: scala or scala07")),
    }
}

fn run(options: &Options) -> ExitCode {
    if let Some(choices) = &options.replay {
        for line in replay(&options.bound, choices) {
            println!("{line}");
        }
        return ExitCode::SUCCESS;
    }
    let begun = Instant::now();
    let report = explore(&options.bound, options.within);
    println!("{}\n{report}\n{:.1} s", options.bound, begun.elapsed().as_secs_f64());
    if report.fault.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
