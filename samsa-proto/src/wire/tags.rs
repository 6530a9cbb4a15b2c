//! Tagged fields (KIP-482): at the end of each struct of a flexible version, in ascending order, those that are not at
//! their default. A reader passes over the tags that it does not know by their size; here they are kept, so that what
//! is read and written again is the same.

use nom::Parser;
use nom::error::context;

use super::{
    Decode, DecodeFault, Encode, EncodeFault, Measure, Parsed, Sink, Step, Version, error,
    put_unsigned_varint, unsigned_varint,
};

/// The tagged fields of a struct that this crate has no name for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnknownTags(Box<[UnknownTag]>);

/// A tagged field without a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownTag {
    /// Its number.
    pub tag: u32,
    /// Its content, not decoded.
    pub bytes: Box<[u8]>,
}

impl UnknownTags {
    /// In ascending order.
    pub fn as_slice(&self) -> &[UnknownTag] {
        &self.0
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Sorted by tag; of two with the same number the first is kept.
impl FromIterator<UnknownTag> for UnknownTags {
    fn from_iter<I: IntoIterator<Item = UnknownTag>>(tags: I) -> Self {
        let mut tags: Vec<_> = tags.into_iter().collect();
        tags.sort_by_key(|field| field.tag);
        tags.dedup_by_key(|field| field.tag);
        Self(tags.into())
    }
}

/// Reads the tagged fields of a struct; nothing in a version that has none.
///
/// `known` is given each tag with its content, and says whether it knows the tag.
pub fn decode_tags<'a>(
    input: &'a [u8],
    at: Version,
    mut known: impl FnMut(u32, &'a [u8]) -> Result<bool, DecodeFault>,
) -> Parsed<'a, UnknownTags> {
    if !at.flexible {
        return Ok((input, UnknownTags::default()));
    }
    let (mut rest, count) = unsigned_varint(input)?;
    let mut unknown = Vec::new();
    let mut least = 0;
    for _ in 0..count {
        let (after, (tag, bytes)) = tagged_field(rest, least)?;
        let is_known = known(tag, bytes).map_err(|fault| nom::Err::Error(fault.followed_by(after.len())))?;
        if !is_known {
            unknown.push(UnknownTag { tag, bytes: bytes.into() });
        }
        least = u64::from(tag) + 1;
        rest = after;
    }
    Ok((rest, UnknownTags(unknown.into())))
}

fn tagged_field(input: &[u8], least: u64) -> Parsed<'_, (u32, &[u8])> {
    let (rest, tag) = unsigned_varint(input)?;
    if u64::from(tag) < least {
        return DecodeFault::err(input, format!("a tag above {}, found {tag}", least - 1));
    }
    let (rest, size) = unsigned_varint(rest)?;
    match rest.split_at_checked(size as usize) {
        Some((bytes, rest)) => Ok((rest, (tag, bytes))),
        None => DecodeFault::err(rest, format!("tag {tag} of {size} bytes, {} are left", rest.len())),
    }
}

/// Reads a tagged field, which has to fill its size.
pub fn whole<'a, T: Decode<'a>>(name: &'static str, bytes: &'a [u8], at: Version) -> Result<T, DecodeFault> {
    let value = |input| match T::decode(input, at)? {
        (rest @ [], value) => Ok((rest, value)),
        (rest, _) => {
            DecodeFault::err(rest, format!("the end of the tagged field, {} bytes are left", rest.len()))
        }
    };
    context(name, value).parse(bytes).map(|(_, value)| value).map_err(error::fault_of)
}

/// A tag that only later versions have. It is no unknown tag, since its meaning is known.
pub fn unknown_before(name: &'static str, bytes: &[u8], first: i16) -> DecodeFault {
    DecodeFault::at(bytes, format!("no such tagged field before version {first}")).within(Step::Field(name))
}

/// A tagged field that is to be written: number, name, value.
pub type KnownTag<'a> = (u32, &'static str, &'a dyn Encode);

/// Writes the tagged fields of a struct: those of `known` that are there (given in ascending order), and the unknown
/// ones between them.
pub fn encode_tags(
    known: &[Option<KnownTag<'_>>],
    unknown: &UnknownTags,
    at: Version,
    sink: &mut dyn Sink,
) -> Result<(), EncodeFault> {
    if !at.flexible {
        return if unknown.is_empty() { Ok(()) } else { Err(absent_tags()) };
    }
    let mut unknown = unknown.as_slice().iter().peekable();
    let count = known.iter().flatten().count() + unknown.len();
    put_unsigned_varint(count as u32, sink);
    for (tag, name, value) in known.iter().flatten() {
        while let Some(field) = unknown.next_if(|field| field.tag < *tag) {
            put_tag(field.tag, &field.bytes, sink);
        }
        if unknown.peek().is_some_and(|field| field.tag == *tag) {
            return Err(EncodeFault::new("it is among the unknown tags, too").within(Step::Field(name)));
        }
        put_value(*tag, *value, at, sink).map_err(|fault| fault.within(Step::Field(name)))?;
    }
    unknown.for_each(|field| put_tag(field.tag, &field.bytes, sink));
    Ok(())
}

fn absent_tags() -> EncodeFault {
    EncodeFault::new("this version has no tagged fields, leave it empty").within(Step::Field("unknown_tags"))
}

fn put_tag(tag: u32, bytes: &[u8], sink: &mut dyn Sink) {
    put_unsigned_varint(tag, sink);
    put_unsigned_varint(bytes.len() as u32, sink);
    sink.put(bytes);
}

fn put_value(tag: u32, value: &dyn Encode, at: Version, sink: &mut dyn Sink) -> Result<(), EncodeFault> {
    let mut size = Measure::default();
    value.encode(at, &mut size)?;
    put_unsigned_varint(tag, sink);
    put_unsigned_varint(size.0 as u32, sink);
    value.encode(at, sink)
}
