//! The record layer from outside: what is written reads back, what Apache wrote reads the same, and what is broken says
//! so.

mod broken;
mod broken_sets;
mod java;
mod random;
mod round_trip;
mod support;
