//! Nobody gets rows of others out of what is stored: results, choices, results as tables.

mod attributes;
mod query_results;
