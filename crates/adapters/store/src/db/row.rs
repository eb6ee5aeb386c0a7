//! A row of an answer, read from left to right.

use tessera_kernel::{Code, Fault, Result};

use super::value::{FromValue, Value};

/// A row. Its values are taken in the order in which the statement names them.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    values: std::vec::IntoIter<Value>,
    width: usize,
}

impl Row {
    pub(crate) fn new(values: Vec<Value>) -> Self {
        Self { width: values.len(), values: values.into_iter() }
    }

    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let values = self.values.as_slice();
        let texts = values.iter().map(|value| match value {
            Value::Text(text) => text.len(),
            Value::Blob(bytes) => bytes.len(),
            Value::Null | Value::Int(_) | Value::Real(_) => 0,
        });
        std::mem::size_of_val(values) + texts.sum::<usize>()
    }

    /// The next value.
    pub(crate) fn take<T: FromValue>(&mut self) -> Result<T> {
        let column = self.width - self.values.len() + 1;
        let value = self.values.next().ok_or_else(|| {
            Fault::new(Code::Internal, format!("a stored row has no column {column}"))
        })?;
        T::from_value(value).map_err(|what| {
            Fault::new(Code::Internal, format!("column {column} of a stored row: {what}"))
        })
    }

    /// Reads an object of an outer join: `None`, and `width` values skipped, if there is none.
    pub(crate) fn optional<T>(
        &mut self,
        width: usize,
        read: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<Option<T>> {
        if self.values.as_slice().first() == Some(&Value::Null) {
            self.values.by_ref().take(width).for_each(drop);
            return Ok(None);
        }
        read(self).map(Some)
    }
}
