//! What goes wrong on real brokers: they are killed, they refuse, they are not there.

mod closed;
mod failover;
mod killed;
mod last_broker;
mod log;
mod mixed;
mod mute;
mod nearest;
#[cfg(target_os = "linux")]
mod piped;
mod probe;
mod refused;
mod rolling;
mod runtime_ended;
mod strangers;
mod strict;
mod unanswered;
mod unreachable;
mod zookeeper_frozen;
mod zookeeper_gone;

#[path = "../support/client.rs"]
mod client;
