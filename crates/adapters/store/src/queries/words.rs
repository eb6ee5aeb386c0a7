//! Words of queries, and patterns to find them by.
//!
//! The program splits texts itself, so that both engines know exactly the same words: runs of
//! letters and digits in lower case.

use std::collections::HashSet;

use tessera_bi::Query;
use tessera_kernel::Result;
use tessera_kernel::ids::QueryId;

use crate::db::{Call, Engine, Tx, call_each};

/// Longer words are told apart by their beginning only.
const WORD_CHARACTERS_MAX: usize = 60;
/// No more words of a text are kept; an engine holds about a megabyte for each query.
const FIELD_BYTES_MAX: usize = 200_000;

/// The words of a text, each once, in order.
pub(crate) fn split(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let mut seen = HashSet::new();
    lower
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().take(WORD_CHARACTERS_MAX).collect::<String>())
        .filter(|word| seen.insert(word.clone()))
        .collect()
}

fn field(text: &str) -> String {
    let mut joined = String::new();
    for word in split(text) {
        if joined.len() + word.len() > FIELD_BYTES_MAX {
            break;
        }
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(&word);
    }
    joined
}

/// Which fields to look into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fields {
    Name,
    NameAndDescription,
    All,
}

/// A pattern for `{match …}`: every word is the beginning of a word in these fields.
pub(super) fn pattern(engine: Engine, words: &[String], fields: Fields) -> String {
    // Words are letters and digits, so nothing in them can be taken for an operator.
    let (joint, each): (&str, Vec<String>) = match engine {
        Engine::Sqlite => (" AND ", words.iter().map(|word| format!("\"{word}\" *")).collect()),
        Engine::Postgres => {
            let weights = match fields {
                Fields::Name => "A",
                Fields::NameAndDescription => "AB",
                Fields::All => "",
            };
            (" & ", words.iter().map(|word| format!("'{word}':*{weights}")).collect())
        }
    };
    let joined = each.join(joint);
    match (engine, fields) {
        (Engine::Sqlite, Fields::Name) => format!("{{name}} : ({joined})"),
        (Engine::Sqlite, Fields::NameAndDescription) => {
            format!("{{name description}} : ({joined})")
        }
        (Engine::Sqlite, Fields::All) | (Engine::Postgres, _) => joined,
    }
}

fn insert(id: QueryId, query: &Query) -> Call {
    call_each!(
        "query_words_insert",
        id,
        field(&query.name),
        field(query.description.as_deref().unwrap_or_default()),
        field(&query.text),
    )
}

/// Keeps the words of a query up to date.
pub(super) async fn save(tx: Tx<'_>, id: QueryId, query: &Query, is_new: bool) -> Result<()> {
    if !is_new {
        tx.execute(call_each!("query_words_delete", id)).await?;
    }
    tx.execute(insert(id, query)).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        assert_eq!(
            split("Tÿpes / RÉSUMÉ_漢 types 1.5"),
            ["tÿpes", "résumé", "漢", "types", "1", "5"]
        );
        assert!(split("%% '\"* _").is_empty());
        assert_eq!(split(&"x".repeat(100))[0].len(), WORD_CHARACTERS_MAX);
    }
}
