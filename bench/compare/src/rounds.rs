//! Runs that take turns, and what is in the middle of them.

use std::error::Error;

use crate::client::Client;

/// What a client has done, one entry a round.
pub(crate) struct Runs<'a, T> {
    pub(crate) client: &'a Client,
    pub(crate) rounds: Vec<T>,
}

/// Each round runs all, and another one goes first from round to round, so that what the machine does beside this falls on
/// all of them.
pub(crate) fn in_turn<'a, T>(
    clients: &[&'a Client],
    rounds: usize,
    run: impl Fn(&Client) -> Result<T, Box<dyn Error>>,
) -> Result<Vec<Runs<'a, T>>, Box<dyn Error>> {
    let mut runs: Vec<_> = clients.iter().map(|client| Runs { client, rounds: Vec::new() }).collect();
    for round in 0..rounds {
        let count = runs.len();
        for place in 0..count {
            let one = &mut runs[(round + place) % count];
            one.rounds.push(run(one.client)?);
        }
    }
    Ok(runs)
}

impl<T> Runs<'_, T> {
    /// The median over the rounds.
    pub(crate) fn median(&self, figure: impl Fn(&T) -> f64) -> f64 {
        median(self.rounds.iter().map(figure).collect())
    }

    /// The median of what this is of another in the same round.
    pub(crate) fn ratio(&self, other: &Self, figure: impl Fn(&T) -> f64) -> f64 {
        median(
            self.rounds.iter().zip(&other.rounds).map(|(one, other)| figure(one) / figure(other)).collect(),
        )
    }
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
    use super::*;

    #[test]
    fn the_median_does_not_follow_an_outlier() {
        assert!((median(vec![9.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median(vec![1.0, 2.0, 3.0, 99.0]) - 2.5).abs() < f64::EPSILON);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn every_client_runs_once_a_round_and_each_goes_first_in_turn() {
        let clients = [Client::Floor("a".into()), Client::Rdkafka("b".into())];
        let order = std::cell::RefCell::new(Vec::new());
        let runs = in_turn(&clients.each_ref(), 2, |client| {
            order.borrow_mut().push(client.name());
            Ok(client.name().len())
        });
        let runs = runs.expect("nothing fails");
        assert_eq!(order.into_inner(), ["floor", "rdkafka", "rdkafka", "floor"]);
        assert_eq!((&runs[0].rounds[..], &runs[1].rounds[..]), (&[5, 5][..], &[7, 7][..]));
    }
}
