//! Flush, close and abort.

use super::*;

fn replies(play: &mut Play) -> Vec<(OpId, String)> {
    play.world.replies.drain(..).map(|(op, reply)| (op, format!("{reply:?}"))).collect()
}

#[test]
fn a_flush_is_answered_when_what_came_before_has_its_outcome() {
    let mut play = Play::with_leaders(&[1, 1]);
    let _before = play.publish_to(0, "before");
    let before = play.sends();
    let until = play.now().mono + TIMEOUT;
    play.hears(ProducerInput::Flush { op: OpId(1), until });
    let _after = play.publish_to(1, "after");
    let _after_request = play.sends();
    assert!(play.world.replies.is_empty());

    play.hears_written(&before, 0);
    assert_eq!(replies(&mut play), [(OpId(1), format!("{:?}", Reply::Flush(0)))]);
}

#[test]
fn a_flush_waits_for_records_whose_topic_it_is_the_first_to_settle() {
    let mut play = Play::with_leaders(&[1]);
    let value = Some(&b"1"[..]);
    let _ticket = play.append(&OutgoingRecord { value, ..Default::default() });
    let until = play.now().mono + TIMEOUT;
    play.hears(ProducerInput::Flush { op: OpId(1), until });
    assert!(play.world.replies.is_empty());

    let sent = play.sends();
    play.hears_written(&sent, 0);
    assert_eq!(replies(&mut play), [(OpId(1), format!("{:?}", Reply::Flush(0)))]);
}

#[test]
fn a_flush_waits_for_records_whose_leader_told_its_versions_on_another_connection() {
    let mut play = Play::new(|publish| publish.linger = TIMEOUT / 2);
    play.has_leaders(&[Some(1)]);
    let _ticket = play.publish("1");
    play.world.known.insert(BrokerId(1), 9);
    let until = play.now().mono + TIMEOUT;
    play.hears(ProducerInput::Flush { op: OpId(1), until });
    assert!(play.world.replies.is_empty());

    play.connects(1, 9);
    let sent = play.sends();
    play.hears_written(&sent, 0);
    assert_eq!(replies(&mut play), [(OpId(1), format!("{:?}", Reply::Flush(0)))]);
}

#[test]
fn records_whose_topic_is_learnt_after_a_flush_do_not_linger() {
    let mut play = Play::new(|publish| publish.linger = TIMEOUT / 2);
    play.connects(1, 9);
    let _ticket = play.publish("1");
    let until = play.now().mono + TIMEOUT;
    play.hears(ProducerInput::Flush { op: OpId(1), until });
    play.has_leaders(&[Some(1)]);
    let sent = play.sends();
    play.hears_written(&sent, 0);
    assert_eq!(replies(&mut play), [(OpId(1), format!("{:?}", Reply::Flush(0)))]);
}

#[test]
fn a_flush_with_nothing_to_wait_for_is_answered_at_once() {
    let mut play = Play::with_leaders(&[1]);
    let until = play.now().mono + TIMEOUT;
    play.hears(ProducerInput::Flush { op: OpId(1), until });
    assert_eq!(replies(&mut play), [(OpId(1), format!("{:?}", Reply::Flush(0)))]);
}

#[test]
fn a_flush_whose_time_is_over_says_how_many_records_are_open() {
    let mut play = Play::with_leaders(&[1]);
    play.has_leaders(&[None]);
    let tickets = ["1", "2", "3"].map(|value| play.publish_to(0, value));
    let until = play.now().mono + Duration::from_secs(2);
    play.hears(ProducerInput::Flush { op: OpId(1), until });
    play.passes(Duration::from_secs(2));
    assert_eq!(replies(&mut play), [(OpId(1), format!("{:?}", Reply::Flush(3)))]);
    assert!(tickets.iter().all(|ticket| outcome(ticket).is_none()));
}

#[test]
fn a_close_refuses_later_records_and_waits_for_the_earlier_ones() {
    let mut play = Play::with_leaders(&[1]);
    let ticket = play.publish_to(0, "1");
    let sent = play.sends();
    let until = play.now().mono + TIMEOUT;
    play.hears(ProducerInput::Close { op: OpId(1), until });
    let record = OutgoingRecord { value: Some(b"late"), ..Default::default() };
    let refused = play.buffer.topic("events").append(&record, play.now()).unwrap_err();
    assert_eq!(refused, AppendError::Closed);
    assert!(!play.sender.is_closed());

    play.hears_written(&sent, 0);
    assert_eq!(receipt(&ticket).offset, Some(0));
    assert_eq!(replies(&mut play), [(OpId(1), format!("{:?}", Reply::Close(0)))]);
    assert!(play.sender.is_closed());
}

#[test]
fn a_close_whose_time_is_over_gives_up_what_is_left() {
    let mut play = Play::with_leaders(&[1, 1]);
    let in_flight = play.publish_to(0, "1");
    let sent = play.sends();
    play.has_leaders(&[Some(1), None]);
    let waiting = [play.publish_to(1, "2"), play.publish_to(1, "3")];
    let until = play.now().mono + Duration::from_secs(1);
    play.hears(ProducerInput::Flush { op: OpId(1), until: until + TIMEOUT });
    play.hears(ProducerInput::Close { op: OpId(2), until });
    play.passes(Duration::from_secs(1));

    assert_eq!(error(&in_flight).certainty(), Certainty::PossiblySent);
    for ticket in waiting {
        assert_eq!(error(&ticket).certainty(), Certainty::NotSent);
        assert_eq!(*error(&ticket).failure(), PublishFailure::Closed);
    }
    let close = (OpId(2), format!("{:?}", Reply::Close(3)));
    assert_eq!(replies(&mut play), [close, (OpId(1), format!("{:?}", Reply::Flush(0)))]);
    assert!(play.sender.is_closed());
    assert_eq!((play.buffer.used_bytes(), play.deadline()), (0, None));
    play.hears_written(&sent, 0);
}

#[test]
fn an_abort_gives_every_ticket_and_command_its_outcome() {
    let mut play = Play::with_leaders(&[1, 1]);
    let in_flight = play.publish_to(0, "1");
    let _sent = play.sends();
    play.has_leaders(&[Some(1), None]);
    let waiting = play.publish_to(1, "2");
    let unsettled = play.buffer.topic("other");
    let unseen = unsettled.append(&OutgoingRecord::default(), play.now()).unwrap();
    let until = play.now().mono + TIMEOUT;
    play.hears(ProducerInput::Flush { op: OpId(1), until });

    let mut out = crate::out::Out::default();
    play.sender.abort(&mut out);

    assert_eq!(error(&in_flight).certainty(), Certainty::PossiblySent);
    assert_eq!(error(&waiting).certainty(), Certainty::NotSent);
    assert_eq!(*error(&unseen).failure(), PublishFailure::Closed);
    let flush = format!("{:?}", Reply::Flush(3));
    assert!(
        matches!(out.pop(), Some(crate::Intent::Complete { op: OpId(1), reply }) if format!("{reply:?}") == flush)
    );
    assert_eq!((play.buffer.used_bytes(), play.deadline()), (0, None));
}

#[test]
fn so_many_flushes_wait_at_once_and_no_more() {
    let mut play = Play::with_leaders(&[1]);
    let _ticket = play.publish_to(0, "1");
    let until = play.now().mono + TIMEOUT;
    for number in 0..=limits::COMMANDS as u64 {
        play.hears(ProducerInput::Flush { op: OpId(number), until });
    }
    let busy = format!("{:?}", Reply::Busy { waiting: limits::COMMANDS });
    assert_eq!(replies(&mut play), [(OpId(limits::COMMANDS as u64), busy)]);
    play.hears(ProducerInput::Close { op: OpId(9999), until });
    assert!(play.world.replies.is_empty(), "to close there is room");
}

#[test]
fn a_flush_that_is_forgotten_is_not_answered_and_a_close_is() {
    let mut play = Play::with_leaders(&[1]);
    let _ticket = play.publish_to(0, "1");
    let until = play.now().mono + TIMEOUT;
    play.hears(ProducerInput::Flush { op: OpId(1), until });
    play.hears(ProducerInput::Close { op: OpId(2), until });
    play.hears(ProducerInput::Forget { op: OpId(1) });
    play.hears(ProducerInput::Forget { op: OpId(2) });
    play.passes(TIMEOUT);
    assert_eq!(replies(&mut play), [(OpId(2), format!("{:?}", Reply::Close(0)))]);
}

#[test]
fn explain_tells_since_when_a_flush_waits_and_until_when() {
    let mut play = Play::with_leaders(&[1]);
    let _in_flight = play.publish_to(0, "1");
    let since = play.now().mono;
    let until = since + Duration::from_secs(9);
    play.hears(ProducerInput::Flush { op: OpId(1), until });
    play.passes(Duration::from_secs(1));
    let mut explanation = Explanation::default();
    play.sender.explain(play.now().mono, &mut explanation);
    let flush = explanation.lines.iter().find(|line| line.who == "flush").unwrap();
    assert_eq!((flush.since, flush.until), (Some(since), Some(until)));
}
