//! Words of objects, and patterns to find them by.
//!
//! The program splits texts itself, so that both engines know exactly the same words: runs of
//! letters and digits in lower case. Scripts that put no spaces between words are cut into pairs of
//! characters, so that every part of them is found.

use std::collections::HashSet;

use tessera_kernel::Result;

use crate::db::{Call, Engine, Tx, call_each};

/// Longer words are told apart by their beginning only.
const WORD_CHARACTERS_MAX: usize = 60;
/// No more words of a text are kept; an engine holds about a megabyte for each object.
const FIELD_BYTES_MAX: usize = 200_000;

/// A run of letters and digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Run {
    /// A word between others.
    Word(String),
    /// A part of a text without spaces between words.
    Joined(Vec<char>),
}

/// Whether a character belongs to a script without spaces between words.
fn is_joined(character: char) -> bool {
    matches!(u32::from(character),
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF // Thai, Lao, Myanmar, Khmer
        | 0x2E80..=0x2FDF | 0x3005..=0x3007 | 0x3021..=0x3029 | 0x3031..=0x3035
        | 0x3040..=0x30FA | 0x30FC..=0x318F | 0x31A0..=0x31BF | 0x31F0..=0x31FF
        | 0x3400..=0x4DBF | 0x4E00..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF
        | 0xFF66..=0xFFDC | 0x1_1A00..=0x1_1AFF | 0x2_0000..=0x3_FFFF)
}

/// The runs of a text, in order, in lower case.
pub(super) fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut open = false;
    for character in text.chars().flat_map(char::to_lowercase) {
        let joined = is_joined(character);
        if !joined && !character.is_alphanumeric() {
            open = false;
            continue;
        }
        match runs.last_mut() {
            Some(Run::Word(word)) if open && !joined => word.push(character),
            Some(Run::Joined(run)) if open && joined => run.push(character),
            _ if joined => runs.push(Run::Joined(vec![character])),
            _ => runs.push(Run::Word(character.to_string())),
        }
        open = true;
    }
    runs
}

fn cut(word: String) -> String {
    match word.char_indices().nth(WORD_CHARACTERS_MAX) {
        Some((end, _)) => word[..end].to_owned(),
        None => word,
    }
}

/// The words to keep of a text, each once, in order. Each character of a joined run begins one.
fn kept(text: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut words = Vec::new();
    let mut keep = |word: String| {
        if seen.insert(word.clone()) {
            words.push(word);
        }
    };
    for run in runs(text) {
        match run {
            Run::Word(word) => keep(cut(word)),
            Run::Joined(run) => {
                for at in 0..run.len() {
                    keep(run[at..run.len().min(at + 2)].iter().collect());
                }
            }
        }
    }
    words
}

/// The words to look for, each once, in order: each is the beginning of a kept one.
pub(super) fn wanted(text: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    let words = runs(text).into_iter().flat_map(|run| match run {
        Run::Word(word) => vec![cut(word)],
        Run::Joined(run) if run.len() == 1 => vec![run.iter().collect()],
        Run::Joined(run) => run.windows(2).map(|pair| pair.iter().collect()).collect(),
    });
    words.filter(|word| seen.insert(word.clone())).collect()
}

fn field(text: &str) -> String {
    let mut joined = String::new();
    for word in kept(text) {
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
    Description,
    Text,
    NameAndDescription,
    All,
}

/// A pattern for `{match …}`: every word is the beginning of a word in these fields.
pub(super) fn pattern(engine: Engine, words: &[String], fields: Fields) -> String {
    // Words are letters and digits, so nothing in them can be taken for an operator.
    match engine {
        Engine::Sqlite => {
            let each: Vec<String> = words.iter().map(|word| format!("\"{word}\" *")).collect();
            let joined = each.join(" AND ");
            match fields {
                Fields::Name => format!("{{name}} : ({joined})"),
                Fields::Description => format!("{{description}} : ({joined})"),
                Fields::Text => format!("{{text}} : ({joined})"),
                Fields::NameAndDescription => format!("{{name description}} : ({joined})"),
                Fields::All => joined,
            }
        }
        Engine::Postgres => {
            let weights = match fields {
                Fields::Name => "A",
                Fields::Description => "B",
                Fields::Text => "C",
                Fields::NameAndDescription => "AB",
                Fields::All => "",
            };
            let each: Vec<String> =
                words.iter().map(|word| format!("'{word}':*{weights}")).collect();
            each.join(" & ")
        }
    }
}

/// The texts of an object that are looked through.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Texts<'a> {
    pub(crate) name: &'a str,
    pub(crate) description: &'a str,
    pub(crate) text: &'a str,
}

impl Texts<'_> {
    fn fields(self) -> [String; 3] {
        [field(self.name), field(self.description), field(self.text)]
    }
}

fn insert_query(id: i64, texts: Texts<'_>) -> Call {
    let [name, description, text] = texts.fields();
    call_each!("query_words_insert", id, name, description, text)
}

fn insert_dashboard(id: i64, texts: Texts<'_>) -> Call {
    let [name, description, text] = texts.fields();
    call_each!("dashboard_words_insert", id, name, description, text)
}

/// Keeps the words of a query up to date.
pub(crate) async fn save_query(tx: Tx<'_>, id: i64, texts: Texts<'_>, is_new: bool) -> Result<()> {
    if !is_new {
        tx.execute(call_each!("query_words_delete", id)).await?;
    }
    tx.execute(insert_query(id, texts)).await.map(drop)
}

/// Keeps the words of a dashboard up to date.
pub(super) async fn replace_dashboard(tx: Tx<'_>, id: i64, texts: Texts<'_>) -> Result<()> {
    tx.execute(call_each!("dashboard_words_delete", id)).await?;
    tx.execute(insert_dashboard(id, texts)).await.map(drop)
}

/// Keeps the words of an alert up to date: its name, and its own subject and body.
pub(crate) async fn save_alert(
    tx: Tx<'_>,
    id: i64,
    name: &str,
    templates: [Option<&str>; 2],
) -> Result<()> {
    let text = templates.map(Option::unwrap_or_default).join(" ");
    let [name, description, text] = Texts { name, description: "", text: &text }.fields();
    tx.execute(call_each!("alert_words_delete", id)).await?;
    tx.execute(call_each!("alert_words_insert", id, name, description, text)).await.map(drop)
}

/// Keeps the words of a snippet up to date.
pub(crate) async fn save_snippet(tx: Tx<'_>, id: i64, texts: Texts<'_>) -> Result<()> {
    let [name, description, text] = texts.fields();
    tx.execute(call_each!("snippet_words_delete", id)).await?;
    tx.execute(call_each!("snippet_words_insert", id, name, description, text)).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        assert_eq!(
            wanted("Tÿpes / RÉSUMÉ_漢 types 1.5"),
            ["tÿpes", "résumé", "漢", "types", "1", "5"]
        );
        assert!(wanted("%% '\"* _").is_empty());
        assert_eq!(wanted(&"x".repeat(100))[0].len(), WORD_CHARACTERS_MAX);
    }

    #[test]
    fn every_part_of_a_text_without_spaces_is_found() {
        let kept = kept("東京の売上report");
        assert_eq!(kept, ["東京", "京の", "の売", "売上", "上", "report"]);
        for part in ["東", "京", "売上", "上", "東京の", "の売上report", "REPORT"] {
            let found = |word: &String| kept.iter().any(|kept| kept.starts_with(word.as_str()));
            assert!(wanted(part).iter().all(found), "{part}");
        }
        assert!(!kept.iter().any(|kept| kept.starts_with("売東")));
        assert_eq!(wanted("매출"), ["매출"]);
    }
}
