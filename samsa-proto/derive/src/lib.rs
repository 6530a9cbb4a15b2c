//! The derive macro behind the messages of samsa-proto.
