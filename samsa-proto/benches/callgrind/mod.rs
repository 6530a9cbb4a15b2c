//! Counts the instructions of a workload. The program runs itself under callgrind, once with a little work and once with more of
//! it; the difference is the work. Without valgrind it says so and ends.

use std::process::{Command, ExitCode};

const FEW: usize = 2;
const MANY: usize = 12;

pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// Does the work so many times.
    pub(crate) run: fn(usize),
}

/// The whole program: a line for each workload, which handles so many records each time.
#[expect(clippy::disallowed_methods, reason = "this program runs itself, with what to do as arguments")]
pub(crate) fn run(workloads: &[Workload], records: usize) -> ExitCode {
    let arguments: Vec<_> = std::env::args().collect();
    if let [_, flag, workload, times] = arguments.as_slice()
        && flag == "--workload"
    {
        let index: usize = workload.parse().expect("the number of a workload");
        (workloads[index].run)(times.parse().expect("a number of times"));
        return ExitCode::SUCCESS;
    }
    for (index, Workload { name, .. }) in workloads.iter().enumerate() {
        let (Some(few), Some(many)) = (count(index, FEW), count(index, MANY)) else {
            println!("valgrind is not installed: no instruction counts");
            return ExitCode::SUCCESS;
        };
        let per_record = (many - few) / ((MANY - FEW) * records) as u64;
        println!("{per_record:>4} instructions a record: {name}");
    }
    ExitCode::SUCCESS
}

/// Runs this program under callgrind and gives the instructions that it took.
fn count(workload: usize, times: usize) -> Option<u64> {
    let program = std::env::current_exe().expect("this program has a path");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["--workload", &workload.to_string(), &times.to_string()])
        .output()
        .ok()?;
    let log = String::from_utf8_lossy(&output.stderr);
    let collected = log.lines().find_map(|line| line.split_once("Collected : "))?.1;
    Some(collected.trim().parse().expect("callgrind prints a number"))
}
