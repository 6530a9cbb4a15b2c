//! The derive macro behind the messages of samsa-proto.
//!
//! A message is a struct whose fields stand in wire order. The macro writes how it is read and written in each of its
//! versions, what its defaults are (`Default`), and its description as data. It is of use inside samsa-proto only:
//! what it writes refers to `crate::wire`.
//!
//! On the struct that is a whole message:
//!
//! ```text
//! #[message(key = 12, versions = "0-4", flexible = "4+", response = HeartbeatResponse)]   a request
//! #[message(versions = "0-4", flexible = "4+")]                                           a response, or another message
//! ```
//!
//! A response that borrows is named with the lifetime `'r`. Without `flexible` no version has tagged fields. A struct
//! that stands inside messages has no such attribute.
//!
//! On a field, all of it optional:
//!
//! | attribute           | meaning                                                                            |
//! |---------------------|------------------------------------------------------------------------------------|
//! | `versions = "3+"`   | where the field exists (`"3+"`, `"0-6"`, `"4"`); otherwise everywhere               |
//! | `nullable = "7+"`   | where an `Option` may be null; otherwise wherever the field exists                  |
//! | `default = -1`      | any expression; otherwise the type's own default                                   |
//! | `ignorable`         | may be left out silently where it does not exist; otherwise it must be at its default |
//! | `tag = 0`           | a tagged field with this number                                                    |
//!
//! A field of the type `UnknownTags` keeps the tagged fields that have no name.

mod attributes;
mod expand;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Reads and writes a struct as a Kafka message; see the crate's documentation for the attributes.
#[proc_macro_derive(Message, attributes(message, field))]
pub fn derive_message(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    attributes::Struct::parse(&input)
        .map_or_else(syn::Error::into_compile_error, |parsed| expand::expand(&parsed))
        .into()
}
