//! Deterministic simulation of Kafka clusters and of applications that use Samsa.
