//! Nobody gets rows of others out of what is stored: results, values to choose from, results as tables.

mod attributes;
mod query_results;
