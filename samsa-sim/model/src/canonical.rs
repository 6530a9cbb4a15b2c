//! The fingerprint of a state: what is alike goes on alike. A point in time counts by how far it is from now.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use samsa_core::Instant;

struct FromNow {
    now: u128,
    inner: DefaultHasher,
}

impl Hasher for FromNow {
    fn write(&mut self, bytes: &[u8]) {
        self.inner.write(bytes);
    }

    /// What only [`Instant`] is written as. The end of time is as far away at any moment.
    fn write_u128(&mut self, instant: u128) {
        let is_never = instant == u128::from(u64::MAX);
        self.inner.write_u128(if is_never { instant } else { instant.wrapping_sub(self.now) });
    }

    fn finish(&self) -> u64 {
        self.inner.finish()
    }
}

pub(crate) fn fingerprint(now: Instant, state: &impl Hash) -> u64 {
    let mut hasher = FromNow { now: now.as_micros().into(), inner: DefaultHasher::new() };
    state.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_the_same_later_when_all_its_times_are() {
        let at = Instant::from_micros;
        assert_eq!(fingerprint(at(5), &(7_u64, at(3), at(9))), fingerprint(at(6), &(7_u64, at(4), at(10))));
        assert_ne!(fingerprint(at(5), &at(3)), fingerprint(at(6), &at(3)));
        assert_ne!(fingerprint(at(5), &7_u64), fingerprint(at(6), &8_u64));
        assert_eq!(fingerprint(at(5), &at(u64::MAX)), fingerprint(at(6), &at(u64::MAX)));
    }
}
