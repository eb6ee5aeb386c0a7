//! Conditions of lists that depend on the request: texts are ours, values are always bound.

use tessera_kernel::PageRequest;

use crate::db::{Call, Value};

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

    /// A statement with the values bound so far.
    pub(crate) fn call(&self, text: String) -> Call {
        Call::composed(text, self.params.clone())
    }
}

/// An order by a value that may be missing: those without it come last either way.
pub(crate) fn missing_last(column: &str, direction: &str) -> String {
    format!("CASE WHEN {column} IS NULL THEN 1 ELSE 0 END, {column} {direction}")
}
