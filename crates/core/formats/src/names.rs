//! Column names that occur once only.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow_schema::{Schema, SchemaRef};

/// Gives duplicates a number: `a, a, a` becomes `a, a1, a2`. A number that would make the name of
/// an earlier column is skipped; a later column that has such a name gets a number itself.
#[must_use]
pub fn unique_names(names: &[String]) -> Vec<String> {
    let mut taken: HashSet<String> = HashSet::with_capacity(names.len());
    let mut counters: HashMap<&str, usize> = HashMap::new();
    let mut result = Vec::with_capacity(names.len());
    for name in names {
        let mut unique = name.clone();
        while taken.contains(&unique) {
            let counter = counters.entry(name).or_default();
            *counter += 1;
            unique = format!("{name}{counter}");
        }
        taken.insert(unique.clone());
        result.push(unique);
    }
    result
}

/// The schema with unique column names; the same one if they are unique already.
pub(crate) fn unique_schema(schema: SchemaRef) -> SchemaRef {
    let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let unique = unique_names(&names);
    if unique == names {
        return schema;
    }
    let fields: Vec<_> = schema
        .fields()
        .iter()
        .zip(unique)
        .map(|(field, name)| Arc::new(field.as_ref().clone().with_name(name)))
        .collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unique(names: &[&str]) -> Vec<String> {
        unique_names(&names.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn duplicates_get_numbers_that_are_free() {
        assert_eq!(unique(&["a", "b"]), ["a", "b"]);
        assert_eq!(unique(&["dup", "dup", "dup"]), ["dup", "dup1", "dup2"]);
        assert_eq!(unique(&["dup1", "dup", "dup"]), ["dup1", "dup", "dup2"]);
        assert_eq!(unique(&["dup", "dup", "dup1"]), ["dup", "dup1", "dup11"]);
    }
}
