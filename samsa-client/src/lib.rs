//! The handles that applications hold and the driver that performs what samsa-core asks for.
