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
            return Err(doubled(*tag, name));
        }
        put_value(*tag, *value, at, sink).map_err(|fault| fault.within(Step::Field(name)))?;
    }
    unknown.for_each(|field| put_tag(field.tag, &field.bytes, sink));
    Ok(())
}

fn doubled(tag: u32, name: &str) -> EncodeFault {
    EncodeFault::new(format!("tag {tag} has a name: set {name} instead")).within(Step::Field("unknown_tags"))
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

#[cfg(test)]
mod tests {
    use super::super::Records;
    use super::*;
    use crate::api::fetch::{EpochEndOffset, FetchRequest, PartitionData};
    use crate::{Message, decode, encode};

    const FLEXIBLE: Version = Version { number: 12, flexible: true };

    fn tag(tag: u32, bytes: &[u8]) -> UnknownTag {
        UnknownTag { tag, bytes: bytes.into() }
    }

    #[test]
    fn unknown_tags_stand_between_the_known_ones_in_ascending_order() {
        let partition = PartitionData {
            diverging_epoch: EpochEndOffset { epoch: 1, end_offset: 2, ..Default::default() },
            records: Some(Records::default()),
            unknown_tags: [tag(900, b"z"), tag(0, b"")].into_iter().collect(),
            ..Default::default()
        };
        let mut bytes = Vec::new();
        let error = partition.encode(FLEXIBLE, &mut bytes).expect_err("tag 0 is diverging_epoch").of("P", 12);
        assert!(error.to_string().ends_with("tag 0 has a name: set diverging_epoch instead"), "{error}");

        let partition =
            PartitionData { unknown_tags: [tag(900, b"z"), tag(7, b"")].into_iter().collect(), ..partition };
        bytes.clear();
        partition.encode(FLEXIBLE, &mut bytes).expect("a partition");
        let known = [&[0, 13][..], &[0, 0, 0, 1], &[0, 0, 0, 0, 0, 0, 0, 2], &[0]].concat();
        let tags = [&[3][..], &known, &[7, 0], &[0x84, 7, 1, b'z']].concat();
        assert!(bytes.ends_with(&tags));
        assert_eq!(PartitionData::decode(&bytes, FLEXIBLE).expect("a partition"), (&[][..], partition));
    }

    /// A `FetchRequest` with nothing in it, up to its tagged fields.
    fn request_with(version: i16, tags: &[u8]) -> Result<FetchRequest<'_>, String> {
        let empty = encode(version, &FetchRequest::default()).expect("a request");
        let bytes = [&empty[..empty.len() - 1], tags].concat().leak();
        decode(version, bytes).map_err(|error| error.to_string())
    }

    #[test]
    fn tags_ascend_and_none_comes_twice() {
        assert!(request_with(12, &[2, 5, 0, 6, 0]).is_ok());
        assert!(
            request_with(12, &[2, 5, 0, 5, 0])
                .expect_err("twice")
                .ends_with("expected a tag above 5, found 5")
        );
        assert!(
            request_with(12, &[2, 6, 0, 5, 0])
                .expect_err("order")
                .ends_with("expected a tag above 6, found 5")
        );
    }

    #[test]
    fn a_tagged_field_fills_its_size() {
        assert_eq!(request_with(12, &[1, 0, 2, 2, b'c']).expect("a cluster id").cluster_id, Some("c"));
        let error = request_with(12, &[1, 0, 3, 2, b'c', 0]).expect_err("a byte too many");
        assert!(error.contains("cluster_id at byte"), "{error}");
        assert!(error.ends_with("expected the end of the tagged field, 1 bytes are left"), "{error}");
        let error = request_with(12, &[1, 9, 200, 1]).expect_err("not there");
        assert!(error.ends_with("expected tag 9 of 200 bytes, 0 are left"), "{error}");
    }

    #[test]
    fn a_tag_of_a_later_version_is_not_unknown() {
        let error = request_with(14, &[1, 1, 0]).expect_err("replica_state is for version 15");
        assert!(error.contains("replica_state at byte"), "{error}");
        assert!(error.ends_with("expected no such tagged field before version 15"), "{error}");
    }

    #[test]
    fn a_version_without_tagged_fields_takes_no_unknown_ones() {
        let request =
            FetchRequest { unknown_tags: [tag(7, b"")].into_iter().collect(), ..Default::default() };
        let error = encode(11, &request).expect_err("version 11 has no tagged fields");
        assert_eq!(error.path.to_string(), "unknown_tags");
        assert!(FetchRequest::at(12).flexible && !FetchRequest::at(11).flexible);
    }
}
