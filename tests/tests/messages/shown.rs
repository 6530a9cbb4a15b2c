//! Reads what `{:?}` wrote.

use crate::content::Shown;

/// A value that fills the whole text; `None` for what `Debug` does not write.
pub(crate) fn parse(text: &str) -> Option<Shown> {
    let mut reader = Reader { rest: text };
    let shown = reader.value()?;
    reader.rest.is_empty().then_some(shown)
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn value(&mut self) -> Option<Shown> {
        match self.rest.chars().next()? {
            '[' => self.list(),
            '"' => self.text(),
            _ => self.named(),
        }
    }

    fn eat(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn word(&mut self) -> String {
        let end =
            self.rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || "_.+-#".contains(letter)));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        word.trim_start_matches("r#").to_owned()
    }

    /// `Name { .. }`, `Name(..)`, `None` or a word.
    fn named(&mut self) -> Option<Shown> {
        let word = self.word();
        if self.eat(" {") {
            return self.structure();
        }
        if self.eat("(") {
            let inner = self.value()?;
            return self.eat(")").then_some(match inner {
                Shown::Word(number) if word == "ErrorCode" => Shown::Word(number),
                inner => inner,
            });
        }
        Some(if word == "None" { Shown::Null } else { Shown::Word(word) })
    }

    fn structure(&mut self) -> Option<Shown> {
        let mut fields = Vec::new();
        while !self.eat(" }") {
            let _ = self.eat(",");
            self.eat(" ").then_some(())?;
            let name = self.word();
            self.eat(": ").then_some(())?;
            fields.push((name, self.value()?));
        }
        Some(Shown::Struct(fields))
    }

    fn list(&mut self) -> Option<Shown> {
        let mut elements = Vec::new();
        let _ = self.eat("[");
        while !self.eat("]") {
            let _ = self.eat(", ");
            elements.push(self.value()?);
        }
        Some(Shown::List(elements))
    }

    fn text(&mut self) -> Option<Shown> {
        let mut text = String::new();
        let mut letters = self.rest[1..].chars();
        loop {
            match letters.next()? {
                '"' => break,
                '\\' => text.push(match letters.next()? {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    '0' => '\0',
                    'u' => {
                        let (digits, rest) = letters.as_str().strip_prefix('{')?.split_once('}')?;
                        letters = rest.chars();
                        char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
                    }
                    plain => plain,
                }),
                plain => text.push(plain),
            }
        }
        self.rest = letters.as_str();
        Some(Shown::Text(text))
    }
}

#[test]
fn what_debug_wrote_is_read_back() {
    #[derive(Debug)]
    #[expect(dead_code, reason = "only shown")]
    struct Outer<'a> {
        r#type: Option<i8>,
        lists: Vec<Inner<'a>>,
        none: Option<&'a str>,
    }
    #[derive(Debug)]
    #[expect(dead_code, reason = "only shown")]
    struct Inner<'a> {
        text: &'a str,
        bytes: &'a [u8],
    }
    let inner = Inner { text: "a \"\n\u{301} }", bytes: &[0, 255] };
    let shown = parse(&format!("{:?}", Outer { r#type: Some(-1), lists: vec![inner], none: None }));

    let word = |word: &str| Shown::Word(word.into());
    let inner = vec![
        ("text".into(), Shown::Text("a \"\n\u{301} }".into())),
        ("bytes".into(), Shown::List(vec![word("0"), word("255")])),
    ];
    let outer = vec![
        ("type".into(), word("-1")),
        ("lists".into(), Shown::List(vec![Shown::Struct(inner)])),
        ("none".into(), Shown::Null),
    ];
    assert_eq!(shown, Some(Shown::Struct(outer)));
}
