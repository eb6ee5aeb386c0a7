//! Excel workbooks of 97 to 2003 (`.xls`, BIFF8): cells by row, from an index of where they stand.
//!
//! The library that reads the newer kind reads this one too, but whole: every sheet with a text of its
//! own for each cell, and tables as large as a file of a few bytes claims. Documents come from
//! strangers, so this reader keeps the file, twelve bytes for a cell, and each shared text once.

mod book;
mod records;
mod strings;

use calamine::{DataRef, ExcelDateTime, ExcelDateTimeType};
use tessera_kernel::Result;

pub(super) use self::book::OldBook;
use self::book::Shown;
use self::records::{Pieces, Records, double, word};
use super::excel::value;
use super::{Cell, unreadable};

/// The first bytes of such a file.
pub(super) const SIGNATURE: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

const BOF: u16 = 0x0809;
const EOF: u16 = 0x000A;
const NUMBER: u16 = 0x0203;
const RK: u16 = 0x027E;
const MANY_RK: u16 = 0x00BD;
const SHARED_TEXT: u16 = 0x00FD;
const LABEL: u16 = 0x0204;
const RICH_LABEL: u16 = 0x00D6;
const TRUTH: u16 = 0x0205;
const FORMULA: u16 = 0x0006;
const FORMULA_TEXT: u16 = 0x0207;

/// A cell and where its value stands in the stream.
#[derive(Debug, Clone, Copy)]
struct Place {
    row: u16,
    column: u16,
    at: u32,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// `at` is that of the format, behind which the value is.
    Number,
    Rk,
    Shared,
    Truth,
    Formula,
    /// `at` is that of the record, whose text begins behind so many bytes.
    Text(u8),
}

impl OldBook {
    /// Passes the cells of a sheet on, row by row.
    ///
    /// # Errors
    /// `SourceFailed` if the sheet is not as it must be, and those of `each`.
    pub(super) fn scan<'b>(
        &'b self,
        sheet: usize,
        each: &mut dyn FnMut(u32, usize, Cell<'b>) -> Result<()>,
    ) -> Result<()> {
        let mut places = self.places(sheet)?;
        let order = |place: &Place| (place.row, place.column);
        if !places.is_sorted_by_key(order) {
            places.sort_by_key(order);
        }
        for place in places {
            let cell = self.cell(place).ok_or_else(|| unreadable("a cell is cut off"))?;
            each(u32::from(place.row), usize::from(place.column), cell)?;
        }
        Ok(())
    }

    /// Where the cells of a sheet are.
    fn places(&self, sheet: usize) -> Result<Vec<Place>> {
        let begin = self.sheets.get(sheet).map_or(usize::MAX, |sheet| sheet.begin);
        let mut places = Vec::new();
        // Charts within a sheet are streams within the stream, with cells of their own.
        let mut depth = 0_u32;
        for record in Records::from(&self.stream, begin) {
            let record = record?;
            match record.kind {
                BOF => depth += 1,
                EOF if depth <= 1 => break,
                EOF => depth -= 1,
                _ if depth != 1 => {}
                kind => {
                    let found = found(kind, record.begin, record.data, &mut places);
                    found.ok_or_else(|| unreadable("a cell is cut off"))?;
                }
            }
        }
        Ok(places)
    }

    fn cell(&self, place: Place) -> Option<Cell<'_>> {
        let at = usize::try_from(place.at).ok()?;
        let data = self.stream.get(at..)?;
        Some(match place.kind {
            Kind::Number => self.number(word(data, 0)?, double(data, 2)?),
            Kind::Rk => self.number(word(data, 0)?, rk(data.get(2..6)?)?),
            Kind::Shared => {
                let index = u32::from_le_bytes(data.get(2..6)?.try_into().ok()?);
                Cell::Text(self.strings.get(usize::try_from(index).ok()?)?.into())
            }
            Kind::Truth => match data.get(2..4)? {
                [truth, 0] => Cell::Boolean(*truth != 0),
                _ => Cell::Null,
            },
            Kind::Formula => match data.get(2..10)? {
                [1, _, truth, _, _, _, 0xFF, 0xFF] => Cell::Boolean(*truth != 0),
                [3, _, _, _, _, _, 0xFF, 0xFF] => Cell::Text("".into()),
                [_, _, _, _, _, _, 0xFF, 0xFF] => Cell::Null,
                _ => self.number(word(data, 0)?, double(data, 2)?),
            },
            Kind::Text(skip) => {
                let mut pieces = Pieces::of_record(&self.stream, at)?;
                pieces.skip(usize::from(skip))?;
                Cell::Text(pieces.text_with_length()?.into())
            }
        })
    }

    fn number(&self, format: u16, number: f64) -> Cell<'static> {
        let kind = match self.shown(format) {
            Shown::Number => return value(&DataRef::Float(number)),
            Shown::Moment => ExcelDateTimeType::DateTime,
            Shown::Span => ExcelDateTimeType::TimeDelta,
        };
        value(&DataRef::DateTime(ExcelDateTime::new(number, kind, self.since_1904)))
    }
}

/// Notes the cells of a record; `None` if it is cut off.
fn found(kind: u16, begin: usize, data: &[u8], places: &mut Vec<Place>) -> Option<()> {
    let (record, format) = (u32::try_from(begin).ok()?, u32::try_from(begin + 4 + 4).ok()?);
    let (at, kind) = match kind {
        NUMBER => (format, Kind::Number),
        RK => (format, Kind::Rk),
        SHARED_TEXT => (format, Kind::Shared),
        TRUTH => (format, Kind::Truth),
        FORMULA => (format, Kind::Formula),
        LABEL | RICH_LABEL => (record, Kind::Text(6)),
        FORMULA_TEXT => {
            if let Some(formula) = places.last_mut() {
                (formula.at, formula.kind) = (record, Kind::Text(0));
            }
            return Some(());
        }
        MANY_RK => {
            let (row, first) = (word(data, 0)?, word(data, 2)?);
            for place in 0..u16::try_from(data.len().checked_sub(6)? / 6).ok()? {
                let at = format + 6 * u32::from(place);
                let column = first.checked_add(place)?;
                places.push(Place { row, column, at, kind: Kind::Rk });
            }
            return Some(());
        }
        _ => return Some(()),
    };
    places.push(Place { row: word(data, 0)?, column: word(data, 2)?, at, kind });
    Some(())
}

/// A number in four bytes: the upper part of a double, or 30 bits; either of them perhaps times 100.
fn rk(bytes: &[u8]) -> Option<f64> {
    let bits = u32::from_le_bytes(bytes.try_into().ok()?);
    let number = if bits & 2 == 0 {
        f64::from_bits(u64::from(bits & !3) << 32)
    } else {
        f64::from(bits.cast_signed() >> 2)
    };
    Some(if bits & 1 == 0 { number } else { number / 100.0 })
}
