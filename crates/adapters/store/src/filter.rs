//! Conditions of lists that depend on the request: texts are ours, values are always bound.

use std::collections::BTreeSet;

use tessera_kernel::PageRequest;

use crate::db::{Call, Value, text_list};

/// Conditions that all must hold, with their values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    conditions: Vec<String>,
    params: Vec<Value>,
}

impl Filter {
    /// Binds a value; gives the parameter to write into a condition.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> String {
        self.params.push(value.into());
        format!("${}", self.params.len())
    }

    /// Adds a condition.
    pub(crate) fn and(&mut self, condition: impl Into<String>) {
        self.conditions.push(condition.into());
    }

    /// All conditions.
    pub(crate) fn text(&self) -> String {
        if self.conditions.is_empty() { "1 = 1".to_owned() } else { self.conditions.join(" AND ") }
    }

    /// The limit of a page.
    pub(crate) fn page(&mut self, page: PageRequest) -> String {
        let (size, offset) = (self.bind(page.size), self.bind(page.offset()));
        format!("LIMIT {size} OFFSET {offset}")
    }

    /// No conditions, with the values bound so far: for a further part of one statement.
    pub(crate) fn fresh(self) -> Self {
        Self { conditions: Vec::new(), params: self.params }
    }

    /// A statement with the values bound so far.
    pub(crate) fn call(&self, text: String) -> Call {
        Call::composed(text, self.params.clone())
    }
}

/// Adds the condition that all of these tags are there; `table` ends with what ties it to the object.
/// One condition for any number of tags, so that few forms of a statement are kept prepared.
pub(crate) fn has_tags(filter: &mut Filter, table: &str, tags: &[String]) {
    let wanted: BTreeSet<String> = tags.iter().cloned().collect();
    if wanted.is_empty() {
        return;
    }
    let count = filter.bind(wanted.len() as u64);
    let wanted = filter.bind(text_list(wanted));
    filter.and(format!("(SELECT COUNT(*) FROM {table} AND t.tag IN {{texts {wanted}}}) = {count}"));
}

/// An order by a value that may be missing: those without it come last either way.
pub(crate) fn missing_last(column: &str, direction: &str) -> String {
    format!("CASE WHEN {column} IS NULL THEN 1 ELSE 0 END, {column} {direction}")
}
