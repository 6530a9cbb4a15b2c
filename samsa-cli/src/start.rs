//! `--from` and `--to`.

use std::str::FromStr;
use std::time::UNIX_EPOCH;

use samsa_client::{Offset, UnixMillis};

/// A place in a log: where reading starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Start(pub(crate) Offset);

impl FromStr for Start {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let start = match text {
            "earliest" | "beginning" => Offset::Earliest,
            "latest" | "end" => Offset::Latest,
            _ => match text.strip_prefix('@') {
                Some(at) => Offset::At(time(at)?),
                None => Offset::Exact(offset(text)?),
            },
        };
        Ok(Self(start))
    }
}

fn offset(text: &str) -> Result<i64, String> {
    let offset = text.parse().ok().filter(|offset| *offset >= 0);
    offset.ok_or_else(|| "write earliest, latest, an offset, or @ and a time".to_owned())
}

fn time(text: &str) -> Result<UnixMillis, String> {
    let millis = text.parse().ok().filter(|millis| *millis >= 0);
    let millis = millis.or_else(|| {
        let since = humantime::parse_rfc3339_weak(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
        i64::try_from(since.as_millis()).ok()
    });
    let how = "write milliseconds since 1970, or 2026-01-31T12:00:00Z (UTC)";
    millis.map(UnixMillis).ok_or_else(|| how.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_word_an_offset_or_a_time() {
        for (text, start) in [
            ("earliest", Offset::Earliest),
            ("beginning", Offset::Earliest),
            ("latest", Offset::Latest),
            ("end", Offset::Latest),
            ("0", Offset::Exact(0)),
            ("42", Offset::Exact(42)),
            ("@1767225600000", Offset::At(UnixMillis(1_767_225_600_000))),
            ("@2026-01-01T00:00:00Z", Offset::At(UnixMillis(1_767_225_600_000))),
            ("@2026-01-01 00:00:01", Offset::At(UnixMillis(1_767_225_601_000))),
        ] {
            assert_eq!(text.parse(), Ok(Start(start)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_it_can_be() {
        for text in ["", "soon", "-1", "1.5"] {
            assert!(text.parse::<Start>().unwrap_err().contains("earliest"), "{text}");
        }
        for text in ["@", "@-1", "@tomorrow", "@1969-12-31T23:59:59Z"] {
            assert!(text.parse::<Start>().unwrap_err().contains("since 1970"), "{text}");
        }
    }
}
