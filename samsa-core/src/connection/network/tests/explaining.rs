//! What connections wait for, since when, and until when.

use super::*;

impl Script {
    /// What the connection, or the way to it, waits for, and for how long: until now, and in all.
    fn waits_for(&self) -> Vec<(String, Duration, Duration)> {
        let mut lines = Vec::new();
        self.net.explain(&mut lines);
        let times = lines.into_iter().map(|line| {
            let (since, until) = (line.since.expect("a beginning"), line.until.expect("an end"));
            (line.what, self.now.mono - since, until - since)
        });
        times.collect()
    }
}

#[test]
fn each_step_to_a_connection_has_a_beginning_and_an_end_of_its_own() {
    let mut script = Script::start();
    let second = Duration::from_secs(1);
    script.asks(Role::Control);
    let conn = script.dials();
    script.passes(second);
    assert_eq!(script.waits_for(), [("to be connected".to_owned(), second, CONNECT_TIMEOUT)]);

    script.net.connected(script.now, conn);
    script.passes(second);
    let in_all = limits::FIRST_ANSWER;
    assert_eq!(script.waits_for(), [("the broker to tell its versions".to_owned(), second, in_all)]);
}

#[test]
fn a_broker_that_could_not_be_reached_waits_to_be_dialled_since_then() {
    let mut script = Script::start();
    script.asks(Role::Control);
    let conn = script.dials();
    script.net.connect_failed(script.now, conn, "refused");
    let wait = script.net.deadline();
    script.asks(Role::Control);
    assert_eq!(wait, None, "nobody wants it");
    let at = script.net.deadline().expect("it is wanted again").at;
    let in_all = at - script.now.mono;
    script.passes(in_all / 2);
    assert_eq!(script.waits_for(), [("to dial again after 1 failures".to_owned(), in_all / 2, in_all)]);
}

#[test]
fn a_quota_is_waited_out_since_it_was_told() {
    let (mut script, _) = throttle::throttled();
    script.passes(Duration::from_millis(200));
    let (waited, in_all) = (Duration::from_millis(200), Duration::from_millis(700));
    assert_eq!(script.waits_for(), [("the broker's quota, which throttles it".to_owned(), waited, in_all)]);
}

#[test]
fn a_name_that_is_asked_for_has_a_beginning_and_an_end() {
    let mut script = Script::start();
    script.broker_listens_at("broker-1.example:9092");
    script.asks(Role::Control);
    script.passes(Duration::from_secs(1));
    let what = "the name service to tell its address".to_owned();
    assert_eq!(script.waits_for(), [(what, Duration::from_secs(1), CONNECT_TIMEOUT)]);
}
