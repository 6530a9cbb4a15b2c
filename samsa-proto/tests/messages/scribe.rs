//! Writes messages from their description, with values from a seed.

use samsa_proto::wire::{Field, Kind, Version, VersionRange, put_unsigned_varint};

pub(crate) struct Scribe {
    state: u64,
}

impl Scribe {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A message as the protocol wants it to the letter, with some unknown tags.
    pub(crate) fn message(&mut self, kind: Kind, at: Version) -> Vec<u8> {
        let mut out = Vec::new();
        self.value(kind, None, at, &mut out);
        out
    }

    /// `SplitMix64`.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ self.state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn value(&mut self, kind: Kind, nullable: Option<VersionRange>, at: Version, out: &mut Vec<u8>) {
        let may_be_null = nullable.is_some_and(|versions| at.within(versions.first, versions.last));
        if may_be_null && self.below(4) == 0 {
            return null(kind, at, out);
        }
        match kind {
            Kind::Bool => out.push(u8::from(self.below(2) == 0)),
            Kind::Int8 => self.bytes(1, out),
            Kind::Int16 | Kind::Uint16 => self.bytes(2, out),
            Kind::Int32 => self.bytes(4, out),
            Kind::Int64 | Kind::Float64 => self.bytes(8, out),
            Kind::Uuid => self.bytes(16, out),
            Kind::String => self.string(at, out),
            Kind::Bytes | Kind::Records => {
                let len = self.below(200);
                length(len, at, out);
                self.bytes(len, out);
            }
            Kind::Array(element) => {
                let count = self.below(4);
                length(count, at, out);
                (0..count).for_each(|_| self.value(*element, None, at, out));
            }
            Kind::Struct(_, fields) => {
                if nullable.is_some() {
                    out.push(1);
                }
                self.structure(fields, at, out);
            }
        }
    }

    fn structure(&mut self, fields: &[Field], at: Version, out: &mut Vec<u8>) {
        let present = |field: &&Field| at.within(field.versions.first, field.versions.last);
        for field in fields.iter().filter(present).filter(|field| field.tag.is_none()) {
            self.value(field.kind, field.nullable, at, out);
        }
        if at.flexible {
            self.tags(fields.iter().filter(present), at, out);
        }
    }

    fn tags<'a>(&mut self, fields: impl Iterator<Item = &'a Field>, at: Version, out: &mut Vec<u8>) {
        let mut tags = Vec::new();
        for field in fields {
            if let Some(tag) = field.tag.filter(|_| self.below(2) == 0) {
                tags.push((tag, self.no_default(field.kind, at)));
            }
        }
        tags.sort();
        for unknown in [77, 7_000_000] {
            if self.below(8) == 0 {
                let mut content = Vec::new();
                let len = self.below(150);
                self.bytes(len, &mut content);
                tags.push((unknown, content));
            }
        }
        put_unsigned_varint(tags.len() as u32, out);
        for (tag, content) in tags {
            put_unsigned_varint(tag, out);
            put_unsigned_varint(content.len() as u32, out);
            out.extend(content);
        }
    }

    /// A value that differs from any default: tagged fields at their default are not written.
    fn no_default(&mut self, kind: Kind, at: Version) -> Vec<u8> {
        if kind == Kind::Bool {
            return vec![1];
        }
        loop {
            let mut content = Vec::new();
            self.value(kind, None, at, &mut content);
            let is_zero_or_empty = content.iter().all(|byte| *byte <= 1);
            let is_extreme = content.iter().skip(1).all(|byte| *byte == 0xff);
            if !is_zero_or_empty && !is_extreme {
                return content;
            }
        }
    }

    fn string(&mut self, at: Version, out: &mut Vec<u8>) {
        let text: String =
            (0..self.below(12)).map(|_| ['a', 'Z', '-', 'ß', '日', '🦀'][self.below(6) as usize]).collect();
        if at.flexible {
            put_unsigned_varint(text.len() as u32 + 1, out);
        } else {
            out.extend((text.len() as i16).to_be_bytes());
        }
        out.extend(text.as_bytes());
    }

    fn bytes(&mut self, count: u64, out: &mut Vec<u8>) {
        out.extend((0..count).map(|_| self.next() as u8));
    }
}

fn length(length: u64, at: Version, out: &mut Vec<u8>) {
    if at.flexible {
        put_unsigned_varint(length as u32 + 1, out);
    } else {
        out.extend((length as i32).to_be_bytes());
    }
}

fn null(kind: Kind, at: Version, out: &mut Vec<u8>) {
    match kind {
        Kind::Struct(..) => out.push(0xff),
        _ if at.flexible => out.push(0),
        Kind::String => out.extend([0xff; 2]),
        _ => out.extend([0xff; 4]),
    }
}
