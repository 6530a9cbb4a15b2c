//! What the program says and how it ends.

use std::io::{self, Write};

use samsa_core::PlantedBug;
use samsa_sim::scenario;

use super::Status;

/// What came of these arguments: the status, and what was printed and told of errors.
fn run(arguments: &str) -> (Status, String, String) {
    let arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
    let (mut out, mut errors) = (Vec::new(), Vec::new());
    let status = super::run(&arguments, &mut out, &mut errors);
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (status, text(out), text(errors))
}

#[test]
fn good_runs_end_with_what_was_done_in_them() {
    let (status, out, errors) = run("--scenario publish-and-read --seeds 9..11");
    assert_eq!((status, errors.as_str()), (Status::Ok, ""));
    let last = out.lines().last().expect("a line");
    assert!(last.starts_with("all ok: 2 seeds, 2 runs, 1 of them made twice and compared, "), "{last}");
    for part in [" s of virtual time in ", " records published, ", " checks (", "faults: "] {
        assert!(last.contains(part), "{last}");
    }
    assert!(!last.contains(", 0 checks"), "{last}");
}

#[test]
fn a_run_that_fails_says_how_to_see_it_again_with_what_was_planted() {
    let (status, out, _) = run("--plant wraps-negative --seeds 0..3");
    assert_eq!(status, Status::Failed, "{out}");
    let command = out.lines().find_map(|line| line.strip_prefix("see it again: ")).expect("a command");
    let (_, arguments) = command.split_once(" -- ").expect("arguments");
    assert!(arguments.contains(" --plant wraps-negative"), "{command}");
    assert!(out.lines().last().is_some_and(|last| last.contains(" FAILED: 3 seeds, 3 runs, ")), "{out}");
    let (status, again, _) = run(arguments);
    assert_eq!(status, Status::Failed, "{again}");
    assert!(again.contains("VIOLATION"), "{again}");
}

#[test]
fn what_was_not_planted_is_not_in_the_command() {
    let report = scenario::run("publish-and-read", 7, scenario::Options::default()).expect("a scenario");
    assert_eq!(
        report.replay_command(),
        "cargo run --release -p samsa-sim --example sim -- --scenario publish-and-read --seed 7 --trace"
    );
}

#[test]
fn the_list_has_a_scenario_or_a_plant_with_its_finder_on_each_line() {
    let (status, out, _) = run("--list");
    assert_eq!(status, Status::Ok);
    let is_scenario = |name: &str| scenario::list().any(|scenario| scenario.name == name);
    for line in out.lines() {
        let is_one = match line.split(' ').collect::<Vec<_>>()[..] {
            ["scenario", name] => is_scenario(name),
            ["plant", bug, finder] => {
                is_scenario(finder) && PlantedBug::ALL.iter().any(|known| known.name() == bug)
            }
            _ => false,
        };
        assert!(is_one, "{line}");
    }
    let scenarios = out.lines().filter(|line| line.starts_with("scenario ")).count();
    assert_eq!(scenarios, scenario::list().count());
    assert!(PlantedBug::ALL.iter().all(|bug| out.contains(&format!("plant {} ", bug.name()))));
}

#[test]
fn arguments_that_make_no_sense_are_told_with_the_usage() {
    for arguments in
        ["--sed 1", "--seed", "--seed -1", "--seeds 5..5", "--scenario nothing", "--plant nothing"]
    {
        let (status, out, errors) = run(arguments);
        assert_eq!((status, out.as_str()), (Status::Usage, ""), "{arguments}");
        assert!(errors.contains("usage: sim"), "{errors}");
    }
}

/// A reader that has gone.
struct Gone;

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn who_is_read_no_more_ends_in_silence_and_a_simulation_is_not_done_then() {
    let status = |argument: &str| super::run(&[argument.to_owned()], &mut Gone, &mut Gone);
    assert_eq!(
        [status("--list"), status("--help"), status("--sed")],
        [Status::Ok, Status::Ok, Status::Usage]
    );
    let seed = ["--scenario", "publish-and-read", "--seed", "1"].map(str::to_owned);
    assert_eq!(super::run(&seed, &mut Gone, &mut Gone), Status::Failed);
}

/// A disk that is full.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_cannot_be_printed_for_another_reason_fails_and_says_why() {
    for arguments in ["--list", "--help", "--scenario publish-and-read --seed 1"] {
        let arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
        let mut errors = Vec::new();
        assert_eq!(super::run(&arguments, &mut Full, &mut errors), Status::Failed, "{arguments:?}");
        let errors = String::from_utf8(errors).expect("text");
        assert!(errors.contains("not everything could be printed: "), "{errors}");
    }
}

#[test]
fn of_a_reader_that_has_gone_nothing_is_told() {
    let arguments = ["--scenario", "publish-and-read", "--seed", "1"].map(str::to_owned);
    let mut errors = Vec::new();
    assert_eq!(super::run(&arguments, &mut Gone, &mut errors), Status::Failed);
    assert_eq!(errors, b"");
}
