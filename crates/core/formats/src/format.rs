//! The file formats, and how values are spelled in them.

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// One array of objects.
    Json,
    /// One object per line.
    Ndjson,
    /// Comma-separated values (RFC 4180: CRLF, header line).
    Csv,
    /// Tab-separated values, quoted as in CSV.
    Tsv,
    /// An Office Open XML workbook with one sheet.
    Xlsx,
    /// Arrow IPC stream, compressed with LZ4.
    Arrow,
    /// Parquet, compressed with Zstandard.
    Parquet,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 7] =
        [Self::Json, Self::Ndjson, Self::Csv, Self::Tsv, Self::Xlsx, Self::Arrow, Self::Parquet];

    /// The format of a file-name extension (without dot, lower case).
    #[must_use]
    pub fn from_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.extension() == extension)
    }

    /// The file-name extension, without dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Xlsx => "xlsx",
            Self::Arrow => "arrow",
            Self::Parquet => "parquet",
        }
    }

    /// The media type, with the character set for text.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=UTF-8",
            Self::Tsv => "text/tab-separated-values; charset=UTF-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Arrow => "application/vnd.apache.arrow.stream",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// How values are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The spelling of values.
    pub style: Style,
    /// The spelling of dates in CSV and TSV.
    pub dates: DateStyle,
    /// Whether text that a spreadsheet program would take for a formula gets an apostrophe in
    /// front (CSV and TSV; XLSX cells are typed and never formulas).
    pub escape_formulas: bool,
    /// The name of the sheet (XLSX).
    pub sheet_name: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            style: Style::Exact,
            dates: DateStyle::Iso,
            escape_formulas: false,
            sheet_name: "result".to_owned(),
        }
    }
}

/// The spelling of values. Arrow and Parquet files keep the physical values under both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// Nothing is lost: decimals keep all digits, timestamps their microseconds, numbers that are
    /// not finite are the strings `NaN`, `Infinity` and `-Infinity`, intervals are ISO 8601, bytes
    /// are base64.
    Exact,
    /// For readers that know 64-bit floats only: decimals are floats, numbers that are not finite
    /// are null, times are cut to milliseconds, intervals read `1 day, 2:00:00`, bytes are
    /// hexadecimal. In CSV, TSV and XLSX, documents and arrays are written in Python's notation.
    Floating,
}

/// The spelling of dates in CSV and TSV.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DateStyle {
    /// ISO 8601.
    Iso,
    /// Patterns of the tokens `YYYY YY MMMM MMM MM M DD D dddd ddd HH H hh h mm m ss s SSS A a Z`;
    /// text in square brackets is taken as it is.
    Pattern {
        /// For dates.
        date: String,
        /// For dates with a time of day.
        datetime: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_read_back() {
        for format in Format::ALL {
            assert_eq!(Format::from_extension(format.extension()), Some(format));
        }
        assert_eq!(Format::from_extension("exe"), None);
    }
}
