//! What a workbook says of itself: its sheets, its shared texts, and how numbers are shown, which is
//! what tells a day from a number.

use std::collections::HashMap;
use std::io::{Cursor, Read as _};

use tessera_kernel::Result;

use super::super::unreadable;
use super::records::{Pieces, Records, word};
use super::strings::Strings;
use super::{BOF, EOF};

const ENCRYPTED: u16 = 0x002F;
const DATE_MODE: u16 = 0x0022;
const FORMAT: u16 = 0x041E;
const STYLE: u16 = 0x00E0;
const SHEET: u16 = 0x0085;
const STRINGS: u16 = 0x00FC;

/// The version that Excel 97 to 2003 write.
const BIFF8: u16 = 0x0600;

/// A workbook.
pub(crate) struct OldBook {
    pub(super) stream: Vec<u8>,
    pub(super) sheets: Vec<OldSheet>,
    pub(super) strings: Strings,
    /// Days are counted from 1904 on instead of 1900.
    pub(super) since_1904: bool,
    /// How the numbers of each style are shown.
    styles: Vec<Shown>,
}

pub(super) struct OldSheet {
    name: String,
    /// Where its records begin.
    pub(super) begin: usize,
}

/// How a number is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Number,
    /// A day, a time of day, or both.
    Moment,
    /// Hours, minutes or seconds that may be more than a day.
    Span,
}

impl OldBook {
    /// Reads what is not in the sheets.
    ///
    /// # Errors
    /// `SourceFailed` if it is no such workbook, an older one, or an encrypted one.
    pub(crate) fn open(bytes: &[u8]) -> Result<Self> {
        let mut file = cfb::CompoundFile::open(Cursor::new(bytes)).map_err(unreadable)?;
        let mut stream = Vec::new();
        let opened = file.open_stream("/Workbook");
        let mut opened = opened.map_err(|_| unreadable(OLDER))?;
        opened.read_to_end(&mut stream).map_err(unreadable)?;
        let mut book = Self {
            sheets: Vec::new(),
            strings: Strings::default(),
            since_1904: false,
            styles: Vec::new(),
            stream: Vec::new(),
        };
        book.read(&stream)?;
        book.stream = stream;
        Ok(book)
    }

    pub(crate) fn sheet_names(&self) -> Vec<&str> {
        self.sheets.iter().map(|sheet| sheet.name.as_str()).collect()
    }

    pub(super) fn shown(&self, style: u16) -> Shown {
        self.styles.get(usize::from(style)).copied().unwrap_or(Shown::Number)
    }

    fn read(&mut self, stream: &[u8]) -> Result<()> {
        let mut formats: HashMap<u16, Shown> = HashMap::new();
        let mut styles = Vec::new();
        for (place, record) in Records::from(stream, 0).enumerate() {
            let record = record?;
            let data = record.data;
            let first = word(data, 0).unwrap_or(0);
            match record.kind {
                BOF if first == BIFF8 => {}
                BOF => return Err(unreadable(OLDER)),
                _ if place == 0 => return Err(unreadable(OLDER)),
                EOF => break,
                ENCRYPTED => return Err(unreadable("the workbook is encrypted")),
                DATE_MODE => self.since_1904 = first == 1,
                FORMAT => {
                    let mut pieces = Pieces::of_record(stream, record.begin);
                    let text = pieces.as_mut().and_then(|pieces| {
                        pieces.skip(2)?;
                        pieces.text_with_length()
                    });
                    formats.insert(first, text.map_or(Shown::Number, |text| by_format(&text)));
                }
                STYLE => styles.push(word(data, 2).unwrap_or(0)),
                SHEET => self.sheets.extend(sheet(stream, record.begin, data)?),
                STRINGS => {
                    let strings = Strings::read(stream, record.begin);
                    self.strings = strings.ok_or_else(cut_off)?;
                }
                _ => {}
            }
        }
        let shown = |format: &u16| formats.get(format).copied().unwrap_or(by_number(*format));
        self.styles = styles.iter().map(shown).collect();
        Ok(())
    }
}

const OLDER: &str = "it is no workbook of Excel 97 or later";

fn cut_off() -> tessera_kernel::Fault {
    unreadable("the workbook is cut off")
}

/// A sheet; none if it is a chart or a macro.
fn sheet(stream: &[u8], record: usize, data: &[u8]) -> Result<Option<OldSheet>> {
    let read = || {
        let begin = u32::from_le_bytes(data.get(..4)?.try_into().ok()?);
        let mut pieces = Pieces::of_record(stream, record)?;
        pieces.skip(6)?;
        let count = usize::from(*data.get(6)?);
        pieces.skip(1)?;
        let mut name = String::new();
        pieces.text(count, &mut name)?;
        Some(OldSheet { name, begin: usize::try_from(begin).ok()? })
    };
    match data.get(5) {
        Some(0) => read().map(Some).ok_or_else(cut_off),
        Some(_) => Ok(None),
        None => Err(cut_off()),
    }
}

/// The formats that every workbook has, by their numbers; 27 to 36 and 50 to 58 are days and times in
/// East Asia.
fn by_number(format: u16) -> Shown {
    match format {
        14..=22 | 27..=36 | 45 | 47 | 50..=58 => Shown::Moment,
        46 => Shown::Span,
        _ => Shown::Number,
    }
}

/// A format of the workbook's own: what it has for positive numbers decides, without words in it.
fn by_format(format: &str) -> Shown {
    let mut signs = format.chars();
    while let Some(sign) = signs.next() {
        match sign {
            ';' => break,
            // The next one stands for itself, or for a width.
            '\\' | '_' | '*' => {
                signs.next();
            }
            '"' => {
                signs.find(|sign| *sign == '"');
            }
            '[' => {
                let within: String = signs.by_ref().take_while(|sign| *sign != ']').collect();
                let same = |unit: char| within.chars().all(|sign| sign.eq_ignore_ascii_case(&unit));
                if !within.is_empty() && ['h', 'm', 's'].into_iter().any(same) {
                    return Shown::Span;
                }
            }
            'd' | 'D' | 'm' | 'M' | 'y' | 'Y' | 'h' | 'H' | 's' | 'S' => return Shown::Moment,
            _ => {}
        }
    }
    Shown::Number
}

#[cfg(test)]
mod tests {
    use super::{Shown, by_format};

    #[test]
    fn formats_tell_days_and_spans_from_numbers() {
        for (format, shown) in [
            ("General", Shown::Number),
            ("0.00", Shown::Number),
            ("#,##0 \"days\"", Shown::Number),
            ("0\\d", Shown::Number),
            ("[Red]0;[Blue]d", Shown::Number),
            ("yyyy-mm-dd", Shown::Moment),
            ("[$-407]D. MMMM YYYY", Shown::Moment),
            ("h:mm AM/PM", Shown::Moment),
            ("[h]:mm:ss", Shown::Span),
            ("[ss].0", Shown::Span),
        ] {
            assert_eq!(by_format(format), shown, "{format}");
        }
    }
}
