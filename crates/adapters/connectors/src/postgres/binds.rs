//! Values for placeholders, sent as text: so the server reads them as it would read a literal, by
//! the type it expects at that place, and never as a part of the statement.

use std::error::Error;

use tessera_sqltext::Bind;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

/// A value in the text form of its type.
#[derive(Debug)]
pub(super) struct Text<'a>(pub(super) &'a Bind);

impl ToSql for Text<'_> {
    fn to_sql(
        &self,
        _type: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let text = match self.0 {
            Bind::Integer(number) => number.to_string(),
            Bind::Decimal(text) | Bind::Text(text) | Bind::Untyped(text) => text.clone(),
            Bind::Date(date) => date.to_string(),
            Bind::Datetime(time) => time.format("%Y-%m-%d %H:%M:%S%.f").to_string(),
        };
        if text.contains('\0') {
            return Err("a value has a NUL character, which PostgreSQL does not store".into());
        }
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_type: &Type) -> bool {
        true
    }

    fn encode_format(&self, _type: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}
