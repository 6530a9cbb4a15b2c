//! Log lines on stderr: warnings, or what `RUST_LOG` asks for.

use std::env;
use std::io;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::failure::Failure;

const VARIABLE: &str = "RUST_LOG";

/// What readers log of the errors that they give: commands print these themselves.
const TOLD: &str = "samsa_core::told";

/// Starts logging.
pub(crate) fn start() -> Result<(), Failure> {
    let wanted = env::var(VARIABLE).unwrap_or_default();
    let filter = filter(&wanted).map_err(Failure::Usage)?;
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(false);
    tracing_subscriber::registry().with(lines).with(filter).init();
    Ok(())
}

fn filter(wanted: &str) -> Result<Targets, String> {
    if wanted.trim().is_empty() {
        return Ok(Targets::new().with_default(LevelFilter::WARN).with_target(TOLD, LevelFilter::OFF));
    }
    wanted.parse().map_err(|error| {
        format!(
            "{VARIABLE}={wanted:?}: {error}; write a level, or TARGET=LEVEL,.. as in samsa_core=debug,warn"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_shown_unless_something_else_is_asked_for() {
        assert_eq!(filter("").unwrap().default_level(), Some(LevelFilter::WARN));
        let warning = LevelFilter::WARN.into_level().unwrap();
        assert!(filter("").unwrap().would_enable("samsa_core", &warning));
        assert!(!filter("").unwrap().would_enable(TOLD, &warning));
        assert_eq!(filter("debug").unwrap().default_level(), Some(LevelFilter::DEBUG));
        assert!(filter("samsa_core=loud").unwrap_err().contains("samsa_core=debug"));
    }
}
