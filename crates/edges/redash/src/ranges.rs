//! Ranges of PostgreSQL as clients of this dialect read them: with a space, `[1, 5)`.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field};
use futures::StreamExt;
use tessera_bi::ResultReader;
use tessera_kernel::{COLUMN_SOURCE_TYPE, Fault, Result};

const RANGES: [&str; 4] = ["pg:int4range", "pg:int8range", "pg:numrange", "pg:daterange"];

/// The same rows with their ranges spelled so. Costs nothing where there are none.
pub(crate) fn spaced(reader: ResultReader) -> ResultReader {
    let fields = reader.schema.fields().iter().enumerate();
    let places: Vec<usize> =
        fields.filter(|(_, field)| is_range(field)).map(|(place, _)| place).collect();
    if places.is_empty() {
        return reader;
    }
    let ResultReader { schema, batches } = reader;
    let batches = batches.map(move |batch| spell(&batch?, &places)).boxed();
    ResultReader { schema, batches }
}

fn is_range(field: &Field) -> bool {
    let source = field.metadata().get(COLUMN_SOURCE_TYPE);
    *field.data_type() == DataType::Utf8
        && source.is_some_and(|source| RANGES.contains(&source.as_str()))
}

fn spell(batch: &RecordBatch, places: &[usize]) -> Result<RecordBatch> {
    let mut columns = batch.columns().to_vec();
    for place in places {
        let Some(texts) = columns[*place].as_any().downcast_ref::<StringArray>() else { continue };
        let spelled: StringArray =
            texts.iter().map(|text| text.map(|text| text.replacen(',', ", ", 1))).collect();
        columns[*place] = Arc::new(spelled) as ArrayRef;
    }
    RecordBatch::try_new(batch.schema(), columns)
        .map_err(|error| Fault::internal("ranges cannot be spelled anew", error))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use arrow_schema::Schema;

    use super::*;

    #[test]
    fn ranges_get_a_space_and_other_texts_stay() {
        let field = |name: &str, source: &str| {
            let metadata = HashMap::from([(COLUMN_SOURCE_TYPE.to_owned(), source.to_owned())]);
            Field::new(name, DataType::Utf8, true).with_metadata(metadata)
        };
        let schema = Schema::new(vec![field("r", "pg:int4range"), field("t", "pg:text")]);
        assert_eq!(
            schema.fields().iter().map(|field| is_range(field)).collect::<Vec<_>>(),
            [true, false]
        );
        let texts = || Arc::new(StringArray::from(vec![Some("[1,5)"), Some("empty"), None]));
        let batch = RecordBatch::try_new(Arc::new(schema), vec![texts(), texts()]).expect("fits");
        let spelled = spell(&batch, &[0]).expect("good");
        let wanted = StringArray::from(vec![Some("[1, 5)"), Some("empty"), None]);
        assert_eq!(spelled.column(0).as_any().downcast_ref::<StringArray>(), Some(&wanted));
        assert_eq!(spelled.column(1), batch.column(1));
    }
}
