//! Committed offsets, `/consumers/G/offsets/T/P`: the offset of the next message to read, the same in every dialect.

use super::error::{ZnodeError, ZnodeKind};

/// Reads a committed offset. `None` when the node holds none: it is empty (Python's samsa makes such nodes), or the
/// number is below 0 (Kafka 0.7 leaves -1 where the broker could not be asked).
pub fn read_offset(data: &[u8]) -> Result<Option<i64>, ZnodeError> {
    if data.is_empty() {
        return Ok(None);
    }
    let number = str::from_utf8(data).ok().and_then(|text| text.trim().parse().ok());
    let number: i64 = number.ok_or_else(|| {
        ZnodeError::data(ZnodeKind::Offset, "a decimal 64-bit integer, or no data for no offset", data)
    })?;
    Ok(Some(number).filter(|number| *number >= 0))
}

/// Writes a committed offset. There is no form for "none": an empty node stops every Scala member of the group.
pub fn write_offset(offset: u64) -> Vec<u8> {
    offset.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_a_decimal_number() {
        assert_eq!(read_offset(b"126"), Ok(Some(126)));
        assert_eq!(read_offset(b"9223372036854775807"), Ok(Some(i64::MAX)));
        assert_eq!(write_offset(126), b"126");
    }

    #[test]
    fn an_empty_node_and_a_negative_number_hold_no_offset() {
        assert_eq!(read_offset(b""), Ok(None));
        assert_eq!(read_offset(b"-1"), Ok(None));
    }

    #[test]
    fn anything_else_is_refused() {
        for data in [&b"x"[..], b" ", b"1.5", b"9223372036854775808", b"\xff"] {
            assert_eq!(read_offset(data).expect_err("no number").kind, ZnodeKind::Offset);
        }
    }
}
