//! Excel workbooks: one sheet, read as a stream of its cells. Those of before 2007 (`.xls`) are known
//! by their first bytes, whatever the name of the file, and read by `xls`.

use std::borrow::Cow;
use std::io::{Cursor, Read as _};

use calamine::{DataRef, Reader as _, Xlsx};
use tessera_kernel::{Code, Fault, Result};

use super::columns::read_rows;
use super::xls::{self, OldBook};
use super::{Cell, Each, Names, Row, Target, unreadable};

/// What of a workbook is wanted.
#[derive(Debug, Clone)]
pub struct ExcelOptions {
    /// The sheet.
    pub sheet: Sheet,
    /// Rows left out at the beginning.
    pub skip_rows: u32,
    /// Whether the first row names the columns.
    pub header: bool,
    /// Names of the columns, instead of those in the sheet.
    pub names: Vec<String>,
    /// The columns wanted; all if there is none.
    pub columns: Vec<String>,
    /// Most rows.
    pub rows_max: Option<u64>,
}

/// A sheet of a workbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sheet {
    /// By its place, from 0.
    Place(usize),
    /// By its name.
    Name(String),
}

impl Default for ExcelOptions {
    fn default() -> Self {
        Self {
            sheet: Sheet::Place(0),
            skip_rows: 0,
            header: true,
            names: Vec::new(),
            columns: Vec::new(),
            rows_max: None,
        }
    }
}

/// Most bytes of a workbook once it is unpacked.
const UNPACKED_BYTES_MAX: u64 = 1 << 30;

/// Most cells of a sheet, empty ones included.
const CELLS_MAX: u64 = 50_000_000;

/// Reads a sheet of a workbook.
///
/// # Errors
/// `SourceFailed` if it is no workbook, `TooLarge` if it is too large once it is unpacked.
pub fn read_excel(
    bytes: &[u8],
    options: &ExcelOptions,
    batch_rows: usize,
    target: &mut dyn Target,
) -> Result<()> {
    if bytes.starts_with(xls::SIGNATURE) {
        let book = OldBook::open(bytes)?;
        let sheet = chosen(&book.sheet_names(), options)?;
        return read_rows("xls", batch_rows, None, target, &|names, each| {
            let mut lines = Lines::new(options, names, each);
            book.scan(sheet, &mut |row, column, cell| lines.put(row, column, cell))?;
            lines.end()
        });
    }
    check_size(bytes)?;
    read_rows("xlsx", batch_rows, None, target, &|names, each| scan(bytes, options, names, each))
}

/// Small files can become large ones: they are unpacked once without being kept.
fn check_size(bytes: &[u8]) -> Result<()> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes))
        .map_err(|_| unreadable("it is no workbook of the kind .xlsx or .xls"))?;
    let mut left = UNPACKED_BYTES_MAX;
    for place in 0..archive.len() {
        let entry = archive.by_index(place).map_err(unreadable)?;
        let unpacked = std::io::copy(&mut entry.take(left + 1), &mut std::io::sink());
        left = left.checked_sub(unpacked.map_err(unreadable)?).ok_or_else(too_large)?;
    }
    Ok(())
}

fn too_large() -> Fault {
    Fault::new(Code::TooLarge, "the workbook is too large once it is unpacked")
}

fn scan(
    bytes: &[u8],
    options: &ExcelOptions,
    names: &mut Names,
    each: &mut Each<'_>,
) -> Result<()> {
    let mut book: Xlsx<Cursor<&[u8]>> = Xlsx::new(Cursor::new(bytes)).map_err(unreadable)?;
    let sheets = book.sheet_names();
    let place = chosen(&sheets.iter().map(String::as_str).collect::<Vec<_>>(), options)?;
    let sheet = sheets.get(place).map(String::as_str).unwrap_or_default();
    let mut cells = book.worksheet_cells_reader(sheet).map_err(unreadable)?;
    let mut lines = Lines::new(options, names, each);
    while let Some(cell) = cells.next_cell().map_err(unreadable)? {
        let (row, column) = cell.get_position();
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        lines.put(row, column, value(cell.get_value()))?;
    }
    lines.end()
}

/// The place of the sheet that is wanted.
fn chosen(sheets: &[&str], options: &ExcelOptions) -> Result<usize> {
    let place = match &options.sheet {
        Sheet::Place(place) => Some(*place).filter(|place| *place < sheets.len()),
        Sheet::Name(name) => sheets.iter().position(|known| known == name),
    };
    place.ok_or_else(|| unreadable("Worksheet not found"))
}

/// Makes rows of cells that come row by row.
struct Lines<'t, 'e, 'f, 'c> {
    table: Table<'t>,
    each: &'e mut Each<'f>,
    current: Option<(u32, Vec<(usize, Cell<'c>)>)>,
}

impl<'t, 'e, 'f, 'c> Lines<'t, 'e, 'f, 'c> {
    fn new(options: &'t ExcelOptions, names: &'t mut Names, each: &'e mut Each<'f>) -> Self {
        let table =
            Table { options, names, again: Names::default(), head: None, rows: 0, cells: 0 };
        Self { table, each, current: None }
    }

    fn put(&mut self, row: u32, column: usize, cell: Cell<'c>) -> Result<()> {
        if row < self.table.options.skip_rows {
            return Ok(());
        }
        match &mut self.current {
            Some((at, found)) if *at == row => found.push((column, cell)),
            _ => {
                let before = self.current.replace((row, vec![(column, cell)]));
                if let Some((at, found)) = before {
                    self.table.row(found, self.each)?;
                    for _ in at + 1..row {
                        self.table.row(Vec::new(), self.each)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        match self.current.take() {
            Some((_, found)) => self.table.row(found, self.each),
            None => Err(unreadable("the sheet is empty")),
        }
    }
}

/// The rows of a sheet while they are read.
struct Table<'t> {
    options: &'t ExcelOptions,
    names: &'t mut Names,
    again: Names,
    /// The columns by their places in the sheet.
    head: Option<Vec<Option<usize>>>,
    rows: u64,
    cells: u64,
}

impl Table<'_> {
    fn row(&mut self, found: Vec<(usize, Cell<'_>)>, each: &mut Each<'_>) -> Result<()> {
        if self.head.is_none() {
            self.begin(&found)?;
            if self.options.header {
                return Ok(());
            }
        }
        if self.options.rows_max.is_some_and(|most| self.rows >= most) {
            return Ok(());
        }
        self.rows += 1;
        let head = self.head.as_deref().unwrap_or_default();
        self.cells += u64::try_from(head.len().max(1)).unwrap_or(u64::MAX);
        if self.cells > CELLS_MAX {
            return Err(too_large());
        }
        let row: Row<'_> = found
            .into_iter()
            .filter_map(|(column, cell)| Some(((*head.get(column)?)?, cell)))
            .collect();
        each(row)
    }

    /// Names the columns by the first row.
    fn begin(&mut self, first: &[(usize, Cell<'_>)]) -> Result<()> {
        let second = !self.names.all().is_empty();
        let names = if second { &mut self.again } else { &mut *self.names };
        let width = first.iter().map(|(column, _)| column + 1).max().unwrap_or(0);
        let mut head = Vec::with_capacity(width);
        for place in 0..width {
            let cell = first.iter().find(|(column, _)| *column == place).map(|(_, cell)| cell);
            let name = match (self.options.names.get(place), cell) {
                (Some(name), _) => name.clone(),
                (None, Some(cell)) if self.options.header && *cell != Cell::Null => text(cell),
                (None, _) if self.options.header => format!("Unnamed: {place}"),
                (None, _) => place.to_string(),
            };
            let columns = &self.options.columns;
            let wanted = columns.is_empty() || columns.contains(&name);
            head.push(if wanted { Some(names.add_unique(&name)?) } else { None });
        }
        self.head = Some(head);
        Ok(())
    }
}

fn text(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Boolean(value) => value.to_string(),
        Cell::Integer(value) => value.to_string(),
        Cell::Real(value) => value.to_string(),
        Cell::Text(text) => text.clone().into_owned(),
        Cell::Timestamp(micros) => chrono::DateTime::from_timestamp_micros(*micros)
            .map(|at| at.format("%Y-%m-%d %H:%M:%S").to_string())
            .unwrap_or_default(),
        Cell::Json(text) => text.clone(),
    }
}

/// Microseconds of a day.
const DAY: f64 = 86_400_000_000.0;

#[expect(clippy::cast_possible_truncation, reason = "whole numbers that fit are looked for")]
pub(super) fn value(cell: &DataRef<'_>) -> Cell<'static> {
    match cell {
        DataRef::Empty | DataRef::Error(_) => Cell::Null,
        DataRef::Int(value) => Cell::Integer(*value),
        // The file knows no whole numbers of their own.
        DataRef::Float(value) if value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0 => {
            Cell::Integer(*value as i64)
        }
        DataRef::Float(value) => Cell::Real(*value),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            Cell::Text(Cow::Owned(text.clone()))
        }
        DataRef::SharedString(text) => Cell::Text(Cow::Owned((*text).to_owned())),
        DataRef::Bool(value) => Cell::Boolean(*value),
        DataRef::DateTime(at) => match at.as_datetime() {
            Some(at_day) if at.is_datetime() => {
                Cell::Timestamp(at_day.and_utc().timestamp_micros())
            }
            _ => {
                let micros = (at.as_f64() * DAY).round() as i64;
                let seconds = micros.div_euclid(1_000_000);
                let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
                Cell::Text(Cow::Owned(format!("{hours:02}:{minutes:02}:{:02}", seconds % 60)))
            }
        },
    }
}
