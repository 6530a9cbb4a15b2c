//! What stands in a struct and its attributes.

use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Expr, Fields, Generics, Ident, Lifetime, LitInt, LitStr, Result, Type};

/// A struct to derive for.
pub(crate) struct Struct {
    pub(crate) name: Ident,
    pub(crate) generics: Generics,
    /// What it borrows from; made up where it borrows nothing.
    pub(crate) lifetime: Lifetime,
    pub(crate) message: Option<Message>,
    pub(crate) fields: Vec<Field>,
}

/// `#[message(..)]`
pub(crate) struct Message {
    pub(crate) versions: Versions,
    pub(crate) flexible: Option<Versions>,
    /// Key and response, for a request.
    pub(crate) request: Option<(LitInt, Type)>,
}

/// A field with its `#[field(..)]`.
pub(crate) struct Field {
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    pub(crate) versions: Versions,
    pub(crate) nullable: Option<Versions>,
    pub(crate) default: Option<Expr>,
    pub(crate) ignorable: bool,
    pub(crate) tag: Option<LitInt>,
}

/// Inclusive at both ends; open upward where the last is `i16::MAX`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Versions {
    pub(crate) first: i16,
    pub(crate) last: i16,
}

impl Versions {
    pub(crate) const ALL: Self = Self { first: 0, last: i16::MAX };

    fn parse(text: &LitStr) -> Result<Self> {
        let value = text.value();
        let (first, last) = match value.split_once('-') {
            Some((first, last)) => (first.parse(), last.parse()),
            None => match value.strip_suffix('+') {
                Some(first) => (first.parse(), Ok(i16::MAX)),
                None => (value.parse(), value.parse()),
            },
        };
        match (first, last) {
            (Ok(first), Ok(last)) if 0 <= first && first <= last => Ok(Self { first, last }),
            _ => Err(Error::new(text.span(), "expected versions such as \"3+\", \"0-6\" or \"4\"")),
        }
    }
}

impl Struct {
    pub(crate) fn parse(input: &DeriveInput) -> Result<Self> {
        let Data::Struct(data) = &input.data else {
            return Err(Error::new(input.span(), "a message is a struct"));
        };
        let Fields::Named(fields) = &data.fields else {
            return Err(Error::new(input.span(), "the fields of a message have names"));
        };
        let lifetime = match input.generics.lifetimes().next() {
            Some(param) => param.lifetime.clone(),
            None => Lifetime::new("'a", input.span()),
        };
        let attribute = input.attrs.iter().find(|attribute| attribute.path().is_ident("message"));
        Ok(Self {
            name: input.ident.clone(),
            generics: input.generics.clone(),
            lifetime,
            message: attribute.map(Message::parse).transpose()?,
            fields: fields.named.iter().map(Field::parse).collect::<Result<_>>()?,
        })
    }
}

impl Message {
    fn parse(attribute: &syn::Attribute) -> Result<Self> {
        let (mut key, mut versions, mut flexible, mut response) = (None, None, None, None);
        attribute.parse_nested_meta(|meta| {
            match meta.path.require_ident()?.to_string().as_str() {
                "key" => key = Some(meta.value()?.parse()?),
                "versions" => versions = Some(Versions::parse(&meta.value()?.parse()?)?),
                "flexible" => flexible = Some(Versions::parse(&meta.value()?.parse()?)?),
                "response" => response = Some(meta.value()?.parse()?),
                _ => return Err(meta.error("expected key, versions, flexible or response")),
            }
            Ok(())
        })?;
        let versions = versions.ok_or_else(|| Error::new(attribute.span(), "versions are missing"))?;
        let request = match (key, response) {
            (Some(key), Some(response)) => Some((key, response)),
            (None, None) => None,
            _ => return Err(Error::new(attribute.span(), "a request has both a key and a response")),
        };
        Ok(Self { versions, flexible, request })
    }
}

impl Field {
    fn parse(field: &syn::Field) -> Result<Self> {
        let name = field.ident.clone().ok_or_else(|| Error::new(field.span(), "a field has a name"))?;
        let mut parsed = Self {
            name,
            ty: field.ty.clone(),
            versions: Versions::ALL,
            nullable: None,
            default: None,
            ignorable: false,
            tag: None,
        };
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("field")) {
            attribute.parse_nested_meta(|meta| parsed.set(&meta))?;
        }
        if parsed.nullable.is_none() && parsed.is("Option") {
            parsed.nullable = Some(parsed.versions);
        }
        Ok(parsed)
    }

    fn set(&mut self, meta: &syn::meta::ParseNestedMeta<'_>) -> Result<()> {
        match meta.path.require_ident()?.to_string().as_str() {
            "versions" => self.versions = Versions::parse(&meta.value()?.parse()?)?,
            "nullable" => self.nullable = Some(Versions::parse(&meta.value()?.parse()?)?),
            "default" => self.default = Some(meta.value()?.parse()?),
            "ignorable" => self.ignorable = true,
            "tag" => self.tag = Some(meta.value()?.parse()?),
            _ => return Err(meta.error("expected versions, nullable, default, ignorable or tag")),
        }
        Ok(())
    }

    /// Whether the field's type has this name, whatever its path and arguments.
    pub(crate) fn is(&self, name: &str) -> bool {
        let Type::Path(path) = &self.ty else { return false };
        path.path.segments.last().is_some_and(|segment| segment.ident == name)
    }

    /// Where the field may be null, if that is not wherever it exists.
    pub(crate) fn sometimes_null(&self) -> Option<Versions> {
        self.nullable.filter(|nullable| *nullable != self.versions)
    }
}
