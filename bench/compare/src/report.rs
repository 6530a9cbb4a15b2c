//! The figures of both, pair by pair: times move by half from run to run on a shared machine, ratios far less.

use crate::client::Figures;

/// Two runs, one right after the other.
pub(crate) struct Pair {
    pub(crate) ours: Figures,
    pub(crate) theirs: Figures,
}

impl Pair {
    fn ratio(&self) -> f64 {
        self.ours.cpu_ns_per_record / self.theirs.cpu_ns_per_record
    }
}

/// Prints a line a pair, then the medians.
pub(crate) fn print(work: &str, pairs: &[Pair]) {
    println!("{work}: CPU of the client process, ns per record");
    println!("    round     samsa   rdkafka     ratio");
    for (round, pair) in pairs.iter().enumerate() {
        row(&round.to_string(), pair.ours.cpu_ns_per_record, pair.theirs.cpu_ns_per_record, pair.ratio());
    }
    let of = |figure: fn(&Pair) -> f64| median(pairs.iter().map(figure).collect());
    row(
        "median",
        of(|pair| pair.ours.cpu_ns_per_record),
        of(|pair| pair.theirs.cpu_ns_per_record),
        of(Pair::ratio),
    );
    println!(
        "    records per second, median: samsa {:.0}, rdkafka {:.0}",
        of(|pair| pair.ours.records_per_second),
        of(|pair| pair.theirs.records_per_second),
    );
    println!(
        "    largest memory, median, MiB: samsa {:.0}, rdkafka {:.0}",
        of(|pair| mebibytes(pair.ours.max_rss_bytes)),
        of(|pair| mebibytes(pair.theirs.max_rss_bytes)),
    );
}

fn row(name: &str, ours: f64, theirs: f64, ratio: f64) {
    println!("{name:>9} {ours:>9.1} {theirs:>9.1} {ratio:>9.3}");
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// The middle one, or the mean of the two in the middle; not a number when there is none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let upper = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => values[upper],
        _ => f64::midpoint(values[upper - 1], values[upper]),
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_does_not_follow_an_outlier() {
        assert!((median(vec![9.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median(vec![1.0, 2.0, 3.0, 99.0]) - 2.5).abs() < f64::EPSILON);
        assert!(median(Vec::new()).is_nan());
    }
}
