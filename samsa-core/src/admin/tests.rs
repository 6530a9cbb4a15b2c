//! Scripts over a whole engine: a command, brokers that answer as the script says, the reply.

mod creating;

use samsa_proto::ErrorCode;
use samsa_proto::api::list_offsets::{
    ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopicResponse,
};

use crate::command::{Command, Reply};
use crate::config::Isolation;
use crate::consumer::tests::model::{Asked, Model};
use crate::error::LookError;
use crate::input::Input;
use crate::limits;
use crate::offset::{Offset, PartitionOffset};

fn latest(topic: &str) -> Command {
    Command::Offsets {
        topic: topic.into(),
        partitions: None,
        at: Offset::Latest,
        isolation: Isolation::default(),
    }
}

fn seeks(asked: &Asked) -> Vec<(i32, i64)> {
    let request: ListOffsetsRequest<'_> = asked.read();
    request.topics[0].partitions.iter().map(|wanted| (wanted.partition_index, wanted.timestamp)).collect()
}

fn lists(model: &mut Model, asked: &Asked, offsets: &[(i32, ErrorCode, i64)]) {
    let partition =
        |(partition_index, error_code, offset): &(i32, ErrorCode, i64)| ListOffsetsPartitionResponse {
            partition_index: *partition_index,
            error_code: *error_code,
            offset: *offset,
            ..Default::default()
        };
    let partitions = offsets.iter().map(partition).collect();
    let topic = ListOffsetsTopicResponse { name: "events", partitions, ..Default::default() };
    let response = ListOffsetsResponse { topics: vec![topic], ..Default::default() };
    model.answers::<ListOffsetsRequest<'_>>(asked, &response);
}

fn offsets(model: &mut Model) -> Result<Vec<(i32, i64)>, LookError> {
    let Reply::Offsets(result) = model.reply() else { panic!("another reply") };
    let pair = |found: PartitionOffset| (found.partition, found.offset);
    result.map(|found| found.into_iter().map(pair).collect())
}

#[test]
fn topics_are_named() {
    let mut model = Model::start(&[1]);
    model.command(Command::Topics);
    let Reply::Topics(Ok(topics)) = model.reply() else { panic!("no topics") };
    assert_eq!(topics.iter().map(|topic| &*topic.name).collect::<Vec<_>>(), ["events"]);
}

#[test]
fn partitions_are_told_with_their_leaders_and_a_topic_that_is_not_there_has_none() {
    let mut model = Model::start(&[2, -1, 1]);
    model.command(Command::Partitions { topic: "events".into() });
    let Reply::Partitions(Ok(partitions)) = model.reply() else { panic!("no partitions") };
    let leaders: Vec<_> = partitions.iter().map(|info| info.leader.map(|leader| leader.0)).collect();
    assert_eq!(leaders, [Some(2), None, Some(1)]);

    model.command(Command::Partitions { topic: "nothing".into() });
    assert!(matches!(model.reply(), Reply::Partitions(Ok(none)) if none.is_empty()));
}

#[test]
fn offsets_are_gathered_from_every_leader() {
    let mut model = Model::start(&[1, 2, 1]);
    model.command(latest("events"));
    let (first, second) = (model.asked(), model.asked());
    assert_eq!((first.broker, seeks(&first)), (1, vec![(0, -1), (2, -1)]));
    assert_eq!((second.broker, seeks(&second)), (2, vec![(1, -1)]));

    lists(&mut model, &second, &[(1, ErrorCode::NONE, 21)]);
    assert!(!model.has_replied());
    lists(&mut model, &first, &[(2, ErrorCode::NONE, 22), (0, ErrorCode::NONE, 20)]);
    assert_eq!(offsets(&mut model), Ok(vec![(0, 20), (1, 21), (2, 22)]));
}

#[test]
fn the_offsets_of_a_topic_that_is_not_there_are_an_error() {
    let mut model = Model::start(&[1]);
    model.command(latest("nothing"));
    assert_eq!(offsets(&mut model), Err(LookError::UnknownTopic { topic: "nothing".into() }));
}

#[test]
fn only_what_is_missing_is_asked_for_again_and_of_the_leader_of_then() {
    let mut model = Model::start(&[1, 2]);
    model.command(latest("events"));
    let (first, second) = (model.asked(), model.asked());
    lists(&mut model, &first, &[(0, ErrorCode::NONE, 20)]);
    model.leaders = vec![1, 1];
    lists(&mut model, &second, &[(1, ErrorCode::NOT_LEADER_OR_FOLLOWER, -1)]);
    assert!(model.is_quiet());

    model.waits_for_something();
    let again = model.asked();
    assert_eq!((again.broker, seeks(&again)), (1, vec![(1, -1)]));
    lists(&mut model, &again, &[(1, ErrorCode::NONE, 21)]);
    assert_eq!(offsets(&mut model), Ok(vec![(0, 20), (1, 21)]));
}

#[test]
fn nonsense_and_broken_connections_cost_a_wait() {
    let mut model = Model::start(&[1]);
    model.command(latest("events"));
    let asked = model.asked();
    model.babbles(&asked);
    assert!(model.is_quiet() && !model.has_replied());
    model.waits_for_something();
    let asked = model.asked();
    model.breaks(&asked);
    assert!(model.is_quiet() && !model.has_replied());
    model.waits_for_something();
    let asked = model.asked();
    lists(&mut model, &asked, &[(0, ErrorCode::NONE, 3)]);
    assert_eq!(offsets(&mut model), Ok(vec![(0, 3)]));
}

#[test]
fn a_refusal_is_the_answer() {
    let mut model = Model::start(&[1]);
    model.command(latest("events"));
    let asked = model.asked();
    let code = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
    lists(&mut model, &asked, &[(0, code, -1)]);
    assert!(matches!(offsets(&mut model), Err(LookError::Refused { code: told, .. }) if told == code));
}

#[test]
fn a_partition_without_leader_is_waited_for_until_the_time_is_over() {
    let mut model = Model::start(&[-1]);
    model.command(latest("events"));
    let error = offsets(&mut model).unwrap_err();
    assert!(
        matches!(&error, LookError::TimedOut { last, .. } if last.contains("partition 0 has no leader")),
        "{error}"
    );
    assert!(error.is_retriable());
}

#[test]
fn when_too_many_commands_wait_the_next_is_refused() {
    let mut model = Model::start(&[1]);
    model.command(latest("events"));
    for _ in 1..limits::COMMANDS {
        model.command(latest("events"));
    }
    assert!(!model.has_replied());
    model.command(latest("events"));
    let refused = model.reply();
    assert!(
        matches!(refused, Reply::Offsets(Err(LookError::Busy { waiting })) if waiting == limits::COMMANDS)
    );
}

#[test]
fn an_engine_that_goes_answers_every_command() {
    let mut model = Model::start(&[1]);
    model.command(latest("events"));
    model.aborts();
    assert_eq!(offsets(&mut model), Err(LookError::Closed));
}

#[test]
fn a_question_that_is_forgotten_leaves_its_place_to_others_and_its_late_answer_is_nobodys() {
    let mut model = Model::start(&[1]);
    let forgotten = model.command(latest("events"));
    let asked = model.asked();
    model.input(Input::Forget { op: forgotten });
    lists(&mut model, &asked, &[(0, ErrorCode::NONE, 20)]);
    for _ in 0..limits::COMMANDS {
        model.command(latest("events"));
    }
    assert!(!model.has_replied(), "all of them wait, and nobody is told what somebody else asked");
}
