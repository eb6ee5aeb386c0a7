//! Attributes of the caller as values of a query: `{{ key.tenant }}`, `{{ user.region }}`. They are
//! bound like parameters, and nobody can name one in a request.

use std::collections::BTreeMap;

use tessera_access::Caller;
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{Template, Value, Values, apply_auto_limit};

use super::definitions;
use crate::jobs::auto_limited;
use crate::results::{CacheIdentity, cache_key};
use crate::service::Parts;
use crate::{Json, Query, QueryResult};

/// The attributes as they are, and as values to bind, by their full names.
type Attributes = (BTreeMap<String, Json>, Vec<(String, Value)>);

/// The caller's values of these attributes.
///
/// # Errors
/// `Forbidden` if the caller lacks one: a missing value is never an empty one.
pub(crate) fn attribute_values(caller: &Caller, names: &[String]) -> Result<Attributes> {
    let (mut plain, mut typed) = (BTreeMap::new(), Vec::new());
    for name in names {
        let json = caller.attribute(name)?;
        let value = Value::attribute(json).ok_or_else(|| {
            let detail = format!("{name} is not a text, number or truth value");
            Fault::new(Code::Forbidden, detail)
                .with_reason("object_denied")
                .with_names(vec![name.clone()])
        })?;
        plain.insert(name.clone(), json.clone());
        typed.push((name.clone(), value));
    }
    Ok((plain, typed))
}

impl Parts {
    /// The latest result of a query that uses attributes, with those of the caller; `None` if it
    /// was not run with them, if the caller lacks one, or if it takes parameters as well.
    pub(crate) async fn latest_with_attributes(
        &self,
        caller: &Caller,
        query: &Query,
    ) -> Result<Option<QueryResult>> {
        let (source, dialect) = self.runnable(query.source).await?;
        let text = if auto_limited(&query.options) {
            apply_auto_limit(&query.text, self.settings.auto_limit_rows, dialect)
        } else {
            query.text.clone()
        };
        let template = Template::parse(&text, dialect)?;
        if !template.names().is_empty() {
            return Ok(None);
        }
        let Ok((_, own)) = attribute_values(caller, &template.attributes()) else {
            return Ok(None);
        };
        let Ok(viewer) = self.viewer(&source, caller) else { return Ok(None) };
        let values: Values = own.into_iter().collect();
        let bound = template.bind(&definitions(&query.options)?, &values)?;
        let (rows_max, bytes_max) = self.limits(caller);
        let key = cache_key(&CacheIdentity {
            source: source.id,
            source_version: source.version,
            text: &text,
            bound: &bound,
            rows_max,
            bytes_max,
            viewer: viewer.map(|viewer| viewer.viewer),
        });
        self.repos.latest_result(&key, None).await
    }
}
