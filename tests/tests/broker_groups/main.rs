//! Consumer groups that real brokers coordinate, in the classic protocol and that of KIP-848, on both runtimes: members share the
//! partitions of a topic and take over where others have committed, also from who is killed or frozen. Members of Java's client
//! are in the same groups.

mod brokers;
mod coordinator;
mod frozen;
mod group;
mod growing;
mod java;
mod killed;
mod processes;
mod refused;
mod sharing;
mod told;

#[path = "../support/client.rs"]
mod client;
#[path = "../support/members.rs"]
mod members;
#[path = "../support/partitions.rs"]
mod partitions;
#[path = "../support/received.rs"]
mod received;
#[path = "../support/topics.rs"]
mod topics;

use samsa_tokio::Assignor::RoundRobin;
use samsa_tokio::GroupProtocol::{Brokers, Classic, Consumer};

/// Claims, each a function of a module, on a release of brokers, and in what ways.
macro_rules! on {
    ($name:ident, $release:ident, $ways:expr; $($from:ident { $($(#[$attribute:meta])* $claim:ident;)+ })+) => {
        mod $name {
            use super::*;

            $($(
                #[test]
                $(#[$attribute])*
                fn $claim() {
                    $from::$claim(samsa_tests::Release::$release, $ways);
                }
            )+)+
        }
    };
}

/// What is asked of members on a release, beside what every run does.
macro_rules! whole {
    ($name:ident, $release:ident, $protocol:ident; $($from:ident { $($claim:ident;)+ })+) => {
        on!($name, $release, $protocol;
            $($from {
                $(
                    #[ignore = "half a minute for a release; CONTRIBUTING.md has the command"]
                    $claim;
                )+
            })+
        );
    };
}

on!(on_0_9_0_1, V0_9_0_1, Brokers; sharing { members_share_the_partitions_and_take_over_from_who_leaves; });
on!(on_1_1_1, V1_1_1, Brokers; sharing { members_share_the_partitions_and_take_over_from_who_leaves; });
on!(on_3_9_2, V3_9_2, Brokers;
    sharing {
        members_share_the_partitions_and_take_over_from_who_leaves;
        a_cluster_found_through_zookeeper_has_groups_on_its_brokers;
    }
    killed { a_member_that_is_killed_leaves_its_partitions_to_the_others; }
    refused {
        who_shares_in_another_way_is_refused;
        a_session_timeout_that_brokers_do_not_allow_is_refused;
    }
);
on!(classic_on_4_4_0, V4_4_0, Classic; sharing { members_share_the_partitions_and_take_over_from_who_leaves; });
on!(consumer_on_4_4_0, V4_4_0, Consumer; sharing { members_share_the_partitions_and_take_over_from_who_leaves; });
on!(on_4_4_0, V4_4_0, Brokers;
    sharing {
        members_share_the_partitions_and_take_over_from_who_leaves;
        of_five_members_one_has_no_partition_until_another_leaves;
        each_group_gets_every_message;
    }
    growing {
        a_topic_that_gets_more_partitions_is_shared_without_a_restart;
        topics_that_a_pattern_means_are_shared_as_they_come_and_go;
    }
    frozen { members_that_were_frozen_and_thaw_hand_out_and_commit_nothing_of_what_they_lost; }
    refused { members_of_both_protocols_share_a_group; }
);
on!(consumer_on_3_9_2, V3_9_2, Consumer; refused { kip_848_alone_is_refused_where_brokers_are_older; });
on!(on_0_8_2_2, V0_8_2_2, Brokers; refused { brokers_before_0_9_coordinate_no_group; });

whole!(whole_on_0_9_0_1, V0_9_0_1, Brokers;
    sharing {
        of_five_members_one_has_no_partition_until_another_leaves;
        each_group_gets_every_message;
    }
    killed { a_member_that_is_killed_leaves_its_partitions_to_the_others; }
    frozen { members_that_were_frozen_and_thaw_hand_out_and_commit_nothing_of_what_they_lost; }
);
whole!(whole_on_1_1_1, V1_1_1, Brokers;
    sharing {
        of_five_members_one_has_no_partition_until_another_leaves;
        each_group_gets_every_message;
    }
    growing {
        a_topic_that_gets_more_partitions_is_shared_without_a_restart;
        topics_that_a_pattern_means_are_shared_as_they_come_and_go;
    }
    killed { a_member_that_is_killed_leaves_its_partitions_to_the_others; }
    frozen { members_that_were_frozen_and_thaw_hand_out_and_commit_nothing_of_what_they_lost; }
);
whole!(whole_on_3_9_2, V3_9_2, Brokers;
    sharing {
        of_five_members_one_has_no_partition_until_another_leaves;
        each_group_gets_every_message;
    }
    growing {
        a_topic_that_gets_more_partitions_is_shared_without_a_restart;
        topics_that_a_pattern_means_are_shared_as_they_come_and_go;
    }
    frozen { members_that_were_frozen_and_thaw_hand_out_and_commit_nothing_of_what_they_lost; }
    coordinator { members_go_on_when_their_coordinator_is_killed_and_comes_back; }
);
whole!(whole_classic_on_4_4_0, V4_4_0, Classic;
    sharing {
        of_five_members_one_has_no_partition_until_another_leaves;
        each_group_gets_every_message;
    }
    growing {
        a_topic_that_gets_more_partitions_is_shared_without_a_restart;
        topics_that_a_pattern_means_are_shared_as_they_come_and_go;
    }
    killed { a_member_that_is_killed_leaves_its_partitions_to_the_others; }
    frozen { members_that_were_frozen_and_thaw_hand_out_and_commit_nothing_of_what_they_lost; }
    refused {
        who_shares_in_another_way_is_refused;
        a_session_timeout_that_brokers_do_not_allow_is_refused;
    }
);
whole!(whole_on_4_4_0, V4_4_0, Brokers;
    killed { a_member_that_is_killed_leaves_its_partitions_to_the_others; }
    coordinator { members_go_on_when_their_coordinator_is_killed_and_comes_back; }
);

/// What the releases between those are asked.
macro_rules! between {
    ($($name:ident, $release:ident;)+) => {
        $(whole!($name, $release, Brokers;
            sharing { members_share_the_partitions_and_take_over_from_who_leaves; }
            killed { a_member_that_is_killed_leaves_its_partitions_to_the_others; }
        );)+
    };
}

between! {
    whole_on_0_10_2_2, V0_10_2_2;
    whole_on_0_11_0_3, V0_11_0_3;
    whole_on_2_8_2, V2_8_2;
    whole_on_3_9_2_without_zookeeper, V3_9_2_KRAFT;
    whole_on_4_0_0, V4_0_0;
}

/// What is asked of members beside those of Java's client.
macro_rules! beside_java {
    ($name:ident, $release:ident, $protocol:ident, $of_java:expr, $assignor:expr; $($(#[$attribute:meta])* $claim:ident;)+) => {
        on!($name, $release, java::Ways { protocol: $protocol, of_java: $of_java, assignor: $assignor };
            java { $($(#[$attribute])* $claim;)+ }
        );
    };
}

/// All of it, where nobody says how partitions are shared: not in every run.
macro_rules! whole_beside_java {
    ($name:ident, $release:ident, $protocol:ident, $of_java:expr) => {
        beside_java!($name, $release, $protocol, $of_java, None;
            #[ignore = "half a minute for a release; CONTRIBUTING.md has the command"]
            members_of_both_kinds_share_and_hand_over_when_they_leave;
            #[ignore = "half a minute for a release; CONTRIBUTING.md has the command"]
            members_that_are_killed_leave_their_partitions_to_the_other_kind;
        );
    };
}

beside_java!(beside_java_3_9_2, V3_9_2, Brokers, None, Some(RoundRobin);
    members_of_both_kinds_share_and_hand_over_when_they_leave;
);
beside_java!(beside_java_4_4_0, V4_4_0, Brokers, Some("consumer"), None;
    members_of_both_kinds_share_and_hand_over_when_they_leave;
);
whole_beside_java!(whole_beside_java_0_9_0_1, V0_9_0_1, Brokers, None);
whole_beside_java!(whole_beside_java_1_1_1, V1_1_1, Brokers, None);
whole_beside_java!(whole_beside_java_3_9_2, V3_9_2, Brokers, None);
whole_beside_java!(whole_beside_classic_java_4_4_0, V4_4_0, Brokers, Some("classic"));
whole_beside_java!(whole_classic_beside_java_4_4_0, V4_4_0, Classic, Some("classic"));
whole_beside_java!(whole_beside_java_4_4_0, V4_4_0, Brokers, Some("consumer"));
beside_java!(whole_beside_java_0_9_0_1_in_turn, V0_9_0_1, Brokers, None, Some(RoundRobin);
    #[ignore = "half a minute for a release; CONTRIBUTING.md has the command"]
    members_of_both_kinds_share_and_hand_over_when_they_leave;
);
beside_java!(whole_beside_java_1_1_1_in_turn, V1_1_1, Brokers, None, Some(RoundRobin);
    #[ignore = "half a minute for a release; CONTRIBUTING.md has the command"]
    members_of_both_kinds_share_and_hand_over_when_they_leave;
);
