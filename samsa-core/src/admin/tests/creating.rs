//! Scripts over a whole engine that creates a topic.

use std::time::Duration;

use samsa_proto::ErrorCode;
use samsa_proto::api::create_topics::{CreatableTopicResult, CreateTopicsRequest, CreateTopicsResponse};

use crate::command::{Command, NewTopic, Reply};
use crate::consumer::tests::model::{Asked, Model};
use crate::error::CreateTopicError;
use crate::id::OpId;
use crate::input::Input;

fn model() -> Model {
    let mut model = Model::start(&[1, 2]);
    let topic = NewTopic { name: "orders".into(), partitions: 12, replication: 2 };
    model.command(Command::CreateTopic(topic));
    model
}

fn says(model: &mut Model, asked: &Asked, name: &str, error_code: ErrorCode) {
    let topic = CreatableTopicResult { name, error_code, ..Default::default() };
    let response = CreateTopicsResponse { topics: vec![topic], ..Default::default() };
    model.answers::<CreateTopicsRequest<'_>>(asked, &response);
}

fn reply(model: &mut Model) -> Result<(), CreateTopicError> {
    let Reply::CreateTopic(result) = model.reply() else { panic!("another reply") };
    result
}

#[test]
fn the_controller_is_told_how_many_partitions_and_replicas_there_shall_be() {
    let mut model = model();
    let asked = model.asked();
    assert_eq!(asked.broker, 2, "the controller");
    let request: CreateTopicsRequest<'_> = asked.read();
    let topic = &request.topics[0];
    assert_eq!((topic.name, topic.num_partitions, topic.replication_factor), ("orders", 12, 2));
    assert!(!request.validate_only);
    says(&mut model, &asked, "orders", ErrorCode::NONE);
    assert_eq!(reply(&mut model), Ok(()));
}

#[test]
fn a_topic_that_is_there_is_an_error() {
    let mut model = model();
    let asked = model.asked();
    says(&mut model, &asked, "orders", ErrorCode::TOPIC_ALREADY_EXISTS);
    assert_eq!(reply(&mut model), Err(CreateTopicError::Exists { topic: "orders".into() }));
}

#[test]
fn a_topic_that_is_there_after_an_order_without_answer_is_ours() {
    let mut model = model();
    let asked = model.asked();
    model.breaks(&asked);
    model.waits_for_something();
    let again = model.asked();
    says(&mut model, &again, "orders", ErrorCode::TOPIC_ALREADY_EXISTS);
    assert_eq!(reply(&mut model), Ok(()));
}

#[test]
fn a_broker_that_is_not_the_controller_any_more_is_asked_no_more() {
    let mut model = model();
    let asked = model.asked();
    model.brokers = 1;
    says(&mut model, &asked, "orders", ErrorCode::NOT_CONTROLLER);
    assert!(model.is_quiet());
    model.waits_for_something();
    let again = model.asked();
    assert_eq!(again.broker, 1);
    says(&mut model, &again, "orders", ErrorCode::NONE);
    assert_eq!(reply(&mut model), Ok(()));
}

#[test]
fn a_refusal_is_the_answer_and_says_what_the_broker_said() {
    let mut model = model();
    let asked = model.asked();
    says(&mut model, &asked, "orders", ErrorCode::INVALID_REPLICATION_FACTOR);
    let error = reply(&mut model).unwrap_err();
    assert!(error.to_string().contains("INVALID_REPLICATION_FACTOR"), "{error}");
    assert!(!error.is_retriable());
}

#[test]
fn an_answer_about_another_topic_is_none() {
    let mut model = model();
    let asked = model.asked();
    says(&mut model, &asked, "elsewhere", ErrorCode::NONE);
    assert!(!model.has_replied());
    model.waits_for_something();
    let again = model.asked();
    says(&mut model, &again, "orders", ErrorCode::TOPIC_ALREADY_EXISTS);
    assert_eq!(reply(&mut model), Ok(()), "the first order may have been followed");
}

#[test]
fn an_engine_that_goes_answers_the_order() {
    let mut model = model();
    model.asked();
    model.aborts();
    assert_eq!(reply(&mut model), Err(CreateTopicError::Closed));
}

#[test]
fn a_close_waits_for_a_topic_that_is_being_created() {
    let mut model = model();
    let asked = model.asked();
    model.command(Command::Close);
    assert!(matches!(model.reply(), Reply::Close(0)), "no record waits");
    assert!(!model.engine.is_closed());
    says(&mut model, &asked, "orders", ErrorCode::NONE);
    assert_eq!(reply(&mut model), Ok(()));
    assert!(model.engine.is_closed());
}

#[test]
fn a_close_whose_time_is_over_answers_the_order() {
    let mut model = model();
    model.asked();
    let until = model.now.mono + Duration::from_secs(1);
    let within = Duration::from_secs(1);
    model.input(Input::Command { op: OpId(100), command: Command::Close, within });
    assert!(matches!(model.reply(), Reply::Close(0)), "no record waits");
    while !model.has_replied() {
        assert!(!model.engine.is_closed());
        model.waits();
    }
    assert_eq!(reply(&mut model), Err(CreateTopicError::Closed));
    assert!(model.engine.is_closed() && model.now.mono == until);
}
