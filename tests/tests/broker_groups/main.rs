//! Consumer groups that real brokers coordinate, in the classic protocol and that of KIP-848, on both runtimes: members share the
//! partitions of a topic and take over where others have committed, also from who is killed or frozen. Members of Java's client
//! are in the same groups.

mod sharing;

#[path = "../support/client.rs"]
mod client;
#[path = "../support/members.rs"]
mod members;

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
    use samsa_tokio::GroupProtocol::Brokers;

    on!(V3_9_2, sharing:
        members_share_the_partitions_and_take_over_from_who_leaves(Brokers);
    );
}

mod on_4_4_0 {
    use samsa_tokio::GroupProtocol::{Brokers, Classic};

    on!(V4_4_0, sharing:
        members_share_the_partitions_and_take_over_from_who_leaves(Brokers);
        classic_members_share(Classic);
    );
}
