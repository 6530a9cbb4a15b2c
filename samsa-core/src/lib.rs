//! A Kafka client as pure state machines: no sockets, no clock, no tasks.
