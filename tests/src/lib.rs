//! Samsa against real Kafka brokers and foreign clients.
