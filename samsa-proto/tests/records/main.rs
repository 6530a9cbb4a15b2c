//! The record layer from outside: what is written reads back, and what is broken says so.

mod broken;
mod round_trip;
mod support;
