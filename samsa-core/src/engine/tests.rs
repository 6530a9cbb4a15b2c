//! Scripts over a whole engine that is closed.

mod leaving;

use super::*;
use crate::producer::OutgoingRecord;

const SECOND: Duration = Duration::from_secs(1);

fn answers(engine: &mut Engine) -> Vec<(OpId, usize)> {
    let intents = std::iter::from_fn(|| engine.poll_intent());
    let answer = |intent| match intent {
        Intent::Complete { op, reply: Reply::Close(open) } => Some((op, open)),
        _ => None,
    };
    intents.filter_map(answer).collect()
}

#[test]
fn a_second_close_waits_for_the_records_too() {
    let mut engine = Engine::new(Config::new(Discovery::Bootstrap(Vec::new())));
    let record = OutgoingRecord { value: Some(b"1"), ..Default::default() };
    let ticket = engine.batch_buffer().topic("events").append(&record, Now::default()).unwrap();
    for op in [OpId(1), OpId(2)] {
        let input = Input::Command { op, command: Command::Close, within: SECOND };
        engine.handle(Now::default(), input);
    }
    assert_eq!(answers(&mut engine), []);

    let now = Now { mono: Now::default().mono + SECOND, ..Now::default() };
    engine.handle(now, Input::Tick);
    assert_eq!(answers(&mut engine), [(OpId(1), 1), (OpId(2), 1)]);
    assert!(ticket.try_outcome().is_some() && engine.is_closed());
}
