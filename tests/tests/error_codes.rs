//! Our table of error codes is Apache's.

use samsa_proto::ErrorCode;
use samsa_tests::{Release, apache, needs};

fn ours() -> Vec<String> {
    ErrorCode::all()
        .map(|error| format!("{} {} {}", error.0, error.name().unwrap_or_default(), error.is_retriable()))
        .collect()
}

#[test]
fn every_code_has_the_name_that_4_4_0_gives_it_and_is_retriable_where_that_says_so() {
    let Some(output) = needs(apache::ask(Release::V4_4_0, "ErrorCodes", &[], "")) else { return };
    let mut theirs: Vec<&str> = output.lines().collect();
    theirs.sort_by_key(|line| line.split(' ').next().and_then(|code| code.parse::<i16>().ok()));
    assert_eq!(ours(), theirs);
}

#[test]
fn every_code_of_3_9_2_is_known() {
    let Some(output) = needs(apache::ask(Release::V3_9_2, "ErrorCodes", &[], "")) else { return };
    for line in output.lines() {
        let code = line.split(' ').next().and_then(|code| code.parse().ok()).expect("a code");
        assert!(ErrorCode(code).name().is_some(), "{line}");
    }
}
