//! The `samsa` command line.
//!
//! Each command is a file in `commands/`, written once over the handles of a cluster. `runtime.rs` is the one place that
//! chooses what they run on.

/// A line on stderr, for people. That nobody reads it changes nothing.
macro_rules! tell {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($text)*);
    }};
}

mod alarm;
mod arguments;
mod commands;
mod configuration;
mod failure;
mod format;
mod lines;
mod logging;
mod output;
mod place;
mod progress;
mod runtime;
mod session;
mod settings;
mod start;
mod stop;
mod storage;
mod table;
mod undelivered;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command, Threads};
use crate::failure::Failure;

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    logging::start()?;
    let Arguments { mut connection, json, command } = arguments;
    match command {
        Command::Sim(command) => command.run(json),
        Command::Brokers(command) => {
            connection.run(Threads::Two, json, async |session| command.run(session).await)
        }
        Command::Topics(command) => {
            connection.run(Threads::Two, json, async |session| command.run(session).await)
        }
        Command::Publish(command) => {
            let input = command.open()?;
            connection.run(Threads::Two, json, async |session| command.run(session, input).await)
        }
        Command::Consume(command) => {
            connection.run(Threads::Two, json, async |session| command.run(session).await)
        }
        Command::Groups(command) => {
            connection.run(Threads::Two, json, async |session| command.run(session).await)
        }
        Command::Explain(command) => {
            connection.run(Threads::Two, json, async |session| command.run(session).await)
        }
        Command::Perf(command) => {
            connection.settings.extend(command.settings());
            let threads = command.threads(connection.runtime)?;
            connection.run(threads, json, async |session| command.run(session).await)
        }
    }
}
