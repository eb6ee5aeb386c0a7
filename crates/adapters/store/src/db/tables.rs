//! Which tables a statement reads and writes, as far as its words tell: rather one too many.

use std::collections::HashMap;
use std::ops::BitOr;
use std::sync::OnceLock;

use super::migrate;

/// A set of tables. Two may share a place; then they are taken for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tables(pub(super) u64);

impl Tables {
    /// How many places there are.
    pub(super) const MOST: usize = 64;
    pub(super) const NONE: Self = Self(0);
    pub(super) const ALL: Self = Self(u64::MAX);

    /// The places of these tables.
    pub(super) fn each(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let place = (left != 0).then(|| left.trailing_zeros() as usize)?;
            // Without its lowest one.
            left &= left - 1;
            Some(place)
        })
    }

    /// What a text names.
    pub(super) fn read_by(text: &str) -> Self {
        if text.contains("{match") {
            return Self::ALL;
        }
        let schema = schema();
        words(text)
            .filter_map(|word| schema.get(word))
            .fold(Self::NONE, |all, table| all | table.own)
    }

    /// What a text may write to: what it names, and what the engine changes along with that.
    pub(super) fn written_by(text: &str) -> Self {
        let schema = schema();
        words(text)
            .filter_map(|word| schema.get(word))
            .fold(Self::NONE, |all, table| all | table.own | table.along)
    }
}

impl BitOr for Tables {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A table's place, and those of the tables that the engine may write to when it is written to:
/// tables with a reference to it, and what its triggers name.
#[derive(Debug)]
struct Table {
    own: Tables,
    along: Tables,
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
        .filter(|word| !word.is_empty())
}

/// The tables that the migrations make.
fn schema() -> &'static HashMap<String, Table> {
    static SCHEMA: OnceLock<HashMap<String, Table>> = OnceLock::new();
    SCHEMA.get_or_init(|| read(&migrate::texts().collect::<Vec<_>>().join("\n")))
}

fn read(migrations: &str) -> HashMap<String, Table> {
    // Each piece begins with what is made or changed: a table, an index, a trigger.
    let migrations = migrations.replace("ALTER TABLE", "CREATE TABLE");
    let pieces: Vec<Vec<&str>> =
        migrations.split("CREATE ").map(|piece| words(piece).collect()).collect();
    let mut places: HashMap<&str, Tables> = HashMap::new();
    for piece in &pieces {
        if let Some(name) = created(piece)
            && !places.contains_key(name)
        {
            places.insert(name, Tables(1 << (places.len() % Tables::MOST)));
        }
    }
    // What is written along with a table, one step at a time until nothing is added.
    let mut along: HashMap<&str, Tables> = HashMap::new();
    loop {
        let before = along.clone();
        for piece in &pieces {
            let (concerns, changed): (Vec<&str>, Tables) = match (created(piece), piece.first()) {
                (Some(name), _) => {
                    let others = piece.windows(2).filter(|pair| pair[0] == "REFERENCES");
                    (others.map(|pair| pair[1]).collect(), places[name])
                }
                (None, Some(&"TRIGGER")) => {
                    let on = piece.iter().position(|word| *word == "ON");
                    let named = piece.iter().filter_map(|word| places.get(word));
                    let all = named.fold(Tables::NONE, |all, table| all | *table);
                    (on.and_then(|on| piece.get(on + 1)).copied().into_iter().collect(), all)
                }
                _ => continue,
            };
            let further = created(piece).and_then(|name| before.get(name)).copied();
            for name in concerns {
                let known = along.entry(name).or_insert(Tables::NONE);
                *known = *known | changed | further.unwrap_or(Tables::NONE);
            }
        }
        if along == before {
            break;
        }
    }
    places
        .into_iter()
        .map(|(name, own)| {
            let along = along.get(name).copied().unwrap_or(Tables::NONE);
            (name.to_owned(), Table { own, along })
        })
        .collect()
}

/// The name of the table that a piece makes or changes.
fn created<'a>(piece: &[&'a str]) -> Option<&'a str> {
    let rest = match piece {
        ["VIRTUAL", "TABLE", rest @ ..] | ["TABLE", rest @ ..] => rest,
        _ => return None,
    };
    match rest {
        ["IF", "NOT", "EXISTS", name, ..] => Some(name),
        [name, ..] => Some(name),
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_reads_the_tables_that_it_names() {
        let both = Tables::read_by("SELECT 1 FROM jobs j JOIN results r ON r.id = j.result_id");
        let jobs = Tables::read_by("SELECT 1 FROM jobs");
        assert_ne!(both, jobs);
        assert_eq!(both | jobs, both);
        assert_eq!(Tables::read_by("SELECT 1"), Tables::NONE);
    }

    #[test]
    fn each_place_of_a_set_is_told_once() {
        let places = |tables: Tables| tables.each().collect::<Vec<_>>();
        assert!(places(Tables::NONE).is_empty());
        assert_eq!(places(Tables(1 | 1 << 5 | 1 << 63)), [0, 5, 63]);
        assert_eq!(places(Tables::ALL), (0..Tables::MOST).collect::<Vec<_>>());
    }

    #[test]
    fn references_and_triggers_are_written_along() {
        let schema = read(
            "CREATE TABLE a (id); CREATE TABLE b (a REFERENCES a (id)); CREATE TABLE IF NOT EXISTS \
             c (b REFERENCES b); CREATE TABLE d (x); CREATE TABLE e (x); CREATE TRIGGER t AFTER \
             INSERT ON d BEGIN INSERT INTO e VALUES (1); END;",
        );
        let own = |name: &str| schema[name].own;
        assert_eq!(schema["a"].along, own("b") | own("c"));
        assert_eq!(schema["b"].along, own("c"));
        assert_eq!(schema["d"].along, own("d") | own("e"));
        assert_eq!(schema["e"].along, Tables::NONE);
    }

    #[test]
    fn every_table_of_the_schema_is_known() {
        for name in ["users", "keys", "queries", "jobs", "results", "job_slots", "sources"] {
            assert_ne!(Tables::read_by(name), Tables::NONE, "{name}");
        }
    }
}
