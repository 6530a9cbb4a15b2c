//! The code that is written for a struct.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::attributes::{Field, Message, Struct, Versions};

/// All implementations for one struct.
pub(crate) fn expand(of: &Struct) -> TokenStream {
    let parts = [default(of), decode(of), encode(of), describe(of)];
    let message = of.message.as_ref().map(|attribute| message(of, attribute));
    quote! { #(#parts)* #message }
}

/// Fields in wire order, without the place for unknown tags.
fn known(of: &Struct) -> impl Iterator<Item = &Field> {
    of.fields.iter().filter(|field| !field.is("UnknownTags"))
}

fn in_place(of: &Struct) -> impl Iterator<Item = &Field> {
    known(of).filter(|field| field.tag.is_none())
}

/// In ascending order of their tags.
fn tagged(of: &Struct) -> Vec<(u32, &Field)> {
    let number = |field: &Field| field.tag.as_ref().and_then(|tag| tag.base10_parse().ok());
    let mut tagged: Vec<_> = known(of).filter_map(|field| Some((number(field)?, field))).collect();
    tagged.sort_by_key(|(tag, _)| *tag);
    tagged
}

fn unknown(of: &Struct) -> Option<&Field> {
    of.fields.iter().find(|field| field.is("UnknownTags"))
}

/// Whether `at` lies within the versions, as an expression.
fn within(versions: Versions) -> TokenStream {
    let Versions { first, last } = versions;
    if versions == Versions::ALL { quote!(true) } else { quote!(at.within(#first, #last)) }
}

fn default_value(field: &Field) -> TokenStream {
    let own = || quote!(::core::default::Default::default());
    field.default.as_ref().map_or_else(own, |value| quote!(#value))
}

fn default(of: &Struct) -> TokenStream {
    let (name, generics) = (&of.name, &of.generics);
    let fields = of.fields.iter().map(|field| {
        let (name, value) = (&field.name, default_value(field));
        quote!(#name: #value)
    });
    quote! {
        impl #generics ::core::default::Default for #name #generics {
            fn default() -> Self {
                Self { #(#fields,)* }
            }
        }
    }
}

fn decode(of: &Struct) -> TokenStream {
    let (name, generics, lifetime) = (&of.name, &of.generics, &of.lifetime);
    let fields = in_place(of).map(decode_field);
    let tags = decode_tags(of);
    let names = of.fields.iter().map(|field| &field.name);
    let least = in_place(of).map(|field| {
        let (ty, within) = (&field.ty, within(field.versions));
        quote!(if #within { <#ty as crate::wire::Decode<#lifetime>>::least(at) } else { 0 })
    });
    quote! {
        impl<#lifetime> crate::wire::Decode<#lifetime> for #name #generics {
            fn decode(input: &#lifetime [u8], at: crate::wire::Version) -> crate::wire::Parsed<#lifetime, Self> {
                #(#fields)*
                #tags
                ::core::result::Result::Ok((input, Self { #(#names,)* }))
            }

            fn least(at: crate::wire::Version) -> usize {
                let least = usize::from(at.flexible) #(+ #least)*;
                if least == 0 { 1 } else { least }
            }
        }
    }
}

fn decode_field(field: &Field) -> TokenStream {
    let (name, ty, default) = (&field.name, &field.ty, default_value(field));
    let text = name_of(field);
    let value = if let Some(nullable) = field.sometimes_null() {
        let nullable = within(nullable);
        quote!(crate::wire::decode_nullable(#text, #nullable, input, at)?)
    } else {
        quote!(crate::wire::decode_field(#text, input, at)?)
    };
    if field.versions == Versions::ALL {
        return quote!(let (input, #name): (_, #ty) = #value;);
    }
    let within = within(field.versions);
    quote!(let (input, #name): (_, #ty) = if #within { #value } else { (input, #default) };)
}

fn decode_tags(of: &Struct) -> TokenStream {
    let tagged = tagged(of);
    let places = tagged.iter().map(|(_, field)| {
        let (name, ty, default) = (&field.name, &field.ty, default_value(field));
        quote!(let mut #name: #ty = #default;)
    });
    let arms = tagged.iter().map(|(tag, field)| {
        let (name, text, within, first) =
            (&field.name, name_of(field), within(field.versions), field.versions.first);
        quote! {
            #tag if #within => #name = crate::wire::whole(#text, bytes, at)?,
            #tag => return ::core::result::Result::Err(crate::wire::unknown_before(#text, bytes, #first)),
        }
    });
    let unknown = unknown(of).map_or_else(|| format_ident!("_unknown"), |field| field.name.clone());
    let known = if tagged.is_empty() {
        quote!(|_, _| ::core::result::Result::Ok(false))
    } else {
        quote! {
            |tag, bytes| {
                match tag {
                    #(#arms)*
                    _ => return ::core::result::Result::Ok(false),
                }
                ::core::result::Result::Ok(true)
            }
        }
    };
    quote! {
        #(#places)*
        let (input, #unknown) = crate::wire::decode_tags(input, at, #known)?;
    }
}

fn encode(of: &Struct) -> TokenStream {
    let (name, generics) = (&of.name, &of.generics);
    let fields = in_place(of).map(encode_field);
    let tags = tagged(of).into_iter().map(|(tag, field)| encode_tag(tag, field));
    let unknown = if let Some(Field { name, .. }) = unknown(of) {
        quote!(&self.#name)
    } else {
        quote!(&crate::wire::UnknownTags::default())
    };
    quote! {
        impl #generics crate::wire::Encode for #name #generics {
            fn encode(
                &self,
                at: crate::wire::Version,
                sink: &mut dyn crate::wire::Sink,
            ) -> ::core::result::Result<(), crate::wire::EncodeFault> {
                #(#fields)*
                crate::wire::encode_tags(&[#(#tags,)*], #unknown, at, sink)
            }
        }
    }
}

fn encode_field(field: &Field) -> TokenStream {
    let (name, text) = (&field.name, name_of(field));
    let write = if let Some(nullable) = field.sometimes_null() {
        let nullable = within(nullable);
        quote!(crate::wire::encode_nullable(#text, #nullable, &self.#name, at, sink)?;)
    } else {
        quote!(crate::wire::encode_field(#text, &self.#name, at, sink)?;)
    };
    if field.versions == Versions::ALL {
        return write;
    }
    let within = within(field.versions);
    let otherwise = (!field.ignorable).then(|| {
        let is_set = is_set(field);
        quote!(else if #is_set { return ::core::result::Result::Err(crate::wire::absent(#text)); })
    });
    quote!(if #within { #write } #otherwise)
}

fn encode_tag(tag: u32, field: &Field) -> TokenStream {
    let (name, text, is_set, within) = (&field.name, name_of(field), is_set(field), within(field.versions));
    let absent = if field.ignorable {
        quote!(::core::option::Option::None)
    } else {
        quote!(return ::core::result::Result::Err(crate::wire::absent(#text)))
    };
    quote! {
        if !#is_set {
            ::core::option::Option::None
        } else if #within {
            ::core::option::Option::Some((#tag, #text, &self.#name as &dyn crate::wire::Encode))
        } else {
            #absent
        }
    }
}

/// Whether a field differs from its default, as an expression.
fn is_set(field: &Field) -> TokenStream {
    let (name, ty, default) = (&field.name, &field.ty, default_value(field));
    quote!((self.#name != { let default: #ty = #default; default }))
}

fn describe(of: &Struct) -> TokenStream {
    let (name, generics) = (&of.name, &of.generics);
    let text = name.to_string();
    let fields = known(of).map(describe_field);
    quote! {
        impl #generics crate::wire::Structure for #name #generics {}

        impl #generics crate::wire::Describe for #name #generics {
            const KIND: crate::wire::Kind = crate::wire::Kind::Struct(#text, &[#(#fields,)*]);
        }
    }
}

fn describe_field(field: &Field) -> TokenStream {
    let (ty, text, ignorable) = (&field.ty, name_of(field), field.ignorable);
    let range = |Versions { first, last }| quote!(crate::wire::VersionRange { first: #first, last: #last });
    let none = || quote!(::core::option::Option::None);
    let option = |value: Option<TokenStream>| {
        value.map_or_else(none, |value| quote!(::core::option::Option::Some(#value)))
    };
    let versions = range(field.versions);
    let nullable = option(field.nullable.map(range));
    let tag = option(field.tag.as_ref().map(|tag| quote!(#tag)));
    let default = option(field.default.as_ref().map(|value| {
        let text = quote!(#value).to_string();
        quote!(#text)
    }));
    quote! {
        crate::wire::Field {
            name: #text,
            kind: <#ty as crate::wire::Describe>::KIND,
            versions: #versions,
            nullable: #nullable,
            tag: #tag,
            ignorable: #ignorable,
            default: #default,
        }
    }
}

fn message(of: &Struct, attribute: &Message) -> TokenStream {
    let (name, generics) = (&of.name, &of.generics);
    let text = name.to_string();
    let Versions { first, last } = attribute.versions;
    let flexible = attribute.flexible.map_or(i16::MAX, |versions| versions.first);
    let request = attribute.request.as_ref().map(|(key, response)| {
        quote! {
            impl #generics crate::Request for #name #generics {
                const KEY: i16 = #key;
                type Response<'r> = #response;
            }
        }
    });
    quote! {
        impl #generics crate::Message for #name #generics {
            const NAME: &'static str = #text;
            const VERSIONS: ::core::ops::RangeInclusive<i16> = #first..=#last;
            const FLEXIBLE: i16 = #flexible;
        }

        #request
    }
}

/// The field's name as it is told.
fn name_of(field: &Field) -> String {
    field.name.to_string().trim_start_matches("r#").to_owned()
}
