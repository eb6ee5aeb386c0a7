//! The texts that the cells of a workbook share, end to end in one.

use super::records::Pieces;

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Strings {
    text: String,
    ends: Vec<usize>,
}

impl Strings {
    /// Reads the record that begins at a place; `None` if it is cut off.
    pub(super) fn read(stream: &[u8], begin: usize) -> Option<Self> {
        let mut pieces = Pieces::of_record(stream, begin)?;
        // How many there are is not believed.
        pieces.skip(8)?;
        let mut strings = Self::default();
        while !pieces.is_done() {
            let count = usize::from(pieces.number()?);
            pieces.text(count, &mut strings.text)?;
            strings.ends.push(strings.text.len());
        }
        Some(strings)
    }

    /// One by its number.
    pub(super) fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let begin = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.text.get(begin..end)
    }
}
