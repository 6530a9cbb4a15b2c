//! Bytes as two lower-case digits each.

use std::fmt::Write;

/// As hex.
pub fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// From hex; `None` for anything else.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let pairs = (0..text.len()).step_by(2).map(|at| text.get(at..at + 2));
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

#[test]
fn what_was_encoded_is_decoded() {
    assert_eq!(encode(&[0, 171, 255]), "00abff");
    assert_eq!(decode("00abff"), Some(vec![0, 171, 255]));
    assert_eq!((decode("0"), decode("zz")), (None, None));
}
