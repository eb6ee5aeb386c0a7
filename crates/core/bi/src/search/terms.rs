//! What people type into a search box: words, `"words in a row"`, and `name:`, `description:`,
//! `query:` and `id:` in front of either.

/// Where a term must be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchField {
    /// The name.
    Name,
    /// The description.
    Description,
    /// The text.
    Text,
    /// The number.
    Id,
}

impl SearchField {
    fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "name" => Some(Self::Name),
            "description" => Some(Self::Description),
            "query" | "text" => Some(Self::Text),
            "id" => Some(Self::Id),
            _ => None,
        }
    }
}

/// One thing that must be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchTerm {
    /// Where; `None` for anywhere.
    pub field: Option<SearchField>,
    /// What, as it was typed.
    pub text: String,
    /// Whether it stood between quotes: then its words must follow each other.
    pub is_phrase: bool,
}

/// The terms of a search. Whatever is typed is understood: what is no known field is a word, and a
/// quote that does not end goes to the end.
#[must_use]
pub fn search_terms(text: &str) -> Vec<SearchTerm> {
    let mut terms = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (field, after) = field_of(rest);
        let (value, is_phrase, left) = value_of(after);
        if !value.is_empty() {
            terms.push(SearchTerm { field, text: value.to_owned(), is_phrase });
        }
        rest = left.trim_start();
    }
    terms
}

/// A known field in front of a value, and what follows it.
fn field_of(text: &str) -> (Option<SearchField>, &str) {
    let word_end = text.find(char::is_whitespace).unwrap_or(text.len());
    let Some(colon) = text[..word_end].find(':') else { return (None, text) };
    let after = &text[colon + 1..];
    match SearchField::parse(&text[..colon]) {
        Some(field) if after.starts_with(|next: char| !next.is_whitespace()) => {
            (Some(field), after)
        }
        _ => (None, text),
    }
}

/// A value, whether it was quoted, and what follows it.
fn value_of(text: &str) -> (&str, bool, &str) {
    if let Some(quoted) = text.strip_prefix('"') {
        return match quoted.split_once('"') {
            Some((value, left)) => (value.trim(), true, left),
            None => (quoted.trim(), true, ""),
        };
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (&text[..end], false, &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(field: Option<SearchField>, text: &str, is_phrase: bool) -> SearchTerm {
        SearchTerm { field, text: text.to_owned(), is_phrase }
    }

    #[test]
    fn words_fields_and_phrases_are_told_apart() {
        use SearchField::{Description, Id, Name, Text};
        assert_eq!(
            search_terms(r#" orders name:x QUERY:"a  b" description:"x" id:5 "two words" text:y"#),
            [
                term(None, "orders", false),
                term(Some(Name), "x", false),
                term(Some(Text), "a  b", true),
                term(Some(Description), "x", true),
                term(Some(Id), "5", false),
                term(None, "two words", true),
                term(Some(Text), "y", false),
            ]
        );
    }

    #[test]
    fn what_is_no_field_is_a_word() {
        assert_eq!(
            search_terms("http://x a:b name: orders"),
            [
                term(None, "http://x", false),
                term(None, "a:b", false),
                term(None, "name:", false),
                term(None, "orders", false),
            ]
        );
        assert_eq!(search_terms("\"open end"), [term(None, "open end", true)]);
        assert!(search_terms("  \"\" \" ").is_empty());
    }
}
