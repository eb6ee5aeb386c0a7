//! Mustache as far as notices need it: values, sections, inverted sections, notes.
//!
//! Values are escaped for HTML unless they stand in three braces or behind `&`. Nothing is ever read
//! from elsewhere: there are no partials, and delimiters stay as they are.

use serde_json::Value as Json;
use tessera_kernel::{Code, Fault, Result};

use super::condition::text_of;

/// Deepest nesting of sections.
const DEPTH_MAX: usize = 16;
/// Most parts that are written, those of repetitions counted: also what writes nothing takes time.
const STEPS_MAX: usize = 1_000_000;

/// One part of a template.
#[derive(Debug, PartialEq)]
enum Part<'t> {
    Text(&'t str),
    Value { name: &'t str, raw: bool },
    Section { name: &'t str, inverted: bool, parts: Vec<Part<'t>> },
}

/// A kind of tag and its name.
enum Tag<'t> {
    Value { name: &'t str, raw: bool },
    Open { name: &'t str, inverted: bool },
    Close(&'t str),
    Nothing,
}

/// Checks that a template can be rendered.
///
/// # Errors
/// `Invalid` without a field.
pub(crate) fn check(template: &str) -> Result<()> {
    parse(template).map(drop)
}

/// Renders a template; names that mean nothing give nothing.
///
/// # Errors
/// `Invalid` for sections that do not fit, `TooLarge` for more than `bytes_max` bytes.
pub(crate) fn render(template: &str, context: &Json, bytes_max: usize) -> Result<String> {
    let mut out = Output { text: String::new(), bytes_max, steps: 0 };
    out.parts(&parse(template)?, &mut vec![context])?;
    Ok(out.text)
}

fn parse(template: &str) -> Result<Vec<Part<'_>>> {
    let mut open: Vec<(&str, bool, Vec<Part<'_>>)> = Vec::new();
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(start) = template[at..].find("{{").map(|found| at + found) {
        let raw = template[start..].starts_with("{{{");
        let (from, ending) = if raw { (start + 3, "}}}") } else { (start + 2, "}}") };
        let Some(length) = template[from..].find(ending) else { break };
        let end = from + length + ending.len();
        let tag = tag(&template[from..from + length], raw);
        // A tag that stands alone on its line takes the line with it, unless it is a value.
        let line = match tag {
            Tag::Value { .. } => start..end,
            _ => whole_line(template, start, end)
                .filter(|line| line.start >= at)
                .unwrap_or(start..end),
        };
        if line.start > at {
            parts.push(Part::Text(&template[at..line.start]));
        }
        at = line.end;
        match tag {
            Tag::Nothing => {}
            Tag::Value { name, raw } => parts.push(Part::Value { name, raw }),
            Tag::Open { name, inverted } => {
                if open.len() == DEPTH_MAX {
                    return Err(wrong(format!("has more than {DEPTH_MAX} sections in each other")));
                }
                open.push((name, inverted, std::mem::take(&mut parts)));
            }
            Tag::Close(closed) => {
                let (name, inverted, outer) = open
                    .pop()
                    .filter(|(name, ..)| *name == closed)
                    .ok_or_else(|| wrong(format!("closes the section {closed:?}, not open")))?;
                let inner = std::mem::replace(&mut parts, outer);
                parts.push(Part::Section { name, inverted, parts: inner });
            }
        }
    }
    if let Some((name, ..)) = open.last() {
        return Err(wrong(format!("does not close the section {name:?}")));
    }
    if at < template.len() {
        parts.push(Part::Text(&template[at..]));
    }
    Ok(parts)
}

fn tag(inside: &str, raw: bool) -> Tag<'_> {
    let inside = inside.trim();
    if raw {
        return Tag::Value { name: inside, raw };
    }
    let behind = |sign: usize| inside[sign..].trim();
    match inside.as_bytes().first() {
        Some(b'#') => Tag::Open { name: behind(1), inverted: false },
        Some(b'^') => Tag::Open { name: behind(1), inverted: true },
        Some(b'/') => Tag::Close(behind(1)),
        Some(b'&') => Tag::Value { name: behind(1), raw: true },
        Some(b'!' | b'>' | b'=') | None => Tag::Nothing,
        Some(_) => Tag::Value { name: inside, raw: false },
    }
}

/// The line of a tag, if nothing else is on it.
fn whole_line(template: &str, start: usize, end: usize) -> Option<std::ops::Range<usize>> {
    let before = template[..start].trim_end_matches([' ', '\t']);
    let after = template[end..].trim_start_matches([' ', '\t']);
    let next = after.strip_prefix("\r\n").or_else(|| after.strip_prefix('\n'));
    let next = next.or(after.is_empty().then_some(after))?;
    let begins = before.is_empty() || before.ends_with('\n');
    begins.then(|| before.len()..template.len() - next.len())
}

fn wrong(detail: String) -> Fault {
    Fault::new(Code::Invalid, detail)
}

struct Output {
    text: String,
    bytes_max: usize,
    steps: usize,
}

impl Output {
    fn parts(&mut self, parts: &[Part<'_>], stack: &mut Vec<&Json>) -> Result<()> {
        for part in parts {
            match part {
                Part::Text(text) => self.push(text)?,
                Part::Value { name, raw } => {
                    let text = find(name, stack).map(text_of).unwrap_or_default();
                    if *raw { self.push(&text)? } else { self.push(&escape(&text))? }
                }
                Part::Section { name, inverted, parts } => {
                    let found = find(name, stack);
                    match (found.filter(|value| is_something(value)), *inverted) {
                        (None, true) => self.parts(parts, stack)?,
                        (Some(Json::Array(items)), false) => {
                            for item in items {
                                self.inside(parts, stack, item)?;
                            }
                        }
                        (Some(value), false) => self.inside(parts, stack, value)?,
                        (None, false) | (Some(_), true) => {}
                    }
                }
            }
        }
        Ok(())
    }

    fn inside<'c>(
        &mut self,
        parts: &[Part<'_>],
        stack: &mut Vec<&'c Json>,
        value: &'c Json,
    ) -> Result<()> {
        self.steps += 1 + parts.len();
        if self.steps > STEPS_MAX {
            return Err(Fault::new(Code::TooLarge, "repeats its sections too often"));
        }
        stack.push(value);
        let done = self.parts(parts, stack);
        stack.pop();
        done
    }

    fn push(&mut self, text: &str) -> Result<()> {
        if self.text.len() + text.len() > self.bytes_max {
            let detail =
                format!("becomes longer than {} bytes (alerts.text_bytes_max)", self.bytes_max);
            return Err(Fault::new(Code::TooLarge, detail));
        }
        self.text.push_str(text);
        Ok(())
    }
}

/// The value of a name: `.` is the innermost, `a.b` a member of the nearest `a`.
fn find<'c>(name: &str, stack: &[&'c Json]) -> Option<&'c Json> {
    if name == "." {
        return stack.last().copied();
    }
    // A column may have a dot in its name.
    let whole = stack.iter().rev().find_map(|value| value.as_object()?.get(name));
    if whole.is_some() {
        return whole;
    }
    let (first, rest) = name.split_once('.')?;
    let start = stack.iter().rev().find_map(|value| value.as_object()?.get(first))?;
    rest.split('.').try_fold(start, |value, member| value.as_object()?.get(member))
}

fn is_something(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(false) => false,
        Json::Array(items) => !items.is_empty(),
        Json::String(text) => !text.is_empty(),
        Json::Number(number) => number.as_f64() != Some(0.0),
        Json::Object(members) => !members.is_empty(),
        Json::Bool(true) => true,
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#x27;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn rendered(template: &str) -> String {
        let context = json!({
            "NAME": "A & <b>", "N": 5, "F": 2.5, "YES": true, "NONE": null, "EMPTY": [],
            "ROWS": [{ "a": 1, "b.c": "x" }, { "a": 2, "b.c": "y" }], "TABLE": [[1, "x"], [2, "y"]],
            "O": { "p": { "q": 7 } },
        });
        render(template, &context, 1000).expect("renders")
    }

    #[test]
    fn values_are_escaped_for_html_unless_they_are_raw() {
        assert_eq!(
            rendered("{{NAME}} {{ N }} {{F}} {{YES}}|{{NONE}}|{{MISSING}}|"),
            "A &amp; &lt;b&gt; 5 2.5 true|||"
        );
        assert_eq!(rendered("{{{NAME}}} {{& NAME}}"), "A & <b> A & <b>");
        assert_eq!(rendered("{{O.p.q}}{{! a note }}"), "7");
    }

    #[test]
    fn sections_repeat_for_rows_and_cells() {
        assert_eq!(rendered("{{#ROWS}}{{a}}={{b.c}};{{N}} {{/ROWS}}"), "1=x;5 2=y;5 ");
        assert_eq!(
            rendered("{{#TABLE}}<tr>{{#.}}<td>{{.}}</td>{{/.}}</tr>{{/TABLE}}"),
            "<tr><td>1</td><td>x</td></tr><tr><td>2</td><td>y</td></tr>"
        );
        assert_eq!(rendered("{{#EMPTY}}no{{/EMPTY}}{{^EMPTY}}none{{/EMPTY}}"), "none");
        assert_eq!(rendered("{{#YES}}on{{/YES}}{{^YES}}off{{/YES}}"), "on");
    }

    #[test]
    fn a_section_alone_on_its_line_leaves_no_line() {
        assert_eq!(rendered("a\n{{#ROWS}}\n- {{a}}\n{{/ROWS}}\nb"), "a\n- 1\n- 2\nb");
        assert_eq!(rendered("{{#YES}}\n {{#O}}\nx\n{{/O}}\n{{/YES}}"), "x\n");
    }

    #[test]
    fn what_does_not_fit_is_refused_and_unclosed_braces_are_text() {
        for template in ["{{#A}}x", "x{{/A}}", "{{#A}}{{#B}}{{/A}}{{/B}}"] {
            assert_eq!(check(template).expect_err(template).code(), Code::Invalid);
        }
        assert_eq!(rendered("a {{ b"), "a {{ b");
        let many = "{{#A}}".repeat(DEPTH_MAX + 1);
        assert!(check(&many).is_err());
    }

    #[test]
    fn a_text_that_grows_beyond_its_limit_is_an_error() {
        let context = json!({ "R": vec![1; 100] });
        let template = "{{#R}}{{#R}}{{#R}}0123456789{{/R}}{{/R}}{{/R}}";
        assert_eq!(render(template, &context, 1000).expect_err("long").code(), Code::TooLarge);
        let nothing = "{{#R}}{{#R}}{{#R}}{{#R}}{{/R}}{{/R}}{{/R}}{{/R}}";
        assert_eq!(render(nothing, &context, 1000).expect_err("endless").code(), Code::TooLarge);
    }
}
