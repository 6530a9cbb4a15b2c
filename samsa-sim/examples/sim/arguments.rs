//! What is asked for.

use std::ops::RangeInclusive;

use samsa_core::PlantedBug;
use samsa_sim::scenario::{self, Scenario};

pub(crate) const USAGE: &str = "\
usage: sim [--list] [--scenario NAME] [--seed N | --seeds A..B] [--plant BUG] [--trace]

  --list           the scenarios, one `scenario NAME` a line, and the faults that can be planted into the client,
                   one `plant BUG SCENARIO` a line, with the scenario that finds it
  --scenario NAME  run this one; default: all of them
  --seed N         from this seed, any of 64 bits; default 1
  --seeds A..B     from each of these seeds, without B
                   (every tenth is run twice and compared)
  --plant BUG      with this fault; in the scenario that finds it, if no other is named
  --trace          show everything that happens

The last line says how many seeds and runs there were and how many failed, how much time passed in them, and what was
checked. Status 1: a check did not hold, and how to see it again was printed, or not everything could be printed;
2: the arguments make no sense.";

pub(crate) struct Arguments {
    pub(crate) scenarios: Vec<&'static str>,
    pub(crate) plant: Option<PlantedBug>,
    pub(crate) seeds: RangeInclusive<u64>,
    pub(crate) trace: bool,
}

pub(crate) fn parse(arguments: &[String]) -> Result<Arguments, String> {
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
pub(crate) fn plants() -> impl Iterator<Item = (&'static str, Scenario)> {
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
