//! Finds the `{{ tags }}` of a text.

use std::ops::Range;

/// One end of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    /// `x.start`
    Start,
    /// `x.end`
    End,
}

/// What a tag asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Want {
    /// The value of a parameter, or one end of it.
    Value {
        /// The parameter.
        name: String,
        /// Which end, if it is a range.
        part: Option<Part>,
    },
    /// An attribute of whoever runs the text: `key.tenant`, `user.region`.
    Attribute(String),
    /// A member of a parameter that no parameter has, such as `x.middle`.
    UnknownPart(String),
    /// Nothing: `{{! a note }}`.
    Nothing,
    /// The beginning of a stretch that is there if the parameter's value counts as true, or, if it
    /// is inverted, as false.
    Section {
        /// The parameter.
        name: String,
        /// Whether it is written with `^`.
        inverted: bool,
    },
    /// The end of such a stretch.
    SectionEnd(String),
    /// Something that is not supported: partials, other delimiters.
    Unsupported(char),
}

/// A tag and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    /// Bytes of the text, braces included.
    pub span: Range<usize>,
    /// What it asks for.
    pub want: Want,
}

/// All tags, in order. Braces that make no tag, as in the array literal `'{{1},{2}}'`, are text.
pub(crate) fn find_tags(text: &str) -> Vec<Tag> {
    let bytes = text.as_bytes();
    let mut tags = Vec::new();
    let mut at = 0;
    // Behind the last closing braces is no tag; not to look for them again keeps this linear.
    let last_close = text.rfind("}}").unwrap_or(0);
    while let Some(found) = text.get(at..last_close).and_then(|rest| rest.find("{{")) {
        let start = at + found;
        if let Some(tag) = tag_at(text, bytes, start) {
            at = tag.span.end;
            tags.push(tag);
        } else {
            at = start + 1;
        }
    }
    tags
}

fn tag_at(text: &str, bytes: &[u8], start: usize) -> Option<Tag> {
    let triple = bytes.get(start + 2) == Some(&b'{');
    let (inner, close) = if triple { (start + 3, "}}}") } else { (start + 2, "}}") };
    let rest = text.get(inner..)?;
    let note = !triple && rest.starts_with('!');
    // A name has no braces; so the search ends at the next one and the whole stays linear.
    let length = if note { rest.find(close)? } else { rest.find(['{', '}'])? };
    if !rest.get(length..)?.starts_with(close) {
        return None;
    }
    let content = rest.get(..length)?.trim();
    let span = start..inner + length + close.len();
    let want = match content.chars().next() {
        _ if note => Want::Nothing,
        None => return None,
        Some(sign @ ('#' | '^' | '/')) if !triple => section(sign, content.get(1..)?.trim())?,
        Some(sign @ ('>' | '=')) if !triple => Want::Unsupported(sign),
        Some('&') if !triple => value(content.get(1..)?.trim())?,
        Some(_) => value(content)?,
    };
    Some(Tag { span, want })
}

fn section(sign: char, name: &str) -> Option<Want> {
    if name.is_empty() {
        return None;
    }
    if name.contains('.') {
        return Some(Want::UnknownPart(name.to_owned()));
    }
    let name = name.to_owned();
    Some(match sign {
        '/' => Want::SectionEnd(name),
        sign => Want::Section { name, inverted: sign == '^' },
    })
}

fn value(content: &str) -> Option<Want> {
    if content.is_empty() {
        return None;
    }
    let Some((root, member)) = content.split_once('.') else {
        return Some(Want::Value { name: content.to_owned(), part: None });
    };
    let (root, member) = (root.trim(), member.trim());
    let part = match member {
        "start" => Part::Start,
        "end" => Part::End,
        _ if matches!(root, "key" | "user") && is_attribute(member) => {
            return Some(Want::Attribute(format!("{root}.{member}")));
        }
        _ => return Some(Want::UnknownPart(content.to_owned())),
    };
    Some(Want::Value { name: root.to_owned(), part: Some(part) })
}

/// Whether a name may be that of an attribute: letters, digits and `_`, no digit in front, at most
/// 64. `start` and `end` are taken by ranges.
#[must_use]
pub fn is_attribute(name: &str) -> bool {
    !matches!(name, "start" | "end")
        && (1..=64).contains(&name.len())
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(text: &str) -> Vec<Want> {
        find_tags(text).into_iter().map(|tag| tag.want).collect()
    }

    fn named(name: &str) -> Want {
        Want::Value { name: name.to_owned(), part: None }
    }

    #[test]
    fn every_spelling_of_a_tag_is_found() {
        assert_eq!(
            wants("{{a}} {{ b }} {{{ c }}} {{& d }} {{ my name\n}} {{e.start}} {{ e . end }}"),
            [
                named("a"),
                named("b"),
                named("c"),
                named("d"),
                named("my name"),
                Want::Value { name: "e".into(), part: Some(Part::Start) },
                Want::Value { name: "e".into(), part: Some(Part::End) },
            ]
        );
    }

    #[test]
    fn braces_that_make_no_tag_are_text() {
        for text in ["'{{1,2},{3,4}}'", "{{}}", "{{ }}", "{{a", "{{a}", "{ {a}}", "'{{{1},{2}}}'"] {
            assert_eq!(wants(text), [], "{text}");
        }
        assert_eq!(wants("{{{a}}"), [named("a")]);
        assert_eq!(wants("{{ {{a}} }}"), [named("a")]);
    }

    #[test]
    fn attributes_of_key_and_user_are_no_parameters() {
        let attribute = |name: &str| Want::Attribute(name.to_owned());
        assert_eq!(
            wants("{{key.tenant}} {{ user . region_2 }} {{{ key.t }}} {{& user.t }}"),
            [
                attribute("key.tenant"),
                attribute("user.region_2"),
                attribute("key.t"),
                attribute("user.t")
            ]
        );
        let end = Want::Value { name: "key".into(), part: Some(Part::End) };
        assert_eq!(wants("{{ key.end }}"), [end], "a range may have the name");
        for text in ["{{ key.2 }}", "{{ key.a.b }}", "{{ keys.a }}", "{{ user.a-b }}"] {
            assert!(matches!(wants(text)[..], [Want::UnknownPart(_)]), "{text}");
        }
    }

    #[test]
    fn notes_sections_and_unknown_members_are_told_apart() {
        assert_eq!(
            wants("{{! {note} }}{{#a}}{{^ a }}{{/ a}}{{>a}}{{=<% %>=}}{{a.b}}{{#a.b}}"),
            [
                Want::Nothing,
                Want::Section { name: "a".into(), inverted: false },
                Want::Section { name: "a".into(), inverted: true },
                Want::SectionEnd("a".into()),
                Want::Unsupported('>'),
                Want::Unsupported('='),
                Want::UnknownPart("a.b".into()),
                Want::UnknownPart("a.b".into()),
            ]
        );
    }
}
