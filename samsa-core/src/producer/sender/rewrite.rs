//! Writing the records of a batch anew.

use bytes::BytesMut;
use samsa_proto::records::{Builder, EncodeError, Format, Header, Headers, Sealed};

use crate::planted::{PlantedBug, is_planted};
use crate::producer::publish_error::each_record;

/// Writes the records of a batch into new ones of a format, one more than there are `cuts`: each cut is the place of the
/// first record of the next one.
pub(super) fn rewrite(batch: &Sealed, format: Format, cuts: &[u32]) -> Result<Vec<Builder>, EncodeError> {
    let part_of = |index| cuts.partition_point(|cut| *cut <= index);
    let capacities =
        if cuts.is_empty() { vec![batch.body().len()] } else { sizes(batch, cuts.len() + 1, part_of) };
    let builder = |capacity| Builder::new(BytesMut::with_capacity(capacity), format);
    let mut builders: Vec<Builder> = capacities.into_iter().map(builder).collect();
    let mut result = Ok(());
    each_record(batch, |index, record| {
        let part = part_of(index);
        if result.is_ok()
            && let Some(builder) = builders.get_mut(part)
        {
            let headers = headers_for(format, record.headers());
            let appended = builder.append(record.timestamp(), record.key(), record.value(), headers);
            result = appended.map(drop);
        }
    });
    result.map(|()| builders)
}

/// What each part takes, about: so that none takes much more than it needs.
fn sizes(batch: &Sealed, parts: usize, part_of: impl Fn(u32) -> usize) -> Vec<usize> {
    const OVERHEAD: usize = 16;
    let mut sizes = vec![OVERHEAD; parts];
    each_record(batch, |index, record| {
        let len = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
        let header = |header: Header<'_>| header.key_bytes().len() + len(header.value()) + OVERHEAD / 2;
        let headers: usize = record.headers().map(header).sum();
        if let Some(size) = sizes.get_mut(part_of(index)) {
            *size += len(record.key()) + len(record.value()) + headers + OVERHEAD;
        }
    });
    sizes
}

/// All of them; a format that has none makes an error of it.
fn headers_for(format: Format, headers: Headers<'_>) -> impl Iterator<Item = Header<'_>> + Clone {
    let is_dropped = format != Format::V2 && is_planted(PlantedBug::DropsHeaders);
    Some(headers).filter(|_| !is_dropped).into_iter().flatten()
}

/// Of each record whether it has headers.
pub(super) fn with_headers(batch: &Sealed) -> Vec<bool> {
    let mut found = Vec::with_capacity(batch.count() as usize);
    each_record(batch, |_, record| found.push(record.headers().next().is_some()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_record_is_written_once_where_it_belongs() {
        let mut builder = Builder::new(BytesMut::new(), Format::V1);
        for number in 0..5_u8 {
            builder.append(i64::from(number), None, Some(&[number]), []).unwrap();
        }
        let parts = rewrite(&builder.seal(), Format::V2, &[2, 3]).unwrap();
        let values = parts.into_iter().map(|part| {
            let mut values = Vec::new();
            each_record(&part.seal(), |_, record| values.extend_from_slice(record.value().unwrap()));
            values
        });
        assert_eq!(values.collect::<Vec<_>>(), [vec![0, 1], vec![2], vec![3, 4]]);
    }

    #[test]
    fn headers_are_seen_and_never_left_out() {
        let mut builder = Builder::new(BytesMut::new(), Format::V2);
        builder.append(1, None, None, []).unwrap();
        builder.append(1, None, None, [Header::new("trace", None)]).unwrap();
        let batch = builder.seal();
        assert_eq!(with_headers(&batch), [false, true]);
        assert!(rewrite(&batch, Format::V1, &[]).is_err());
        assert_eq!(with_headers(&rewrite(&batch, Format::V2, &[]).unwrap().remove(0).seal()), [false, true]);
    }
}
