//! Consumer groups in a real ZooKeeper, on both runtimes: the members of a group share the partitions of a topic, members of
//! different groups get all of it, and what one leaves the others take over where it was committed.

mod killed;
mod sharing;

#[path = "../support/client.rs"]
mod client;

mod members;

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
    fn a_member_that_is_killed_leaves_its_partitions_to_the_others() {
        super::killed::a_member_that_is_killed_leaves_its_partitions_to_the_others(Release::V3_9_2);
    }
}

mod on_1_1_1 {
    use samsa_tests::Release;

    #[test]
    fn members_share_the_partitions_and_take_over_from_who_leaves() {
        super::sharing::members_share_the_partitions_and_take_over_from_who_leaves(Release::V1_1_1);
    }
}
