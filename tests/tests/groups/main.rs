//! Consumer groups in a real ZooKeeper, and those that real brokers coordinate seen from outside, on both runtimes: the members of a group share the partitions of a topic, members of
//! different groups get all of it, and what one leaves the others take over where it was committed, also from who is killed or
//! frozen. Foreign members do so, too.

mod commands;
mod coordinated;
mod foreign;
mod frozen;
mod killed;
mod looking;
mod looking_on_brokers;
mod patterns;
mod places;
mod pykafka;
mod sharing;

#[path = "../support/client.rs"]
mod client;
mod joined;
mod joining;
#[path = "../support/members.rs"]
mod members;
#[path = "../support/partitions.rs"]
mod partitions;
mod printed;
#[path = "../support/received.rs"]
mod received;
#[path = "../support/topics.rs"]
mod topics;
mod znodes;

/// Claims, each a function of a module, on a release of brokers.
macro_rules! on {
    ($release:ident, $from:ident: $($(#[$attribute:meta])* $claim:ident($($more:expr),*);)+) => {
        $(
            #[test]
            $(#[$attribute])*
            fn $claim() {
                crate::$from::$claim(samsa_tests::Release::$release $(, $more)*);
            }
        )+
    };
}

mod on_3_9_2 {
    on!(V3_9_2, sharing:
        members_share_the_partitions_and_take_over_from_who_leaves();
        of_five_members_one_has_no_partition_until_another_leaves();
        each_group_gets_every_message();
    );
    on!(V3_9_2, patterns: topics_that_a_pattern_means_are_shared_as_they_come_and_go(););
    on!(V3_9_2, looking:
        groups_are_described_and_begin_where_they_are_told_to();
        the_command_shows_groups_and_sets_their_offsets();
        offsets_of_a_topic_that_is_gone_are_shown_and_told_of();
    );
    on!(V3_9_2, commands:
        perf_measures_a_member_that_commits_what_it_counted();
        members_have_the_session_and_commit_in_the_time_that_they_are_told();
    );
    on!(V3_9_2, looking_on_brokers:
        what_a_group_keeps_on_the_brokers_is_shown_and_set_there();
        what_is_in_both_places_is_shown_and_set_in_both();
        nothing_is_set_beside_members_that_the_brokers_coordinate();
    );
    on!(V3_9_2, coordinated:
        a_classic_group_is_listed_and_described_and_begins_where_it_is_told_to();
        a_group_that_was_only_committed_to_is_listed_and_described();
        the_command_shows_groups_of_the_brokers_and_sets_their_offsets();
        a_name_that_is_in_both_places_is_listed_twice();
        a_broker_that_stands_still_is_named_beside_the_groups_of_the_others();
    );
    on!(V3_9_2, killed: a_member_that_is_killed_leaves_its_partitions_to_the_others(););
    on!(V3_9_2, frozen: members_that_were_frozen_and_thaw_hand_out_and_commit_nothing_of_what_they_lost(););
    on!(V3_9_2, places:
        offsets_are_gone_on_with_on_the_brokers_in_both_places_and_in_zookeeper();
        a_group_with_members_on_the_brokers_is_joined_in_zookeeper_if_that_is_said();
    );
    on!(V3_9_2, pykafka: locks_follow_leaders_that_move(););
}

mod on_4_4_0 {
    on!(V4_4_0, coordinated:
        a_classic_group_is_listed_and_described_and_begins_where_it_is_told_to();
        a_group_of_kip_848_is_listed_and_described_and_begins_where_it_is_told_to();
        a_group_that_was_only_committed_to_is_listed_and_described();
        the_command_shows_groups_of_the_brokers_and_sets_their_offsets();
    );
}

mod on_1_1_1 {
    on!(V1_1_1, coordinated: a_group_is_told_by_brokers_that_say_little_of_it(););
    on!(V1_1_1, looking_on_brokers:
        what_a_group_keeps_on_the_brokers_is_shown_and_set_there();
        nothing_is_set_beside_members_that_the_brokers_coordinate();
        what_scalas_consumers_keep_on_the_brokers_is_shown_and_set_there();
    );
    on!(V1_1_1, sharing: members_share_the_partitions_and_take_over_from_who_leaves(););
    on!(V1_1_1, patterns: topics_that_a_pattern_means_are_shared_as_they_come_and_go(););
    on!(V1_1_1, places:
        offsets_are_gone_on_with_on_the_brokers_in_both_places_and_in_zookeeper();
        a_group_with_members_on_the_brokers_is_joined_in_zookeeper_if_that_is_said();
    );
}

mod on_0_8_2_2 {
    on!(V0_8_2_2, coordinated: brokers_of_before_groups_say_that_they_have_none(););
    on!(V0_8_2_2, looking_on_brokers: what_a_group_keeps_on_the_brokers_is_shown_and_set_there(););
    on!(V0_8_2_2, places: offsets_are_gone_on_with_on_the_brokers_in_both_places_and_in_zookeeper(););
}

/// What of the two ways of the README, a member that is killed, and members that are frozen, 1.1.1 is not asked in every run.
macro_rules! rest {
    ($release:ident) => {
        on!($release, sharing:
            #[ignore = "half a minute for a release; CONTRIBUTING.md has the command"]
            of_five_members_one_has_no_partition_until_another_leaves();
            #[ignore = "half a minute for a release; CONTRIBUTING.md has the command"]
            each_group_gets_every_message();
        );
        on!($release, killed:
            #[ignore = "half a minute for a release; CONTRIBUTING.md has the command"]
            a_member_that_is_killed_leaves_its_partitions_to_the_others();
        );
        on!($release, frozen:
            #[ignore = "half a minute for a release; CONTRIBUTING.md has the command"]
            members_that_were_frozen_and_thaw_hand_out_and_commit_nothing_of_what_they_lost();
        );
    };
}

/// All of that, on the releases that the others leave out.
macro_rules! whole {
    ($release:ident) => {
        on!($release, sharing:
            #[ignore = "half a minute for a release; CONTRIBUTING.md has the command"]
            members_share_the_partitions_and_take_over_from_who_leaves();
        );
        rest!($release);
    };
}

mod whole_on_1_1_1 {
    rest!(V1_1_1);
}

mod whole_on_0_8_2_2 {
    whole!(V0_8_2_2);
}

mod whole_on_0_9_0_1 {
    whole!(V0_9_0_1);
}

mod whole_on_0_10_2_2 {
    on!(V0_10_2_2, coordinated:
        #[ignore = "half a minute for a release; CONTRIBUTING.md has the command"]
        a_group_is_told_by_brokers_that_say_little_of_it();
    );
    whole!(V0_10_2_2);
}

mod whole_on_2_8_2 {
    whole!(V2_8_2);
}

/// What is asked of members by one release of Scala's consumers, on a broker of the same.
macro_rules! beside_scala {
    ($release:ident, $assignor:ident $(, $ignored:meta)?) => {
        on!($release, foreign:
            $(#[$ignored])? members_of_both_kinds_share_by_range_and_hand_over_when_they_leave();
            $(#[$ignored])? members_that_are_killed_leave_their_partitions_to_the_other_kind();
            $(#[$ignored])? members_that_were_frozen_and_thaw_take_nothing_from_the_others();
            $(#[$ignored])? members_of_both_kinds_share_what_one_pattern_means();
            $(#[$ignored])? members_of_both_kinds_share_what_one_black_list_leaves();
            $(#[$ignored])? who_speaks_otherwise_than_an_older_member_withdraws_and_a_younger_one_is_told_of();
            $(#[$ignored])? members_of_both_kinds_share_by_the_number_of_their_streams();
            $(#[$ignored])? members_of_both_kinds_go_on_at_the_others_offsets_on_the_brokers();
            $(#[$ignored])? members_of_both_kinds_deal_in_turn(samsa_tokio::Assignor::$assignor);
        );
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

        on!($release, pykafka:
            #[ignore = "needs Python and takes a minute or two for a release; CONTRIBUTING.md has the command"]
            members_of_both_kinds_share_by_leader_and_hand_over_when_they_leave(WAYS);
            #[ignore = "needs Python and takes a minute or two for a release; CONTRIBUTING.md has the command"]
            members_that_are_killed_leave_their_partitions_to_the_other_kind(WAYS);
            #[ignore = "needs Python and takes a minute or two for a release; CONTRIBUTING.md has the command"]
            our_members_that_were_frozen_and_thaw_take_nothing_from_the_others(WAYS);
            #[ignore = "needs Python and takes a minute or two for a release; CONTRIBUTING.md has the command"]
            the_others_may_be_frozen_and_thaw_and_everything_goes_on(WAYS);
        );
    };
}

mod beside_pykafka_on_3_9_2 {
    beside_pykafka!(V3_9_2, false);
    on!(V3_9_2, pykafka:
        #[ignore = "needs Python and takes a minute or two for a release; CONTRIBUTING.md has the command"]
        members_of_both_kinds_deal_in_turn();
    );
}

mod beside_pykafka_on_1_1_1 {
    beside_pykafka!(V1_1_1, true);
}
