//! One result file as a table that is read while it is asked, and of which only the columns that are
//! needed are unpacked.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, RecordBatchOptions};
use arrow_ipc::reader::StreamReader;
use arrow_schema::{DataType, Field, Schema, SchemaRef, SortOptions};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::{DataFusionError, Result as SqlResult};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use tessera_kernel::ids::Uid;
use tessera_kernel::{COLUMN_KIND, COLUMN_SOURCE_TYPE, ColumnKind, Result};

use crate::{Lake, read};

/// The name of the column with the number of the row; no column of a result is called so.
pub(crate) const ROW: &str = "\u{1}row";

/// How much of the file is read at a time, in bytes.
const BUFFER_BYTES: usize = 256 * 1024;

/// Batches that may wait to be worked on.
const BATCHES_AHEAD: usize = 2;

/// What the columns of a table look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As SQLite has them: truth values are 1 and 0, decimals are floating point, and names have no
    /// dots, colons, quotes and blanks.
    Sqlite,
    /// As they are stored, with the number of the row in front of them.
    Exact,
}

/// A result file.
#[derive(Debug, Clone)]
pub(crate) struct ResultFile {
    path: PathBuf,
    schema: SchemaRef,
    form: Form,
}

impl ResultFile {
    /// Looks at the columns of a file.
    pub(crate) async fn open(lake: &Lake, uid: Uid, form: Form) -> Result<Self> {
        let path = lake.whole(uid);
        let (schema, _) = read::open(path.clone()).await?;
        let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
        let names = match form {
            Form::Sqlite => unique(names.iter().map(|name| clean(name))),
            Form::Exact => unique(names.into_iter()),
        };
        let fields = schema.fields().iter().zip(names);
        let mut fields: Vec<Field> =
            fields.map(|(field, name)| shaped(field, name, form)).collect();
        if form == Form::Exact {
            fields.push(Field::new(ROW, DataType::Int64, false));
        }
        Ok(Self { path, schema: Arc::new(Schema::new(fields)), form })
    }

    /// The columns as the engine sees them.
    pub(crate) fn columns(&self) -> &Schema {
        &self.schema
    }
}

fn kind_of(field: &Field) -> Option<ColumnKind> {
    field.metadata().get(COLUMN_KIND).and_then(|kind| ColumnKind::parse(kind))
}

fn shaped(field: &Field, name: String, form: Form) -> Field {
    let kind = kind_of(field);
    let kind_is = |kind: ColumnKind| (COLUMN_KIND.to_owned(), kind.as_str().to_owned());
    let (physical, metadata) = match (form, field.data_type(), kind) {
        (Form::Exact, physical, _) => (physical.clone(), field.metadata().clone()),
        (Form::Sqlite, DataType::Boolean, _) => (
            DataType::Int64,
            HashMap::from([
                kind_is(ColumnKind::Integer),
                (COLUMN_SOURCE_TYPE.to_owned(), "results:boolean".to_owned()),
            ]),
        ),
        (Form::Sqlite, DataType::Utf8, Some(ColumnKind::Decimal))
        | (Form::Sqlite, DataType::Float32, _) => {
            (DataType::Float64, HashMap::from([kind_is(ColumnKind::Float)]))
        }
        (Form::Sqlite, physical, Some(kind)) => (physical.clone(), HashMap::from([kind_is(kind)])),
        (Form::Sqlite, physical, None) => (physical.clone(), HashMap::new()),
    };
    Field::new(name, physical, true).with_metadata(metadata)
}

/// A name without what would need quotes.
fn clean(name: &str) -> String {
    let plain = |letter: char| {
        if letter.is_whitespace() || matches!(letter, ':' | '.' | '"') { '_' } else { letter }
    };
    name.chars().map(plain).collect()
}

/// A second column of a name gets a number, as in files.
fn unique(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut taken: HashSet<String> = HashSet::new();
    names
        .map(|name| {
            let mut free = name.clone();
            let mut number = 1_u32;
            while !taken.insert(free.clone()) {
                free = format!("{name}{number}");
                number += 1;
            }
            free
        })
        .collect()
}

#[async_trait]
impl TableProvider for ResultFile {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> SqlResult<Arc<dyn ExecutionPlan>> {
        let all = || (0..self.schema.fields().len()).collect();
        let wanted: Vec<usize> = projection.cloned().unwrap_or_else(all);
        let schema = Arc::new(self.schema.project(&wanted)?);
        let file_columns = self.schema.fields().len() - usize::from(self.form == Form::Exact);
        let part =
            Part { path: self.path.clone(), schema: Arc::clone(&schema), wanted, file_columns };
        let part: Arc<dyn PartitionStream> = Arc::new(part);
        // Rows come as they are stored: who wants them so needs to sort nothing, and to read no
        // more than the rows wanted.
        let number = schema.index_of(ROW).ok().map(|place| {
            PhysicalSortExpr::new(Arc::new(Column::new(ROW, place)), SortOptions::new(false, false))
        });
        let order = LexOrdering::new(number);
        Ok(Arc::new(StreamingTableExec::try_new(schema, vec![part], None, order, false, limit)?))
    }
}

/// Some columns of a file.
#[derive(Debug)]
struct Part {
    path: PathBuf,
    schema: SchemaRef,
    /// The columns, by their places in the table.
    wanted: Vec<usize>,
    /// How many columns the file has; the one after them is the number of the row.
    file_columns: usize,
}

impl PartitionStream for Part {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut stream =
            RecordBatchReceiverStream::builder(Arc::clone(&self.schema), BATCHES_AHEAD);
        let sender = stream.tx();
        let (path, schema) = (self.path.clone(), Arc::clone(&self.schema));
        let (wanted, file_columns) = (self.wanted.clone(), self.file_columns);
        stream.spawn_blocking(move || {
            let file = File::open(path)?;
            let stored: Vec<usize> =
                wanted.iter().copied().filter(|place| *place < file_columns).collect();
            let reader =
                StreamReader::try_new(BufReader::with_capacity(BUFFER_BYTES, file), Some(stored))?;
            let mut row = 0;
            for batch in reader {
                let batch = batch?;
                let shown = shape(&batch, &schema, &wanted, file_columns, row)?;
                row += batch.num_rows();
                if sender.blocking_send(Ok(shown)).is_err() {
                    break;
                }
            }
            Ok(())
        });
        stream.build()
    }
}

/// The columns of a batch as the table has them.
fn shape(
    batch: &RecordBatch,
    schema: &SchemaRef,
    wanted: &[usize],
    file_columns: usize,
    first_row: usize,
) -> SqlResult<RecordBatch> {
    let mut stored = batch.columns().iter();
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(wanted.len());
    for (place, field) in wanted.iter().zip(schema.fields()) {
        if *place >= file_columns {
            columns.push(row_numbers(first_row, batch.num_rows())?);
            continue;
        }
        let column = stored.next().ok_or_else(|| {
            DataFusionError::Internal("a column of a result file is missing".to_owned())
        })?;
        columns.push(if column.data_type() == field.data_type() {
            Arc::clone(column)
        } else {
            arrow_cast::cast(column, field.data_type())?
        });
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}

fn row_numbers(first: usize, rows: usize) -> SqlResult<ArrayRef> {
    let number = |place: usize| {
        i64::try_from(place)
            .map_err(|_| DataFusionError::Internal("a result has too many rows".to_owned()))
    };
    Ok(Arc::new(Int64Array::from_iter_values(number(first)?..number(first + rows)?)))
}
