//! The `samsa` command line.

fn main() {}
