//! From the terms of a search to conditions and an order.

use tessera_bi::{SearchField, SearchTerm};

use super::target::Target;
use super::words::{Fields, Run, pattern, runs, wanted};
use crate::db::Engine;
use crate::filter::Filter;
use crate::users::like_escaped;

/// No more words are looked for.
const WORDS_MAX: usize = 32;
/// No more words that are numbers are compared with the number of an object.
const NUMBERS_MAX: usize = 3;
/// No more terms become conditions of their own: a statement stays prepared, so there must not be
/// too many forms of it.
const CONDITIONS_MAX: usize = 8;

/// A search made ready.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Words to find anywhere, in order.
    words: Vec<String>,
    /// Words to find in one field.
    within: Vec<(Fields, Vec<String>)>,
    /// Patterns that must be found in a field, or in any.
    like: Vec<(Option<SearchField>, String)>,
    /// Numbers that the object must have; `None` for what is no number.
    ids: Vec<Option<i64>>,
    /// Whether anything was asked for that no object can have.
    nothing: bool,
}

impl Wanted {
    /// Reads the terms of a search.
    pub(crate) fn of(terms: &[SearchTerm]) -> Self {
        let mut made = Self::default();
        for term in terms {
            match term.field {
                None => made.anywhere(term),
                Some(SearchField::Id) => made.ids.push(term.text.trim().parse().ok()),
                Some(field) => made.in_field(field, term),
            }
        }
        // Something without letters and digits was asked for; nothing contains that as a word.
        let is_empty = made.words.is_empty()
            && made.within.is_empty()
            && made.like.is_empty()
            && made.ids.is_empty();
        made.nothing = is_empty && !terms.is_empty();
        made.words.truncate(WORDS_MAX);
        made.within.truncate(CONDITIONS_MAX);
        made.like.truncate(CONDITIONS_MAX);
        made.ids.truncate(NUMBERS_MAX);
        made
    }

    fn anywhere(&mut self, term: &SearchTerm) {
        let runs = runs(&term.text);
        for word in wanted(&term.text) {
            if !self.words.contains(&word) {
                self.words.push(word);
            }
        }
        if term.is_phrase && runs.len() > 1 {
            self.like.push((None, like_pattern(&term.text)));
            return;
        }
        // Pairs of characters may stand apart; the whole run must be there.
        for run in runs {
            if let Run::Joined(run) = run
                && run.len() > 2
            {
                self.like.push((None, like_pattern(&run.iter().collect::<String>())));
            }
        }
    }

    fn in_field(&mut self, field: SearchField, term: &SearchTerm) {
        let fields = match field {
            SearchField::Name => Fields::Name,
            SearchField::Description => Fields::Description,
            SearchField::Text | SearchField::Id => Fields::Text,
        };
        // Engines disagree about the case of other letters, so those are found as words.
        if field != SearchField::Name && has_foreign_case(&term.text) {
            let words = wanted(&term.text);
            if words.len() > 1 {
                self.like.push((Some(field), like_pattern(&term.text)));
            }
            self.within.push((fields, words));
        } else {
            self.like.push((Some(field), like_pattern(&term.text)));
        }
    }

    /// Adds the conditions.
    pub(crate) fn add_to(&self, listed: &mut Filter, engine: Engine, target: &Target) {
        let Target { alias, matching, like } = target;
        if self.nothing {
            listed.and("1 = 0");
        }
        let (numbers, others): (Vec<&String>, Vec<&String>) =
            self.words.iter().partition(|word| number(word).is_some());
        let (numbers, more) = numbers.split_at(numbers.len().min(NUMBERS_MAX));
        let others: Vec<String> = others.into_iter().chain(more.iter().copied()).cloned().collect();
        if !others.is_empty() {
            let found = listed.bind(pattern(engine, &others, Fields::All));
            listed.and(format!("{alias}.id IN {{{matching} {found}}}"));
        }
        for word in numbers {
            let id = listed.bind(number(word));
            let found = listed.bind(pattern(engine, std::slice::from_ref(*word), Fields::All));
            listed.and(format!("({alias}.id = {id} OR {alias}.id IN {{{matching} {found}}})"));
        }
        for (fields, words) in self.within.iter().filter(|(_, words)| !words.is_empty()) {
            let found = listed.bind(pattern(engine, words, *fields));
            listed.and(format!("{alias}.id IN {{{matching} {found}}}"));
        }
        for (field, text) in &self.like {
            let any = [SearchField::Name, SearchField::Description, SearchField::Text];
            let fields = field.as_ref().map_or(any.as_slice(), std::slice::from_ref);
            // A value that no condition names would be refused.
            if fields.iter().all(|field| like(*field, "").is_none()) {
                listed.and("1 = 0");
                continue;
            }
            let pattern = listed.bind(text.as_str());
            let each: Vec<_> = fields.iter().filter_map(|field| like(*field, &pattern)).collect();
            listed.and(format!("({})", each.join(" OR ")));
        }
        for id in &self.ids {
            let id = listed.bind(*id);
            listed.and(format!("{alias}.id = {id}"));
        }
    }

    /// How well an object fits, 0 is best: the number itself or all words in the name, then in the
    /// description too, then in the text. `None` if all fit equally.
    pub(crate) fn tier(
        &self,
        listed: &mut Filter,
        engine: Engine,
        target: &Target,
    ) -> Option<String> {
        let Target { alias, matching, .. } = target;
        if self.words.is_empty() {
            return None;
        }
        let id = match self.words.as_slice() {
            [word] => number(word).map(|id| listed.bind(id)),
            _ => None,
        };
        let id = id.map(|id| format!("WHEN {alias}.id = {id} THEN 0 ")).unwrap_or_default();
        let name = listed.bind(pattern(engine, &self.words, Fields::Name));
        let both = listed.bind(pattern(engine, &self.words, Fields::NameAndDescription));
        Some(format!(
            "CASE {id}WHEN {alias}.id IN {{{matching} {name}}} THEN 0 \
             WHEN {alias}.id IN {{{matching} {both}}} THEN 1 ELSE 2 END"
        ))
    }
}

/// The number that a word is, written as we write it.
fn number(word: &str) -> Option<i64> {
    word.parse().ok().filter(|id: &i64| id.to_string() == word)
}

/// Letters beyond ASCII that have another case.
fn is_foreign_cased(character: char) -> bool {
    !character.is_ascii() && (character.is_lowercase() || character.is_uppercase())
}

fn has_foreign_case(text: &str) -> bool {
    text.chars().any(is_foreign_cased)
}

/// A pattern in lower case that finds a text anywhere. Letters whose case the engines do not know
/// fit any one character: their words were compared already.
fn like_pattern(text: &str) -> String {
    let text: String = text.chars().flat_map(char::to_lowercase).collect();
    let escaped = like_escaped(&text);
    let open: String = escaped
        .chars()
        .map(|character| if is_foreign_cased(character) { '_' } else { character })
        .collect();
    format!("%{open}%")
}
