//! Who may join, commit and wait, and in which words.

use super::*;

#[test]
fn what_is_said_of_another_generation_or_by_nobody_known_is_refused() {
    let (mut script, first, second) = Script::with_two(Release::V4_4, 1);
    assert_eq!(script.heartbeat(1, &first, 0), ErrorCode::ILLEGAL_GENERATION);
    assert_eq!(script.commit(1, &first, 2, 0, 7), ErrorCode::ILLEGAL_GENERATION);
    script.sync(1, &first, 2, &BTreeMap::new());
    assert_eq!(script.synced(1), Some(Err(ErrorCode::ILLEGAL_GENERATION)));
    assert_eq!(script.heartbeat(2, "nobody", 1), ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(script.commit(2, "nobody", 1, 2, 7), ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(script.commit(2, "", -1, 2, 7), ErrorCode::UNKNOWN_MEMBER_ID);
    script.join(2, "nobody");
    assert_eq!(script.joined(2, 9).map(|heard| heard.code), Some(ErrorCode::UNKNOWN_MEMBER_ID));
    assert_eq!(script.heartbeat(2, &second, 1), ErrorCode::NONE);
    assert_eq!(script.complaints, Vec::<String>::new());
}

#[test]
fn outsiders_commit_while_nobody_is_there() {
    let mut script = Script::newest();
    assert_eq!(script.commit(0, "", -1, 2, 7), ErrorCode::NONE);
    assert_eq!(script.commit(0, "somebody", 3, 2, 7), ErrorCode::GROUP_ID_NOT_FOUND);
    let member = script.join_anew(1);
    assert_eq!(script.commit(0, "", -1, 2, 8), ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(script.leave(0, &member), ErrorCode::NONE);
    script.pass(300);
    assert_eq!(script.commit(0, "", -1, 2, 9), ErrorCode::NONE);
    script.cluster.set_members(GROUP, 2);
    assert_eq!(script.described(), ("Stable".to_owned(), 2));
    assert_eq!(script.commit(0, "", -1, 2, 9), ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn what_cannot_be_agreed_on_is_refused() {
    let mut script = Script::newest();
    for (session, code) in [(5_999, false), (1_800_001, false), (6_000, true), (1_800_000, true)] {
        script.pass(1);
        script.tell(3, 9, &JoinGroupRequest { session_timeout_ms: session, ..join_request("", b"") });
        let heard = script.joined(3, 9).unwrap().code;
        let refused = ErrorCode::INVALID_SESSION_TIMEOUT;
        assert_eq!(heard, if code { ErrorCode::MEMBER_ID_REQUIRED } else { refused });
    }
    script.join_anew(1);
    let other = JoinGroupRequestProtocol { name: "roundrobin", ..Default::default() };
    script.tell(2, 9, &JoinGroupRequest { protocols: vec![other], ..join_request("", b"") });
    assert_eq!(script.joined(2, 9).map(|heard| heard.code), Some(ErrorCode::INCONSISTENT_GROUP_PROTOCOL));
    script.tell(2, 9, &JoinGroupRequest { protocol_type: "connect", ..join_request("", b"") });
    assert_eq!(script.joined(2, 9).map(|heard| heard.code), Some(ErrorCode::INCONSISTENT_GROUP_PROTOCOL));
}

#[test]
fn a_group_forms_in_every_version_of_every_release() {
    for release in Release::OLD.into_iter().chain(Release::ALL) {
        for version in release.versions(JoinGroupRequest::KEY).unwrap() {
            let mut script = Script::start(release, 1, 1);
            script.tell(1, version, &join_request("", b""));
            if version >= 4 {
                let given = script.joined(1, version).unwrap();
                assert_eq!(given.code, ErrorCode::MEMBER_ID_REQUIRED);
                script.tell(1, version, &join_request(&given.member, b""));
            }
            script.pass(300);
            let heard = script.joined(1, version).unwrap();
            assert_eq!((heard.code, heard.generation), (ErrorCode::NONE, 1), "{release} {version}");
            assert_eq!(heard.members, [heard.leader]);
            assert_eq!(script.complaints, Vec::<String>::new());
        }
    }
}

#[test]
fn without_a_rebalance_timeout_the_session_says_how_long_is_waited() {
    let mut script = Script::newest();
    script.tell(1, 0, &join_request("", b""));
    script.pass(300);
    let first = script.joined(1, 0).unwrap().member;
    script.tell(2, 0, &join_request("", b""));
    script.live(9_000, &[(1, &first)], 1);
    assert_eq!(script.joined(2, 0), None);
    script.pass(1_000);
    assert_eq!(script.joined(2, 0).map(|heard| (heard.generation, heard.members.len())), Some((2, 1)));
}

#[test]
fn it_is_complained_of_a_commit_of_what_the_member_does_not_own() {
    let (mut script, first, _) = Script::with_two(Release::V4_4, 1);
    script.commit(1, &first, 1, 1, 7);
    assert_eq!(script.complaints, Vec::<String>::new());
    script.commit(1, &first, 1, 2, 7);
    assert_eq!(script.complaints, [format!("a commit of events/2 by {first}, which does not own it")]);
}

#[test]
fn it_is_complained_of_who_does_not_wait_for_an_answer() {
    let (mut script, first, _) = Script::with_two(Release::V4_4, 1);
    let request =
        HeartbeatRequest { group_id: GROUP, generation_id: 1, member_id: &first, ..Default::default() };
    script.heartbeat(1, &first, 1);
    script.tell(1, 4, &request);
    script.hear(1);
    assert_eq!(script.complaints, [format!("Heartbeat of {first} while its last Heartbeat is unanswered")]);
    script.commit(1, &first, 1, 0, 7);
    script.tell(1, 9, &join_request(&first, b"as ever"));
    assert_eq!(script.joined(1, 9), None);
    assert_eq!(script.complaints[1], format!("JoinGroup of {first} while its last Commit is unanswered"));
    // On another connection it is the same.
    script.commit(2, &first, 1, 0, 8);
    assert_eq!(script.complaints[2], format!("a commit of {first} while its JoinGroup is unanswered"));
}

#[test]
fn a_cluster_may_allow_less_than_its_release() {
    let config = ClusterConfig { longest_session: Duration::from_secs(8), ..Default::default() };
    let mut script = Script::with(config, 1);
    script.tell(1, 9, &join_request("", b""));
    assert_eq!(script.joined(1, 9).map(|heard| heard.code), Some(ErrorCode::INVALID_SESSION_TIMEOUT));
}

#[test]
fn before_0_10_1_whoever_asks_during_a_rebalance_is_told_of_it() {
    let told =
        [(Release::V0_9, ErrorCode::REBALANCE_IN_PROGRESS), (Release::V0_10, ErrorCode::UNKNOWN_MEMBER_ID)];
    for (release, code) in told {
        let mut script = Script::start(release, 1, 4);
        assert_eq!(script.heartbeat_at(0, 2, "nobody", 1), ErrorCode::UNKNOWN_MEMBER_ID);
        script.tell(1, 0, &join_request("", b"as ever"));
        let first = script.joined(1, 0).unwrap().member;
        assert_eq!(script.heartbeat_at(0, 2, "nobody", 1), code);
        script.tell(
            1,
            0,
            &SyncGroupRequest { group_id: GROUP, generation_id: 1, member_id: &first, ..Default::default() },
        );
        script.hear(1).unwrap();
        assert_eq!(script.heartbeat_at(0, 2, "nobody", 1), ErrorCode::UNKNOWN_MEMBER_ID);
    }
}
