//! Writing the records of a batch anew.

use bytes::BytesMut;
use samsa_proto::records::{Builder, EncodeError, Format, Sealed};

use crate::producer::publish_error::each_record;

/// Writes the records of a batch into new ones of these formats, each into that which `choose` names for its place.
pub(super) fn rewrite<const N: usize>(
    batch: &Sealed,
    formats: [Format; N],
    choose: impl Fn(u32) -> usize,
) -> Result<[Builder; N], EncodeError> {
    let capacity = batch.body().len() / N;
    let mut builders = formats.map(|format| Builder::new(BytesMut::with_capacity(capacity), format));
    let mut result = Ok(());
    each_record(batch, |index, record| {
        if result.is_ok()
            && let Some(builder) = builders.get_mut(choose(index))
        {
            let appended = builder.append(record.timestamp(), record.key(), record.value(), record.headers());
            result = appended.map(drop);
        }
    });
    result.map(|()| builders)
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
        let parts = rewrite(&builder.seal(), [Format::V2, Format::V2], |index| usize::from(index >= 2));
        let values = parts.unwrap().map(|part| {
            let mut values = Vec::new();
            each_record(&part.seal(), |_, record| values.extend_from_slice(record.value().unwrap()));
            values
        });
        assert_eq!(values, [vec![0, 1], vec![2, 3, 4]]);
    }
}
