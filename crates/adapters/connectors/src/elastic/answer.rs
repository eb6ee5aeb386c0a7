//! The answer to a search, of which only as much is parsed as somebody asks for.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};
use tessera_kernel::{Fault, Result};

use super::door::failed;

/// One page of an answer.
pub(super) struct Answer {
    body: Bytes,
    /// Documents that count; those behind are left out.
    documents: usize,
    /// Where the next page is.
    pub(super) scroll: Option<String>,
}

/// What a page consists of.
pub(super) struct Parts<'a> {
    pub(super) aggregations: Option<Map<String, Json>>,
    /// The documents, each still to be parsed.
    pub(super) hits: Vec<&'a RawValue>,
}

/// A document that was found.
#[derive(Deserialize)]
pub(super) struct Hit {
    #[serde(rename = "_source")]
    source: Option<Map<String, Json>>,
    fields: Option<Map<String, Json>>,
}

#[derive(Deserialize)]
struct Whole<'a> {
    #[serde(borrow)]
    aggregations: Option<&'a RawValue>,
    #[serde(borrow)]
    hits: Option<Found<'a>>,
    #[serde(rename = "_scroll_id")]
    scroll: Option<String>,
}

#[derive(Deserialize)]
struct Found<'a> {
    #[serde(borrow)]
    hits: Option<Vec<&'a RawValue>>,
}

fn unreadable(error: &serde_json::Error) -> Fault {
    failed(format!("the answer is none to a search: {error}"))
}

impl Answer {
    /// # Errors
    /// `SourceFailed` if it is no answer to a search.
    pub(super) fn read(body: Bytes) -> Result<Self> {
        let whole: Whole<'_> = serde_json::from_slice(&body).map_err(|error| unreadable(&error))?;
        let hits = whole.hits.and_then(|found| found.hits);
        if whole.aggregations.is_none() && hits.is_none() {
            return Err(failed("the answer has neither hits nor aggregations"));
        }
        let (documents, scroll) = (hits.map_or(0, |hits| hits.len()), whole.scroll);
        Ok(Self { body, documents, scroll })
    }

    /// Documents in it.
    pub(super) fn documents(&self) -> usize {
        self.documents
    }

    /// Leaves out the documents behind so many.
    pub(super) fn truncate(&mut self, documents: usize) {
        self.documents = self.documents.min(documents);
    }

    pub(super) fn parts(&self) -> Result<Parts<'_>> {
        let unreadable = |error| unreadable(&error);
        let whole: Whole<'_> = serde_json::from_slice(&self.body).map_err(unreadable)?;
        let mut hits = whole.hits.and_then(|found| found.hits).unwrap_or_default();
        hits.truncate(self.documents);
        let aggregations = whole.aggregations.map(|raw| serde_json::from_str(raw.get()));
        Ok(Parts { aggregations: aggregations.transpose().map_err(unreadable)?, hits })
    }
}

impl Hit {
    /// # Errors
    /// `SourceFailed` if it is no document.
    pub(super) fn read(raw: &RawValue) -> Result<Self> {
        serde_json::from_str(raw.get()).map_err(|error| unreadable(&error))
    }

    /// The document, or its fields if only these were asked for.
    pub(super) fn members(self) -> Map<String, Json> {
        self.source.or(self.fields).unwrap_or_default()
    }
}
