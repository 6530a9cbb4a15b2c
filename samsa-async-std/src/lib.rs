//! Samsa, a Kafka client, on async-std and smol.
