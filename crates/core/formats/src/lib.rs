//! Writes columns as files: Arrow batches in, JSON, NDJSON, CSV, TSV, XLSX, Arrow or Parquet out.
//!
//! It streams: whatever a batch becomes is appended to the caller's buffer at once, so memory does
//! not grow with the number of rows. How documents of others are read is in [`read`]. Entry points: [`encoder`] for a whole file, [`json_rows`] for
//! rows inside somebody else's JSON envelope, [`cell`] for single values and [`unique_names`] for
//! column names. What the values of a column mean is read from the metadata of its field
//! ([`tessera_kernel::COLUMN_KIND`]); how they are spelled is set by [`Options`].

mod columnar;
mod dates;
mod document;
mod encoder;
mod format;
mod json;
mod names;
mod numbers;
mod pattern;
mod python;
pub mod read;
mod text;
mod values;
mod xlsx;

pub use encoder::{Encoder, cell, encoder, json_rows};
pub use format::{DateStyle, Format, Options, Style};
pub use names::unique_names;
pub use tempfile::SpooledTempFile;
