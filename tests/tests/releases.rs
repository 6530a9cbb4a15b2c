//! Every release of the table starts, is killed, and comes back.

use samsa_tests::{Release, own};

fn starts_and_comes_back(release: Release) {
    let Some(kafka) = own(release) else { return };
    assert!(kafka.broker_process().is_some());
    kafka.kill_broker();
    assert_eq!(kafka.broker_process(), None);
    kafka.restart_broker().expect("the broker starts again");
}

#[test]
fn kafka_0_8_2_2_starts_and_comes_back() {
    starts_and_comes_back(Release::V0_8_2_2);
}

#[test]
fn kafka_0_9_0_1_starts_and_comes_back() {
    starts_and_comes_back(Release::V0_9_0_1);
}

#[test]
fn kafka_0_10_2_2_starts_and_comes_back() {
    starts_and_comes_back(Release::V0_10_2_2);
}

#[test]
fn kafka_0_11_0_3_starts_and_comes_back() {
    starts_and_comes_back(Release::V0_11_0_3);
}

#[test]
fn kafka_1_1_1_starts_and_comes_back() {
    starts_and_comes_back(Release::V1_1_1);
}

#[test]
fn kafka_2_8_2_starts_and_comes_back() {
    starts_and_comes_back(Release::V2_8_2);
}

#[test]
fn kafka_4_0_0_starts_and_comes_back() {
    starts_and_comes_back(Release::V4_0_0);
}
