//! Consumer groups in a real ZooKeeper, on both runtimes: the members of a group share the partitions of a topic, members of
//! different groups get all of it, and what one leaves the others take over where it was committed. Foreign members do so, too.

mod foreign;
mod killed;
mod looking;
mod patterns;
mod places;
mod pykafka;
mod sharing;

#[path = "../support/client.rs"]
mod client;

mod members;
mod znodes;

mod on_3_9_2 {
    use samsa_tests::Release;

    #[test]
    fn members_share_the_partitions_and_take_over_from_who_leaves() {
        super::sharing::members_share_the_partitions_and_take_over_from_who_leaves(Release::V3_9_2);
    }

    #[test]
    fn each_group_gets_every_message() {
        super::sharing::each_group_gets_every_message(Release::V3_9_2);
    }

    #[test]
    fn topics_that_a_pattern_means_are_shared_as_they_come_and_go() {
        super::patterns::topics_that_a_pattern_means_are_shared_as_they_come_and_go(Release::V3_9_2);
    }

    #[test]
    fn groups_are_described_and_begin_where_they_are_told_to() {
        super::looking::groups_are_described_and_begin_where_they_are_told_to(Release::V3_9_2);
    }

    #[test]
    fn the_command_shows_groups_and_sets_their_offsets() {
        super::looking::the_command_shows_groups_and_sets_their_offsets(Release::V3_9_2);
    }

    #[test]
    fn offsets_of_a_topic_that_is_gone_are_shown_and_told_of() {
        super::looking::offsets_of_a_topic_that_is_gone_are_shown_and_told_of(Release::V3_9_2);
    }

    #[test]
    fn a_member_that_is_killed_leaves_its_partitions_to_the_others() {
        super::killed::a_member_that_is_killed_leaves_its_partitions_to_the_others(Release::V3_9_2);
    }

    #[test]
    fn offsets_are_gone_on_with_on_the_brokers_in_both_places_and_in_zookeeper() {
        super::places::offsets_are_gone_on_with_on_the_brokers_in_both_places_and_in_zookeeper(
            Release::V3_9_2,
        );
    }

    #[test]
    fn locks_follow_leaders_that_move() {
        super::pykafka::locks_follow_leaders_that_move(Release::V3_9_2);
    }
}

mod on_1_1_1 {
    use samsa_tests::Release;

    #[test]
    fn members_share_the_partitions_and_take_over_from_who_leaves() {
        super::sharing::members_share_the_partitions_and_take_over_from_who_leaves(Release::V1_1_1);
    }

    #[test]
    fn topics_that_a_pattern_means_are_shared_as_they_come_and_go() {
        super::patterns::topics_that_a_pattern_means_are_shared_as_they_come_and_go(Release::V1_1_1);
    }

    #[test]
    fn offsets_are_gone_on_with_on_the_brokers_in_both_places_and_in_zookeeper() {
        super::places::offsets_are_gone_on_with_on_the_brokers_in_both_places_and_in_zookeeper(
            Release::V1_1_1,
        );
    }
}

mod on_0_8_2_2 {
    use samsa_tests::Release;

    #[test]
    fn offsets_are_gone_on_with_on_the_brokers_in_both_places_and_in_zookeeper() {
        super::places::offsets_are_gone_on_with_on_the_brokers_in_both_places_and_in_zookeeper(
            Release::V0_8_2_2,
        );
    }
}

/// What is asked of members by one release of Scala's consumers, on a broker of the same.
macro_rules! beside_scala {
    ($release:ident, $assignor:ident $(, $ignored:meta)?) => {
        #[test]
        $(#[$ignored])?
        fn members_of_both_kinds_share_by_range_and_hand_over_when_they_leave() {
            crate::foreign::members_of_both_kinds_share_by_range_and_hand_over_when_they_leave(
                samsa_tests::Release::$release,
            );
        }

        #[test]
        $(#[$ignored])?
        fn members_that_are_killed_leave_their_partitions_to_the_other_kind() {
            crate::foreign::members_that_are_killed_leave_their_partitions_to_the_other_kind(
                samsa_tests::Release::$release,
            );
        }

        #[test]
        $(#[$ignored])?
        fn members_that_were_frozen_and_thaw_take_nothing_from_the_others() {
            crate::foreign::members_that_were_frozen_and_thaw_take_nothing_from_the_others(
                samsa_tests::Release::$release,
            );
        }

        #[test]
        $(#[$ignored])?
        fn members_of_both_kinds_share_what_one_pattern_means() {
            crate::foreign::members_of_both_kinds_share_what_one_pattern_means(
                samsa_tests::Release::$release,
            );
        }

        #[test]
        $(#[$ignored])?
        fn members_of_both_kinds_go_on_at_the_others_offsets_on_the_brokers() {
            crate::foreign::members_of_both_kinds_go_on_at_the_others_offsets_on_the_brokers(
                samsa_tests::Release::$release,
            );
        }

        #[test]
        $(#[$ignored])?
        fn members_of_both_kinds_deal_in_turn() {
            crate::foreign::members_of_both_kinds_deal_in_turn(
                samsa_tests::Release::$release,
                samsa_tokio::Assignor::$assignor,
            );
        }
    };
}

mod beside_scala_1_1_1 {
    beside_scala!(V1_1_1, RoundRobinKafka1);
}

mod beside_scala_0_10_2_2 {
    beside_scala!(V0_10_2_2, RoundRobin, ignore = "a minute for a release; CONTRIBUTING.md has the command");
}

mod beside_scala_0_8_2_2 {
    beside_scala!(V0_8_2_2, RoundRobin, ignore = "a minute for a release; CONTRIBUTING.md has the command");
}

/// What is asked of members by pykafka, on brokers of a release, that lock partitions as on Python 3, or as on Python 2.
macro_rules! beside_pykafka {
    ($release:ident, $locks_as_python2:literal) => {
        const WAYS: samsa_tests::pykafka::Ways =
            samsa_tests::pykafka::Ways { locks_as_python2: $locks_as_python2, in_turn: false };

        #[test]
        #[ignore = "needs Python and takes a minute or two for a release; CONTRIBUTING.md has the command"]
        fn members_of_both_kinds_share_by_leader_and_hand_over_when_they_leave() {
            crate::pykafka::members_of_both_kinds_share_by_leader_and_hand_over_when_they_leave(
                samsa_tests::Release::$release,
                WAYS,
            );
        }

        #[test]
        #[ignore = "needs Python and takes a minute or two for a release; CONTRIBUTING.md has the command"]
        fn members_that_are_killed_leave_their_partitions_to_the_other_kind() {
            crate::pykafka::members_that_are_killed_leave_their_partitions_to_the_other_kind(
                samsa_tests::Release::$release,
                WAYS,
            );
        }
    };
}

mod beside_pykafka_on_3_9_2 {
    beside_pykafka!(V3_9_2, false);

    #[test]
    #[ignore = "needs Python and takes a minute or two for a release; CONTRIBUTING.md has the command"]
    fn members_of_both_kinds_deal_in_turn() {
        crate::pykafka::members_of_both_kinds_deal_in_turn(samsa_tests::Release::V3_9_2);
    }
}

mod beside_pykafka_on_1_1_1 {
    beside_pykafka!(V1_1_1, true);
}
