//! A member as a script: what it asks, what is answered, what it does.

mod classic;
mod consumer;
mod errors;
mod leading;
mod script;
mod topics;
