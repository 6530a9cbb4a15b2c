//! Puts the codec to the test from outside: lines in, lines out.
//!
//! ```text
//! cargo run --release -p samsa-proto --example transcode
//! ```
//!
//! Each line is `<api_key> <version> request|response <hex of the body, without header and length>`. The body is decoded
//! and encoded again, and its hex is printed; or `error: ` and what is wrong. After an error the next line is read.

use std::io::{self, BufRead, BufWriter, Write};

use samsa_proto::api::Api;

const USAGE: &str = "expected <api_key> <version> request|response <hex>";

fn main() -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().split(b'\n') {
        let line = line?;
        match answer(&String::from_utf8_lossy(&line)) {
            Ok(hex) => writeln!(out, "{hex}")?,
            Err(error) => writeln!(out, "error: {error}")?,
        }
        out.flush()?;
    }
    Ok(())
}

fn answer(line: &str) -> Result<String, String> {
    let mut words = line.split_ascii_whitespace();
    let (Some(key), Some(version), Some(direction)) = (words.next(), words.next(), words.next()) else {
        return Err(USAGE.into());
    };
    let body = unhex(words.next().unwrap_or_default())?;
    if words.next().is_some() {
        return Err(USAGE.into());
    }
    let key = key.parse().map_err(|_| format!("{key:?} is no API key, {USAGE}"))?;
    let version = version.parse().map_err(|_| format!("{version:?} is no version, {USAGE}"))?;
    let api = Api::of_key(key).ok_or_else(|| format!("no API for clients has the key {key}"))?;
    let half = match direction {
        "request" => &api.request,
        "response" => &api.response,
        _ => return Err(format!("{direction:?} is neither request nor response, {USAGE}")),
    };
    half.transcode(version, &body).map(|bytes| hex(&bytes)).map_err(|error| error.to_string())
}

fn unhex(text: &str) -> Result<Vec<u8>, String> {
    let digits = text.bytes().map(|digit| char::from(digit).to_digit(16).map(|digit| digit as u8));
    let digits: Option<Vec<u8>> = digits.collect();
    match digits {
        Some(digits) if digits.len() % 2 == 0 => {
            Ok(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
        }
        Some(_) => Err("the hex has an odd number of digits".into()),
        None => Err("the body is not hex".into()),
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
