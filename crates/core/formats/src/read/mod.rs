//! Reads documents whose columns nobody declared: CSV, JSON and Excel in, Arrow batches out. A first
//! pass over the document finds the columns and their types, a second one makes the batches, so that
//! memory does not grow with the number of rows. Nothing here waits: call it on a thread that may.

mod columns;
mod csv;
mod excel;
mod json;
mod xls;

use std::borrow::Cow;
use std::collections::HashMap;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use tessera_kernel::{Code, Fault, Result};

pub use self::columns::{Shape, read_rows};
pub use self::csv::{CsvOptions, read_csv};
pub use self::excel::{ExcelOptions, Sheet, read_excel};
pub use self::json::{JsonOptions, at_path, cell_of, json_elements, read_json, read_ndjson};

/// Where rows go.
pub trait Target {
    /// Names the columns; called once, before the first batch.
    ///
    /// # Errors
    /// If nobody wants more.
    fn begin(&mut self, schema: SchemaRef) -> Result<()>;
    /// Takes rows.
    ///
    /// # Errors
    /// If nobody wants more.
    fn batch(&mut self, batch: RecordBatch) -> Result<()>;
    /// Fails once nobody wants more; asked between rows.
    ///
    /// # Errors
    /// If nobody wants more.
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// A value of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// None.
    Null,
    /// A truth value.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Real(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// A day and a time of day without zone, in microseconds since 1970.
    Timestamp(i64),
    /// Anything else, as JSON.
    Json(String),
}

/// The names of columns, in the order in which they were seen.
#[derive(Debug, Default)]
pub struct Names {
    names: Vec<String>,
    places: HashMap<String, usize>,
}

/// Most columns of a document.
const COLUMNS_MAX: usize = 10_000;

impl Names {
    /// The place of a column, which is a new one if there is none of that name.
    ///
    /// # Errors
    /// `TooLarge` for more columns than anybody reads.
    pub fn place(&mut self, name: &str) -> Result<usize> {
        if let Some(place) = self.places.get(name) {
            return Ok(*place);
        }
        self.add(name)
    }

    /// A new column; one of the same name gets a number behind it.
    fn add_unique(&mut self, name: &str) -> Result<usize> {
        let mut unique = name.to_owned();
        let mut number = 0;
        while self.places.contains_key(&unique) {
            number += 1;
            unique = format!("{name}.{number}");
        }
        self.add(&unique)
    }

    fn add(&mut self, name: &str) -> Result<usize> {
        let place = self.names.len();
        if place >= COLUMNS_MAX {
            let detail = format!("the document has more than {COLUMNS_MAX} columns");
            return Err(Fault::new(Code::TooLarge, detail));
        }
        self.names.push(name.to_owned());
        self.places.insert(name.to_owned(), place);
        Ok(place)
    }

    /// All names.
    #[must_use]
    pub fn all(&self) -> &[String] {
        &self.names
    }
}

/// The cells of a row by the places of their columns; a column that is not among them is NULL.
pub type Row<'a> = Vec<(usize, Cell<'a>)>;

/// Takes the rows of one pass.
pub type Each<'e> = dyn FnMut(Row<'_>) -> Result<()> + 'e;

fn unreadable(detail: impl std::fmt::Display) -> Fault {
    Fault::new(Code::SourceFailed, detail.to_string())
}
