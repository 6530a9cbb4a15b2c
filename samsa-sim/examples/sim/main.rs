//! Runs scenarios from seeds: `cargo run --release -p samsa-sim --example sim -- --help`.

mod arguments;
mod sum;
#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use samsa_core::{PlantedBug, with_planted};
use samsa_sim::scenario::{self, Options};

use arguments::{Arguments, USAGE, plants};
use sum::Sum;

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Ok,
    /// A check did not hold, or not everything could be printed.
    Failed,
    /// The arguments make no sense.
    Usage,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        match status {
            Status::Ok => Self::SUCCESS,
            Status::Failed => Self::FAILURE,
            Status::Usage => Self::from(2),
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    run(&arguments, &mut io::stdout().lock(), &mut io::stderr()).into()
}

/// The whole program. Who is read no more, as by `head`, has said enough of a list; a simulation is not done then.
fn run(arguments: &[String], out: &mut dyn Write, errors: &mut dyn Write) -> Status {
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    if has("--help") || has("--list") {
        let told = if has("--help") { writeln!(out, "{USAGE}") } else { list(out) };
        return match told {
            Err(error) if !is_unread(&error) => is_cut_short(&error, errors),
            _ => Status::Ok,
        };
    }
    match arguments::parse(arguments) {
        Ok(arguments) => simulate(&arguments, out).unwrap_or_else(|error| is_cut_short(&error, errors)),
        Err(error) => {
            // Where nobody reads, the status says it.
            let _unread = writeln!(errors, "{error}\n{USAGE}");
            Status::Usage
        }
    }
}

/// Whether nobody reads any more.
fn is_unread(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

/// Not everything could be printed: why is told, unless it is that nobody reads.
fn is_cut_short(error: &io::Error, errors: &mut dyn Write) -> Status {
    if !is_unread(error) {
        let _unread = writeln!(errors, "not everything could be printed: {error}");
    }
    Status::Failed
}

fn list(out: &mut dyn Write) -> io::Result<()> {
    for scenario in scenario::list() {
        writeln!(out, "scenario {}", scenario.name)?;
    }
    for (bug, scenario) in plants() {
        writeln!(out, "plant {bug} {}", scenario.name)?;
    }
    out.flush()
}

fn simulate(arguments: &Arguments, out: &mut dyn Write) -> io::Result<Status> {
    let start = Instant::now();
    let mut sum = Sum::default();
    let one = arguments.seeds.start() == arguments.seeds.end();
    for seed in arguments.seeds.clone() {
        sum.seeds += 1;
        for name in &arguments.scenarios {
            let options = Options::default().trace(arguments.trace);
            let run = || scenario::run_one_of_many(name, seed, options).expect("a scenario of the list");
            let mut report = arguments.plant.map_or_else(run, |bug| with_planted(bug, run));
            report.planted = arguments.plant.map(PlantedBug::name);
            sum.add(&report);
            if arguments.trace && report.is_ok() {
                report.trace.iter().try_for_each(|line| writeln!(out, "{line}"))?;
            }
            if one || arguments.trace || !report.is_ok() {
                writeln!(out, "{report}")?;
            }
        }
    }
    sum.took = start.elapsed();
    writeln!(out, "{sum}")?;
    out.flush()?;
    Ok(if sum.failed == 0 { Status::Ok } else { Status::Failed })
}
