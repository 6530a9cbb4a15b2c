//! Faults that can be planted into the producer, to see that a simulation finds them. They exist in no build without the
//! feature `planted-bugs`, which only the tests of the simulator turn on.

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlantedBug {
    /// A batch that is sent again takes a new sequence number.
    ForgetsSequence,
    /// A batch whose fate is unknown is sent again under a new identity.
    RenewsWhileInDoubt,
    /// A batch that may be stored and whose time is over leaves its sequence numbers to the next one.
    DeadlineFreesPlace,
}

impl PlantedBug {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ForgetsSequence, Self::RenewsWhileInDoubt, Self::DeadlineFreesPlace];

    /// Its name, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ForgetsSequence => "forgets-sequence",
            Self::RenewsWhileInDoubt => "renews-while-in-doubt",
            Self::DeadlineFreesPlace => "deadline-frees-place",
        }
    }
}

#[cfg(feature = "planted-bugs")]
mod switch {
    use std::cell::Cell;

    use super::PlantedBug;

    thread_local! {
        static PLANTED: Cell<Option<PlantedBug>> = const { Cell::new(None) };
    }

    /// Runs something with a fault planted into every engine that this thread drives.
    pub fn with_planted<T>(bug: PlantedBug, run: impl FnOnce() -> T) -> T {
        struct Uproot(Option<PlantedBug>);
        impl Drop for Uproot {
            fn drop(&mut self) {
                PLANTED.set(self.0);
            }
        }
        let _uproot = Uproot(PLANTED.replace(Some(bug)));
        run()
    }

    pub(crate) fn is_planted(bug: PlantedBug) -> bool {
        PLANTED.get() == Some(bug)
    }
}

#[cfg(feature = "planted-bugs")]
pub(crate) use switch::is_planted;
#[cfg(feature = "planted-bugs")]
pub use switch::with_planted;

#[cfg(not(feature = "planted-bugs"))]
pub(crate) const fn is_planted(_bug: PlantedBug) -> bool {
    false
}
