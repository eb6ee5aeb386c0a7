//! The options of a data source: their schema, and reading them.

use serde_json::{Value as Json, json};
use tessera_kernel::{Fault, Result};

use crate::google::{KEY_FILE, key_option};
use crate::options;

/// What the options look like.
pub(super) fn schema() -> Json {
    json!({
        "type": "object",
        "properties": {
            "projectId": { "type": "string", "title": "Project ID" },
            KEY_FILE: key_option(),
            "totalMBytesProcessedLimit": { "type": "number", "title": "Scanned Data Limit (MB)" },
            "userDefinedFunctionResourceUri": {
                "type": "string",
                "title": "UDF Source URIs (i.e. gs://bucket/date_utils.js, \
                          gs://bucket/string_utils.js )",
            },
            "useStandardSql": {
                "type": "boolean", "title": "Use Standard SQL", "default": true,
            },
            "location": { "type": "string", "title": "Processing Location" },
            "loadSchema": { "type": "boolean", "title": "Load Schema" },
            "maximumBillingTier": { "type": "number", "title": "Maximum Billing Tier" },
            "useQueryAnnotation": {
                "type": "boolean", "title": "Use Query Annotation", "default": false,
            },
        },
        "required": ["projectId"],
        "order": [
            "projectId", KEY_FILE, "loadSchema", "useStandardSql", "location",
            "totalMBytesProcessedLimit", "maximumBillingTier", "userDefinedFunctionResourceUri",
            "useQueryAnnotation",
        ],
        "secret": [KEY_FILE],
    })
}

/// Where and how to ask.
pub(super) struct Options {
    pub(super) project: String,
    pub(super) location: Option<String>,
    /// GoogleSQL; without it, legacy SQL, which takes no values.
    pub(super) standard: bool,
    pub(super) load_schema: bool,
    /// Most that a query may read by its estimate, in megabytes of 1,000,000 bytes.
    pub(super) scan_megabytes_max: Option<f64>,
    pub(super) billing_tier_max: Option<i64>,
    /// Addresses of files with functions.
    pub(super) functions: Vec<String>,
}

impl Options {
    pub(super) fn read(given: &Json) -> Result<Self> {
        let names = ["projectId", "location", "userDefinedFunctionResourceUri"];
        options::only_texts(given, &names)?;
        let tier = number(given, "maximumBillingTier")?;
        let whole = tier.map(|tier| {
            let whole = format!("{tier:.0}").parse::<i64>().ok();
            whole.filter(|whole| *whole >= 1 && tier.fract() == 0.0).ok_or_else(|| {
                Fault::invalid("options.maximumBillingTier", "must be a whole number from 1 on")
            })
        });
        let functions = options::text(given, "userDefinedFunctionResourceUri").unwrap_or_default();
        let functions = functions.split(',').map(str::trim).filter(|uri| !uri.is_empty());
        Ok(Self {
            project: options::needed(given, "projectId")?,
            location: options::text(given, "location").map(str::to_owned),
            standard: options::is_on(given, "useStandardSql"),
            load_schema: options::is_on(given, "loadSchema"),
            scan_megabytes_max: number(given, "totalMBytesProcessedLimit")?,
            billing_tier_max: whole.transpose()?,
            functions: functions.map(str::to_owned).collect(),
        })
    }
}

/// A number that is not negative; a field of a form that was left empty is none.
fn number(given: &Json, name: &str) -> Result<Option<f64>> {
    let refused = || Fault::invalid(format!("options.{name}"), "must be a number from 0 on");
    match given.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) if text.trim().is_empty() => Ok(None),
        Some(value) => {
            let number = value.as_f64().filter(|number| *number >= 0.0);
            number.map(Some).ok_or_else(refused)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_numbers_or_not_there() {
        let read =
            |name: &str, value: Json| Options::read(&json!({ "projectId": "p", name: value }));
        assert!(read("location", Json::Null).expect("reads").scan_megabytes_max.is_none());
        let megabytes = read("totalMBytesProcessedLimit", json!(0.5)).expect("reads");
        assert_eq!(megabytes.scan_megabytes_max, Some(0.5));
        assert_eq!(read("maximumBillingTier", json!(3)).expect("reads").billing_tier_max, Some(3));
        let empty = read("totalMBytesProcessedLimit", json!("")).expect("reads");
        assert_eq!(empty.scan_megabytes_max, None);
        for (name, value) in [
            ("totalMBytesProcessedLimit", json!("many")),
            ("totalMBytesProcessedLimit", json!(-1)),
            ("maximumBillingTier", json!(1.5)),
            ("maximumBillingTier", json!(0)),
            ("location", json!(7)),
            ("projectId", json!("")),
        ] {
            let fault = read(name, value).err().expect("refused");
            assert_eq!(fault.field(), Some(format!("options.{name}").as_str()));
        }
    }
}
