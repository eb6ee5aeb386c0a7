//! Parameters of a query: their definitions, and the values to choose from.

mod attributes;
pub(crate) mod pins;

use std::collections::HashMap;

use futures::StreamExt;
use tessera_access::Caller;
use tessera_formats::{Options, cell, unique_names};
use tessera_kernel::ids::QueryId;
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{Parameter, ParameterKind, attributes_in, parse_parameters};

pub(crate) use attributes::attribute_values;

use crate::service::Parts;
use crate::{Json, Query};

/// One value to choose from.
#[derive(Debug, Clone, PartialEq)]
pub struct DropdownOption {
    /// What to show.
    pub name: Json,
    /// The value.
    pub value: String,
}

/// The definitions that a query's options hold.
pub(crate) fn definitions(options: &Json) -> Result<Vec<Parameter>> {
    match options.get("parameters") {
        None | Some(Json::Null) => Ok(Vec::new()),
        Some(list) => parse_parameters(list),
    }
}

/// The queries whose results give the values of parameters.
pub(crate) fn dropdown_queries(definitions: &[Parameter]) -> Vec<QueryId> {
    definitions
        .iter()
        .filter_map(|parameter| match parameter.kind {
            ParameterKind::Query { query_id } => Some(QueryId(query_id)),
            _ => None,
        })
        .collect()
}

/// The names of the parameters that take their values from a query.
pub(crate) fn dropdown_parameters(definitions: &[Parameter], query: QueryId) -> Vec<String> {
    let takes = |parameter: &&Parameter| matches!(parameter.kind, ParameterKind::Query { query_id } if query_id == query.0);
    definitions.iter().filter(takes).map(|parameter| parameter.name.clone()).collect()
}

impl Parts {
    /// The values that parameters of type `query` may take, by query.
    pub(crate) async fn dropdown_values(
        &self,
        caller: &Caller,
        definitions: &[Parameter],
    ) -> Result<HashMap<i64, Vec<String>>> {
        let mut values = HashMap::new();
        for id in dropdown_queries(definitions) {
            if values.contains_key(&id.0) {
                continue;
            }
            let query = self.repos.query(id).await?.ok_or_else(|| Fault::not_found("query"))?;
            let options = self.dropdown(caller, &query).await?;
            values.insert(id.0, options.into_iter().map(|option| option.value).collect());
        }
        Ok(values)
    }

    /// The values to choose from: the columns `name` and `value` of the latest result, in the place
    /// of each that is not there its first column. Of a query that uses attributes it is the latest result with the caller's.
    pub(crate) async fn dropdown(
        &self,
        caller: &Caller,
        query: &Query,
    ) -> Result<Vec<DropdownOption>> {
        if query.source.is_none() {
            return Err(Fault::new(Code::SourceMissing, "the query has no data source any more"));
        }
        let missing =
            || Fault::new(Code::NoCachedResult, "the query has not been run yet; run it first");
        let result = if attributes_in(&query.text).is_empty() {
            let id = query.latest_result.ok_or_else(missing)?;
            self.repos.result(id).await?.ok_or_else(|| Fault::not_found("result"))?
        } else {
            self.latest_with_attributes(caller, query).await?.ok_or_else(missing)?
        };
        if !self.sees(caller, query, &result).await? {
            return Err(missing());
        }
        let (schema, mut batches) = self.files.open(result.uid).await?;
        let names: Vec<String> =
            schema.fields().iter().map(|field| field.name().to_lowercase()).collect();
        let names = unique_names(&names);
        let find = |wanted: &str| names.iter().position(|name| name == wanted);
        // The first column stands in for each of them that is not there.
        let (name, value) = (find("name").unwrap_or(0), find("value").unwrap_or(0));
        let options = Options::default();
        let mut out = Vec::new();
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            for row in 0..batch.num_rows() {
                if out.len() >= self.settings.dropdown_rows_max {
                    let detail = format!(
                        "the query has more than {} values to choose from",
                        self.settings.dropdown_rows_max
                    );
                    return Err(Fault::new(Code::TooLarge, detail));
                }
                out.push(DropdownOption {
                    name: cell(&batch, name, row, &options),
                    value: match cell(&batch, value, row, &options) {
                        Json::String(text) => text,
                        Json::Null => String::new(),
                        other => other.to_string(),
                    },
                });
            }
        }
        Ok(out)
    }
}
