//! The part of the regular expressions that Java and this client read alike.
//!
//! A pattern is evaluated by every member of a group, some of them Java programs. Where two members would not mean the same
//! topics by it, or one could not read it, partitions would be left without an owner, or the others would stand still. So
//! what is not certainly read alike is found here, before it is compiled. Whether the rest is well-formed is left to that.

use std::str::Chars;

/// The first thing in an expression that only one side has, or that they read differently.
pub(super) fn unsupported(regex: &str) -> Option<String> {
    let mut chars = regex.chars();
    let mut repeated = Repeated::No;
    while let Some(c) = chars.next() {
        let found = match c {
            '\\' => escape(&mut chars, "bBAz"),
            '(' => chars.as_str().strip_prefix('?').and_then(group),
            '[' => class(&mut chars),
            '{' => count(&mut chars),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
        repeated = match (c, repeated) {
            ('*' | '+' | '?' | '{', Repeated::No) => Repeated::Once,
            ('?', Repeated::Once) => Repeated::Lazily,
            ('+', Repeated::Once) => return Some(format!("a possessive quantifier, {c:?} behind another")),
            ('*' | '+' | '?' | '{', _) => return Some(format!("the quantifier {c:?} behind another")),
            _ => Repeated::No,
        };
    }
    None
}

/// Whether a quantifier has just been read.
#[derive(Clone, Copy)]
enum Repeated {
    No,
    Once,
    Lazily,
}

/// What stands behind a backslash. A letter is known to both if it is one of these, or of a class or a control character.
fn escape(chars: &mut Chars<'_>, besides: &str) -> Option<String> {
    let c = chars.next()?;
    let is_known = "dDsSwWtnrfxu".contains(c) || besides.contains(c);
    match c {
        '1'..='9' | 'k' => Some(format!("a backreference, \\{c}")),
        'p' | 'P' => Some(format!("a class by its name, \\{c}")),
        'Q' | 'E' => Some(format!("quotation by \\{c}")),
        '<' | '>' | '0' => Some(format!("the escape \\{c}")),
        'x' | 'u' if chars.as_str().starts_with('{') => Some(format!("the escape \\{c}{{..}}")),
        _ if c.is_ascii_punctuation() || is_known => None,
        _ => Some(format!("the escape \\{c}")),
    }
}

/// What stands behind `(?`.
fn group(rest: &str) -> Option<String> {
    if ["=", "!"].iter().any(|sign| rest.starts_with(sign)) {
        return Some("a lookahead".to_owned());
    }
    if ["<=", "<!"].iter().any(|sign| rest.starts_with(sign)) {
        return Some("a lookbehind".to_owned());
    }
    if rest.starts_with('>') {
        return Some("an atomic group".to_owned());
    }
    let flags = rest.split([':', ')']).next()?;
    flags.chars().find(|c| !"ims-".contains(*c)).map(|c| match c {
        '<' | 'P' => "a group with a name".to_owned(),
        c => format!("the flag {c:?} in a group"),
    })
}

/// What stands behind `[`, up to its end.
fn class(chars: &mut Chars<'_>) -> Option<String> {
    let first = chars.as_str().trim_start_matches('^');
    if first.starts_with(']') {
        return Some("a class that begins with `]`".to_owned());
    }
    while let Some(c) = chars.next() {
        let found = match c {
            ']' => return None,
            '\\' => escape(chars, ""),
            '[' => Some("a class within a class".to_owned()),
            '&' if chars.as_str().starts_with('&') => Some("an intersection of classes".to_owned()),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// What stands behind `{`, up to its end.
fn count(chars: &mut Chars<'_>) -> Option<String> {
    let (count, rest) = chars.as_str().split_once('}').unwrap_or_default();
    if count.is_empty() || !count.chars().all(|c| c.is_ascii_digit()) {
        return Some("a `{` that is no count of the form {3}; a comma in it would mean `|`".to_owned());
    }
    *chars = rest.chars();
    None
}

#[cfg(test)]
mod tests {
    use super::unsupported;

    #[test]
    fn what_both_read_alike_is_let_through() {
        for regex in [
            "events-.*",
            "a|b|c",
            r"(a|b)+?\.[a-z0-9_-]{3}\d",
            r"[^\w.-]x??",
            "(?i)a(?:b)(?s-i:c)",
            r"\Aa\b\x41\u0041\-\\\z$",
            "[a^&]",
        ] {
            assert_eq!(unsupported(regex), None, "{regex}");
        }
    }

    #[test]
    fn what_only_java_has_is_named() {
        for (regex, what) in [
            ("(?!test).*", "a lookahead"),
            ("a(?=b)", "a lookahead"),
            ("(?<!a)b", "a lookbehind"),
            ("(?<=a)b", "a lookbehind"),
            ("(?>a)b", "an atomic group"),
            (r"(a)\1", r"a backreference, \1"),
            (r"\p{Alpha}", r"a class by its name, \p"),
            (r"\Qa.b\E", r"quotation by \Q"),
            (r"a\Z", r"the escape \Z"),
            ("(?d)a", "the flag 'd' in a group"),
            ("[a-z&&[^b]]", "an intersection of classes"),
            ("[a[bc]]", "a class within a class"),
        ] {
            assert_eq!(unsupported(regex).as_deref(), Some(what), "{regex}");
        }
    }

    #[test]
    fn what_both_have_and_read_differently_is_named() {
        for (regex, what) in [
            (".*+a", "a possessive quantifier, '+' behind another"),
            ("a{2}+", "a possessive quantifier, '+' behind another"),
            ("a**", "the quantifier '*' behind another"),
            ("a*??", "the quantifier '?' behind another"),
            ("[[:alpha:]]", "a class within a class"),
            (r"\<a", r"the escape \<"),
            ("(?U)a", "the flag 'U' in a group"),
            ("(?P<n>a)", "a group with a name"),
            ("(?<n>a)", "a group with a name"),
            ("[]a]", "a class that begins with `]`"),
            ("[^]a]", "a class that begins with `]`"),
            (r"\u{0041}", r"the escape \u{..}"),
        ] {
            assert_eq!(unsupported(regex).as_deref(), Some(what), "{regex}");
        }
        for regex in ["a{1|2}", "a{", "a{}", "{b", r"\b{start}"] {
            assert!(unsupported(regex).is_some_and(|what| what.contains("no count")), "{regex}");
        }
    }
}
