//! A progress bar on stderr, where that is a terminal.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How far a command has come. Shows itself on a terminal, and goes with the command.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Of so many bytes.
    pub(crate) fn bytes(all: u64) -> Self {
        Self::new(all, "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left")
    }

    /// Of so many records.
    pub(crate) fn records(all: u64) -> Self {
        Self::new(all, "{bar:30} {human_pos} of {human_len} records, {per_sec}, {eta} left")
    }

    /// Of so many simulations.
    pub(crate) fn runs(all: u64) -> Self {
        Self::new(all, "{bar:30} {human_pos} of {human_len} runs, {per_sec}, {eta} left")
    }

    /// Where nobody knows how much there is.
    pub(crate) fn none() -> Self {
        Self(ProgressBar::hidden())
    }

    fn new(all: u64, template: &str) -> Self {
        if !io::stderr().is_terminal() {
            return Self::none();
        }
        let bar = ProgressBar::with_draw_target(Some(all), ProgressDrawTarget::stderr_with_hz(5));
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(bar.with_style(style))
    }

    /// Further by so many.
    pub(crate) fn advance(&self, by: u64) {
        self.0.inc(by);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
