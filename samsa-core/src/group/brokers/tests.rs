//! A member as a script: what it asks, what is answered, what it does.
