//! CSV: the types of its columns are what all of their texts can be read as.

use std::borrow::Cow;

use arrow_array::timezone::Tz;
use arrow_cast::parse::string_to_datetime;
use csv::{ByteRecord, ReaderBuilder};
use encoding_rs::Encoding;
use tessera_kernel::Result;

use super::columns::{Shape, read_rows};
use super::{Cell, Each, Names, Row, Target, unreadable};

/// How a CSV document is written and what of it is wanted.
#[derive(Debug, Clone)]
pub struct CsvOptions {
    /// Between cells.
    pub delimiter: u8,
    /// Around cells.
    pub quote: u8,
    /// In front of a character that is meant as itself.
    pub escape: Option<u8>,
    /// Begins lines that are left out.
    pub comment: Option<u8>,
    /// Lines left out at the beginning.
    pub skip_rows: usize,
    /// Whether the first line names the columns.
    pub header: bool,
    /// Names of the columns, instead of those in the document.
    pub names: Vec<String>,
    /// The columns wanted; all if there is none.
    pub columns: Vec<String>,
    /// Columns that stay text.
    pub text_columns: Vec<String>,
    /// Columns that are dates.
    pub date_columns: Vec<String>,
    /// Most rows.
    pub rows_max: Option<u64>,
    /// Texts that are NULL.
    pub nulls: Vec<String>,
    /// Whether the usual spellings of NULL are NULL too.
    pub usual_nulls: bool,
    /// In front of the fraction of a number.
    pub decimal: char,
    /// Between thousands.
    pub thousands: Option<char>,
    /// The encoding, by its label on the web.
    pub encoding: Option<String>,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self {
            delimiter: b',',
            quote: b'"',
            escape: None,
            comment: None,
            skip_rows: 0,
            header: true,
            names: Vec::new(),
            columns: Vec::new(),
            text_columns: Vec::new(),
            date_columns: Vec::new(),
            rows_max: None,
            nulls: Vec::new(),
            usual_nulls: true,
            decimal: '.',
            thousands: None,
            encoding: None,
        }
    }
}

/// The usual spellings of NULL.
const NULLS: [&str; 18] = [
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
    "<NA>", "N/A", "NA", "NULL", "NaN", "None", "nan", "null",
];

/// Reads a CSV document.
///
/// # Errors
/// `SourceFailed` with the line that cannot be read.
pub fn read_csv(
    bytes: &[u8],
    options: &CsvOptions,
    batch_rows: usize,
    target: &mut dyn Target,
) -> Result<()> {
    let text = decoded(bytes, options)?;
    let document = Document { text: &text, options };
    let shapes = document.shapes(target)?;
    read_rows("csv", batch_rows, Some(shapes.clone()), target, &|names, each| {
        document.scan(names, Some(&shapes), each)
    })
}

fn decoded<'b>(bytes: &'b [u8], options: &CsvOptions) -> Result<Cow<'b, str>> {
    let encoding = match &options.encoding {
        None => encoding_rs::UTF_8,
        Some(label) => {
            let plain = label.to_lowercase().replace('_', "-").replace("latin-1", "latin1");
            Encoding::for_label(plain.as_bytes())
                .ok_or_else(|| unreadable(format!("unknown encoding: {label}")))?
        }
    };
    let (text, used, malformed) = encoding.decode(bytes);
    if malformed {
        let name = used.name();
        return Err(unreadable(format!("the document is not {name}; set its encoding")));
    }
    Ok(text)
}

struct Document<'a> {
    text: &'a str,
    options: &'a CsvOptions,
}

/// Which fields of a line are wanted, and their names.
struct Head {
    /// Fields of a line.
    width: usize,
    /// The columns by the places of their fields.
    wanted: Vec<(usize, usize)>,
}

impl Document<'_> {
    fn reader(&self) -> csv::Reader<&[u8]> {
        let mut rest = self.text;
        for _ in 0..self.options.skip_rows {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        }
        ReaderBuilder::new()
            .delimiter(self.options.delimiter)
            .quote(self.options.quote)
            .escape(self.options.escape)
            .comment(self.options.comment)
            .has_headers(false)
            .flexible(true)
            .from_reader(rest.as_bytes())
    }

    fn head(&self, names: &mut Names) -> Result<Head> {
        let mut first = ByteRecord::new();
        let found = self.reader().read_byte_record(&mut first).map_err(unreadable)?;
        if !found {
            return Err(unreadable("No columns to parse from file"));
        }
        let written = |place: usize| match (self.options.names.get(place), self.options.header) {
            (Some(name), _) => name.clone(),
            (None, true) => match first.get(place).map(String::from_utf8_lossy) {
                Some(name) if !name.is_empty() => name.into_owned(),
                _ => format!("Unnamed: {place}"),
            },
            (None, false) => place.to_string(),
        };
        let mut wanted = Vec::new();
        for place in 0..first.len() {
            let name = written(place);
            let columns = &self.options.columns;
            if columns.is_empty() || columns.contains(&name) {
                wanted.push((place, names.add_unique(&name)?));
            }
        }
        Ok(Head { width: first.len(), wanted })
    }

    /// The shapes of the columns.
    fn shapes(&self, target: &dyn Target) -> Result<Vec<Shape>> {
        let mut candidates: Vec<Candidate> = Vec::new();
        let mut names = Names::default();
        self.scan(&mut names, None, &mut |row| {
            target.check()?;
            for (place, cell) in row {
                if candidates.len() <= place {
                    candidates.resize(place + 1, Candidate::default());
                }
                if let (Cell::Text(text), Some(one)) = (cell, candidates.get_mut(place)) {
                    one.see(&text, self.options);
                }
            }
            Ok(())
        })?;
        candidates.resize(names.all().len(), Candidate::default());
        let decided = candidates.iter().zip(names.all()).map(|(candidate, name)| {
            if self.options.date_columns.contains(name) && candidate.dates() {
                Shape::Timestamp
            } else if self.options.text_columns.contains(name) {
                Shape::Text
            } else {
                candidate.shape()
            }
        });
        Ok(decided.collect())
    }

    /// One pass: the texts as they are, or as values of the shapes.
    fn scan(&self, names: &mut Names, shapes: Option<&[Shape]>, each: &mut Each<'_>) -> Result<()> {
        let second = !names.all().is_empty();
        let mut again = Names::default();
        let head = self.head(if second { &mut again } else { names })?;
        let mut reader = self.reader();
        let mut record = ByteRecord::new();
        let mut rows = 0;
        let mut begun = false;
        while reader.read_byte_record(&mut record).map_err(unreadable)? {
            if !begun && self.options.header {
                begun = true;
                continue;
            }
            begun = true;
            if self.options.rows_max.is_some_and(|most| rows >= most) {
                break;
            }
            rows += 1;
            if record.len() > head.width {
                let line = record.position().map_or(0, csv::Position::line);
                let (width, found) = (head.width, record.len());
                let detail = format!("Expected {width} fields in line {line}, saw {found}");
                return Err(unreadable(detail));
            }
            let row: Row<'_> = head
                .wanted
                .iter()
                .filter_map(|(field, place)| {
                    let text = std::str::from_utf8(record.get(*field)?).ok()?;
                    let shape = shapes.and_then(|shapes| shapes.get(*place).copied());
                    Some((*place, self.cell(text, shape)))
                })
                .collect();
            each(row)?;
        }
        Ok(())
    }

    fn cell<'t>(&self, text: &'t str, shape: Option<Shape>) -> Cell<'t> {
        let options = self.options;
        let is_null = options.nulls.iter().any(|null| null == text)
            || options.usual_nulls && NULLS.contains(&text);
        if is_null {
            return Cell::Null;
        }
        match shape {
            Some(Shape::Integer) => integer(text, options).map_or(Cell::Null, Cell::Integer),
            Some(Shape::Real) => real(text, options).map_or(Cell::Null, Cell::Real),
            Some(Shape::Boolean) => boolean(text).map_or(Cell::Null, Cell::Boolean),
            Some(Shape::Timestamp) => moment(text).map_or(Cell::Null, Cell::Timestamp),
            _ => Cell::Text(Cow::Borrowed(text)),
        }
    }
}

/// What a column can still be.
#[derive(Clone)]
struct Candidate {
    seen: bool,
    integer: bool,
    real: bool,
    boolean: bool,
    date: bool,
}

impl Default for Candidate {
    fn default() -> Self {
        Self { seen: false, integer: true, real: true, boolean: true, date: true }
    }
}

impl Candidate {
    fn see(&mut self, text: &str, options: &CsvOptions) {
        self.seen = true;
        self.integer = self.integer && integer(text, options).is_some();
        self.real = self.real && real(text, options).is_some();
        self.boolean = self.boolean && boolean(text).is_some();
        self.date = self.date && !options.date_columns.is_empty() && moment(text).is_some();
    }

    fn dates(&self) -> bool {
        self.seen && self.date
    }

    fn shape(&self) -> Shape {
        match self {
            Self { seen: false, .. } => Shape::Nothing,
            Self { integer: true, .. } => Shape::Integer,
            Self { real: true, .. } => Shape::Real,
            Self { boolean: true, .. } => Shape::Boolean,
            _ => Shape::Text,
        }
    }
}

fn plain<'t>(text: &'t str, options: &CsvOptions) -> Cow<'t, str> {
    let text = text.trim();
    let text = match options.thousands {
        Some(sign) if text.contains(sign) => Cow::Owned(text.replace(sign, "")),
        _ => Cow::Borrowed(text),
    };
    if options.decimal != '.' && text.contains(options.decimal) {
        return Cow::Owned(text.replace(options.decimal, "."));
    }
    text
}

fn integer(text: &str, options: &CsvOptions) -> Option<i64> {
    plain(text, options).parse().ok()
}

fn real(text: &str, options: &CsvOptions) -> Option<f64> {
    let text = plain(text, options);
    // A whole number that is too large stays exact as text.
    if text.len() > 18 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return text.parse::<i64>().is_ok().then(|| text.parse().ok()).flatten();
    }
    text.parse().ok().filter(|number: &f64| !number.is_nan())
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// A day, with or without a time, in microseconds since 1970.
fn moment(text: &str) -> Option<i64> {
    let utc: Tz = "+00:00".parse().ok()?;
    Some(string_to_datetime(&utc, text.trim()).ok()?.timestamp_micros())
}
