//! `samsa publish`.

mod leaving;
mod publishing;
mod target;
mod whole;

use std::fs::File;
use std::io;
use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use samsa_client::Message;

use self::publishing::{Halt, Publishing};
use self::target::Target;
use crate::failure::Failure;
use crate::lines::{self, Source};
use crate::progress::Progress;
use crate::session::Session;

/// Publish a message a line, as fast as the brokers take them
///
/// With --json, the place of each message that was written is printed, or that of the set.
#[derive(Args, Debug)]
pub(crate) struct Publish {
    /// Where to
    topic: String,
    /// Where the lines are; default: stdin
    file: Option<PathBuf>,
    /// What is before the first of these in a line is the key; a line without has none
    #[arg(long, value_name = "D", value_parser = NonEmptyStringValueParser::new())]
    key_delimiter: Option<String>,
    /// All of them to this partition, whatever their keys
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    partition: Option<i32>,
    /// All of them as one set: in one partition, one behind the other, all or none. The key of the first decides where
    #[arg(long)]
    set: bool,
    /// A header for each of them; may be given several times
    #[arg(long = "header", value_name = "K=V", value_parser = header)]
    headers: Vec<(String, String)>,
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Where the lines come from.
pub(crate) struct Input {
    source: Box<dyn Source>,
    progress: Progress,
    /// Whether it has an end that the person expects to be reached.
    is_file: bool,
}

impl Publish {
    /// Opens the input, before anything else is tried.
    pub(crate) fn open(&self) -> Result<Input, Failure> {
        let Some(path) = &self.file else {
            return Ok(Input { source: Box::new(io::stdin()), progress: Progress::none(), is_file: false });
        };
        let opened = File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (size, file) =
            opened.map_err(|error| Failure::Usage(format!("cannot open {}: {error}", path.display())))?;
        Ok(Input { source: Box::new(file), progress: Progress::bytes(size), is_file: true })
    }

    pub(crate) async fn run(&self, session: &Session, input: Input) -> Result<(), Failure> {
        session.connect().await?;
        let target = Target::new(&session.cluster.topic(&self.topic), self.partition);
        let lines = lines::read(input.source, session.properties.config().publish.message_bytes)?;
        if self.set {
            return self.run_whole(session, &target, &lines).await;
        }
        let mut publishing = Publishing::new(session, self, &target, input.progress);
        let halted = publishing.publish(&lines).await.err();
        let left = if halted.is_some() { publishing.leave(&lines).await } else { Ok(()) };
        let end = publishing.end()?;
        left?;
        match halted {
            // Who reads no receipts ends it as one that interrupts it.
            Some(Halt::Stopped | Halt::Failed(Failure::Unread)) if input.is_file && !end.is_all => {
                Err(Failure::NotDone(format!(
                    "interrupted after line {}; what follows was not published",
                    end.line
                )))
            }
            Some(Halt::Failed(failure)) => Err(failure),
            Some(Halt::Stopped) | None => Ok(()),
        }
    }

    fn message<'a>(&'a self, line: &'a [u8]) -> Message<'a> {
        let (key, value) = self.split(line);
        let message = key.into_iter().fold(Message::new(value), Message::key);
        let headers = self.headers.iter();
        headers.fold(message, |message, (name, value)| message.header(name.as_str(), value))
    }

    fn split<'a>(&self, line: &'a [u8]) -> (Option<&'a [u8]>, &'a [u8]) {
        let Some(delimiter) = self.key_delimiter.as_deref().map(str::as_bytes) else { return (None, line) };
        match line.windows(delimiter.len()).position(|window| window == delimiter) {
            Some(at) => (Some(&line[..at]), &line[at + delimiter.len()..]),
            None => (None, line),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        publish: Publish,
    }

    fn publish(arguments: &[&str]) -> Publish {
        Line::try_parse_from([&["publish", "events"], arguments].concat()).unwrap().publish
    }

    #[test]
    fn the_key_is_what_stands_before_the_first_delimiter() {
        let publish = publish(&["--key-delimiter", "::"]);
        assert_eq!(publish.message(b"k::v::w"), Message::new("v::w").key("k"));
        assert_eq!(publish.message(b"::v"), Message::new("v").key(""));
        assert_eq!(publish.message(b"k::"), Message::new("").key("k"));
        assert_eq!(publish.message(b"k:v"), Message::new("k:v"));
    }

    #[test]
    fn without_a_delimiter_the_line_is_the_value() {
        assert_eq!(publish(&[]).message(b"k:v"), Message::new("k:v"));
    }

    #[test]
    fn each_message_has_all_the_headers() {
        let publish = publish(&["--header", "a=1", "--header", "b=x=y"]);
        assert_eq!(publish.message(b"v"), Message::new("v").header("a", "1").header("b", "x=y"));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for arguments in [&["--header", "a"][..], &["--key-delimiter", ""], &["--partition", "-1"]] {
            let line = [&["publish", "events"], arguments].concat();
            assert!(Line::try_parse_from(line).is_err(), "{arguments:?}");
        }
    }
}
