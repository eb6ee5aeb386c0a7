//! Where a search was found: a few words of each field, with the found parts marked.

use super::{Found, SearchField, SearchTerm};

/// How much is shown of a field, in characters.
const SHOWN_CHARACTERS: usize = 200;
/// How much of that stands before the first found part, in characters.
const LEAD_CHARACTERS: usize = 60;
/// How much of a field is looked through, in characters.
const LOOKED_THROUGH_CHARACTERS: usize = 20_000;

/// A field with what was found in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Highlight {
    /// `name`, `description` or `text`.
    pub field: &'static str,
    /// What to show, in order.
    pub parts: Vec<HighlightPart>,
}

/// A part of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HighlightPart {
    /// The text, as it is.
    pub text: String,
    /// Whether it was found.
    pub is_match: bool,
}

/// What to mark, and in which field.
struct Needle {
    field: Option<SearchField>,
    text: Vec<char>,
    /// Whether it must stand where a word begins.
    begins_word: bool,
}

/// The fields in which something was found.
pub(super) fn highlights(found: &Found, terms: &[SearchTerm]) -> Vec<Highlight> {
    let needles: Vec<Needle> = terms.iter().flat_map(needles).collect();
    let fields = [
        ("name", SearchField::Name, Some(found.name.as_str())),
        ("description", SearchField::Description, found.description.as_deref()),
        ("text", SearchField::Text, Some(found.text.as_str())),
    ];
    fields
        .into_iter()
        .filter_map(|(field, kind, text)| {
            let parts = parts(text?, kind, &needles)?;
            Some(Highlight { field, parts })
        })
        .collect()
}

fn needles(term: &SearchTerm) -> Vec<Needle> {
    if term.field == Some(SearchField::Id) {
        return Vec::new();
    }
    let needle = |text: &str, begins_word| Needle {
        field: term.field,
        text: text.chars().map(lower).collect(),
        begins_word,
    };
    if term.is_phrase || term.field.is_some() {
        return vec![needle(&term.text, false)];
    }
    let words = term.text.split(|character: char| !character.is_alphanumeric());
    // A word of a script without spaces is found anywhere.
    words.filter(|word| !word.is_empty()).map(|word| needle(word, word.is_ascii())).collect()
}

/// The lower case of a character, where that is one character too: places must stay places.
fn lower(character: char) -> char {
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ => character,
    }
}

fn parts(text: &str, field: SearchField, needles: &[Needle]) -> Option<Vec<HighlightPart>> {
    let shown: Vec<char> = text.chars().take(LOOKED_THROUGH_CHARACTERS).collect();
    let folded: Vec<char> = shown.iter().copied().map(lower).collect();
    let mut marked = vec![false; shown.len()];
    for needle in needles.iter().filter(|needle| needle.field.is_none_or(|wanted| wanted == field))
    {
        mark(&folded, needle, &mut marked);
    }
    let first = marked.iter().position(|marked| *marked)?;
    let start =
        if shown.len() <= SHOWN_CHARACTERS { 0 } else { first.saturating_sub(LEAD_CHARACTERS) };
    let end = shown.len().min(start + SHOWN_CHARACTERS);
    let mut parts: Vec<HighlightPart> = Vec::new();
    for (character, is_match) in shown[start..end].iter().zip(&marked[start..end]) {
        match parts.last_mut() {
            Some(part) if part.is_match == *is_match => part.text.push(*character),
            _ => parts.push(HighlightPart { text: character.to_string(), is_match: *is_match }),
        }
    }
    if start > 0 {
        parts.insert(0, HighlightPart { text: "…".to_owned(), is_match: false });
    }
    if end < shown.len() {
        parts.push(HighlightPart { text: "…".to_owned(), is_match: false });
    }
    Some(parts)
}

fn mark(folded: &[char], needle: &Needle, marked: &mut [bool]) {
    let length = needle.text.len();
    if length == 0 || length > folded.len() {
        return;
    }
    for start in 0..=folded.len() - length {
        if folded[start..start + length] != needle.text[..] {
            continue;
        }
        if needle.begins_word && start > 0 && folded[start - 1].is_alphanumeric() {
            continue;
        }
        marked[start..start + length].fill(true);
    }
}

#[cfg(test)]
mod tests {
    use tessera_kernel::Timestamp;
    use tessera_kernel::ids::{Uid, UserId};

    use super::super::{ObjectKind, search_terms};
    use super::*;

    fn found(name: &str, text: &str) -> Found {
        Found {
            kind: ObjectKind::Query,
            id: 1,
            uid: Uid::nil(),
            name: name.to_owned(),
            description: None,
            text: text.to_owned(),
            owner: UserId(1),
            owner_name: "Ada".to_owned(),
            is_draft: false,
            version: 1,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    /// Found parts in brackets.
    fn shown(found: &Found, search: &str) -> Vec<String> {
        let text = |highlight: Highlight| -> String {
            let part = |part: &HighlightPart| match part.is_match {
                true => format!("[{}]", part.text),
                false => part.text.clone(),
            };
            let parts: Vec<String> = highlight.parts.iter().map(part).collect();
            format!("{}: {}", highlight.field, parts.concat())
        };
        highlights(found, &search_terms(search)).into_iter().map(text).collect()
    }

    #[test]
    fn found_parts_are_marked_where_they_stand() {
        let query = found("Orders of today", "select reorder from ORDERS -- 東京の売上");
        assert_eq!(
            shown(&query, "ord"),
            ["name: [Ord]ers of today", "text: select reorder from [ORD]ERS -- 東京の売上"]
        );
        assert_eq!(shown(&query, "name:ders"), ["name: Or[ders] of today"]);
        assert_eq!(shown(&query, "売上").len(), 1);
        assert_eq!(shown(&query, "\"of today\""), ["name: Orders [of today]"]);
        assert!(shown(&query, "nothing id:1").is_empty());
    }

    #[test]
    fn a_long_text_is_cut_around_what_was_found() {
        let text = format!("{} needle {}", "x ".repeat(500), "y ".repeat(500));
        let shown = shown(&found("n", &text), "needle");
        assert!(shown[0].starts_with("text: …") && shown[0].ends_with('…'), "{shown:?}");
        assert!(shown[0].contains("[needle]") && shown[0].chars().count() < 230);
    }
}
