//! What `samsa consume` has printed.

use samsa_tests::cli::Samsa;

use crate::members::Place;

/// What a `samsa consume` with the format `%p %o` has printed.
pub(crate) fn printed(samsa: &Samsa) -> Vec<Place> {
    placed(&samsa.printed().expect("what it printed"))
}

/// What stands in the lines of a text.
pub(crate) fn placed(text: &[u8]) -> Vec<Place> {
    let place = |line: &str| {
        let (partition, offset) = line.split_once(' ')?;
        Some((partition.parse().ok()?, offset.parse().ok()?))
    };
    let text = String::from_utf8_lossy(text);
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(|line| place(line).expect("a place")).collect()
}
