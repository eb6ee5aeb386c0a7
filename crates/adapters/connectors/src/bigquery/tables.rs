//! The tables of a project: its datasets by the interface, their columns by one question for each
//! place in which there are some, because a question has one place.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_schema::SchemaRef;
use async_trait::async_trait;
use serde::Deserialize;
use tessera_bi::ports::BatchSink;
use tessera_bi::{Table, TableColumn};
use tessera_kernel::{Code, Fault, Result};

use super::ask::Asker;
use super::{BigQuery, TABLES, question};
use crate::http::HttpRequest;
use crate::never::Never;

/// Most datasets in one question: the server refuses very long ones.
const DATASETS_AT_ONCE: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    #[serde(default)]
    datasets: Vec<Dataset>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dataset {
    dataset_reference: Reference,
    location: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    dataset_id: String,
}

/// Rows of texts that are kept.
#[derive(Default)]
pub(super) struct Rows(Vec<RecordBatch>);

#[async_trait]
impl BatchSink for Rows {
    async fn begin(&mut self, _schema: SchemaRef) -> Result<()> {
        Ok(())
    }

    async fn batch(&mut self, batch: RecordBatch) -> Result<()> {
        self.0.push(batch);
        Ok(())
    }
}

impl BigQuery {
    /// All tables, by their names.
    pub(super) async fn list(&self) -> Result<Vec<Table>> {
        let never = Never::signal();
        let asker = Asker { standard: true, ..self.asker(&never, TABLES) };
        let mut places: BTreeMap<Option<String>, Vec<String>> = BTreeMap::new();
        for dataset in self.datasets(&asker).await? {
            let place = dataset.location.or_else(|| self.options.location.clone());
            places.entry(place).or_default().push(dataset.dataset_reference.dataset_id);
        }
        let mut tables: BTreeMap<String, Vec<TableColumn>> = BTreeMap::new();
        for (place, datasets) in &places {
            for some in datasets.chunks(DATASETS_AT_ONCE) {
                let mut rows = Rows::default();
                let sql = columns_of(some);
                self.one(&asker, &question(&sql), place.as_deref(), &mut rows).await?;
                for batch in &rows.0 {
                    read(batch, &mut tables)?;
                }
            }
        }
        Ok(tables.into_iter().map(|(name, columns)| Table { name, columns }).collect())
    }

    async fn datasets(&self, asker: &Asker<'_>) -> Result<Vec<Dataset>> {
        let mut datasets = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let mut url = asker.url("/datasets")?;
            if let Some(token) = &token {
                url.query_pairs_mut().append_pair("pageToken", token);
            }
            let answer = asker.good(HttpRequest::get(url)).await?;
            let listed: Listed = serde_json::from_slice(&answer.body).map_err(|error| {
                Fault::new(Code::SourceFailed, format!("no list of datasets: {error}"))
            })?;
            datasets.extend(listed.datasets);
            token = listed.next_page_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(datasets);
            }
        }
    }
}

/// The question for the columns of datasets, with those in structures.
fn columns_of(datasets: &[String]) -> String {
    let one = |dataset: &String| {
        let name = dataset.replace('\\', "\\\\").replace('`', "\\`");
        format!(
            "SELECT table_schema, table_name, field_path, data_type \
             FROM `{name}`.INFORMATION_SCHEMA.COLUMN_FIELD_PATHS"
        )
    };
    datasets.iter().map(one).collect::<Vec<_>>().join("\nUNION ALL\n")
}

fn read(batch: &RecordBatch, tables: &mut BTreeMap<String, Vec<TableColumn>>) -> Result<()> {
    let texts: Option<Vec<_>> =
        batch.columns().iter().map(|column| column.as_string_opt::<i32>()).collect();
    let texts = texts.unwrap_or_default();
    let [dataset, table, name, kind] = texts.as_slice() else {
        return Err(Fault::new(Code::SourceFailed, "the list of columns is none"));
    };
    for row in 0..batch.num_rows() {
        let name = name.value(row).to_owned();
        let column = TableColumn { name, kind: kind.value(row).to_owned() };
        let table = format!("{}.{}", dataset.value(row), table.value(row));
        tables.entry(table).or_default().push(column);
    }
    Ok(())
}
