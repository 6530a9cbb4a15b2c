//! Samsa, a Kafka client, on Tokio.
