//! Waiting for more, and what ends that.

use super::*;

const LINGER: Duration = Duration::from_millis(5);

fn lingering() -> Play {
    Play::configured(&[1], |config| {
        config.linger = LINGER;
        config.batch_bytes = 8 << 10;
        config.buffer_bytes = 64 << 10;
        config.message_bytes = 32 << 10;
    })
}

/// So that the topic is settled.
fn warm() -> Play {
    let mut play = lingering();
    let _ticket = play.publish_to(0, "warm");
    play.passes(LINGER);
    let sent = play.sends();
    play.hears_written(&sent, 0);
    play
}

#[test]
fn a_batch_waits_for_more_until_the_linger_time_is_over() {
    let mut play = warm();
    let _one = play.publish_to(0, "1");
    play.passes(LINGER / 2);
    let _two = play.publish_to(0, "2");
    play.sends_nothing();
    play.passes(LINGER / 2);
    assert_eq!(play.sends().values(), ["1", "2"]);
}

#[test]
fn a_full_batch_does_not_wait() {
    let mut play = warm();
    for _ in 0..3 {
        let _ticket = play.publish_to(0, &"x".repeat(4000));
    }
    assert_eq!(play.sends().values().len(), 2);
}

#[test]
fn a_flush_does_not_let_anything_linger() {
    let mut play = warm();
    let _bound = play.publish_to(0, "1");
    let _free = play.publish("2");
    let until = play.now().mono + TIMEOUT;
    play.hears(ProducerInput::Flush { op: OpId(1), until });
    let first = play.sends();
    play.hears_written(&first, 1);
    assert_eq!([first.values(), play.sends().values()].concat(), ["1", "2"]);
}

#[test]
fn a_buffer_without_room_does_not_let_anything_linger() {
    let mut play = warm();
    let _ticket = play.publish_to(0, "1");
    let mut partition = 0;
    play.has_leaders(&vec![Some(1); 100]);
    loop {
        partition += 1;
        let record = OutgoingRecord { partition: Some(partition), value: Some(b"x"), ..Default::default() };
        if play.buffer.topic("events").append(&record, play.now()).is_err() {
            break;
        }
    }
    play.hears(ProducerInput::BatchesReady);
    assert_eq!(play.sends().batches.len(), partition as usize);
}
