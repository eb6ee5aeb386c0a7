//! Documents behind addresses: CSV, Excel, JSON and results that are JSON already. What is asked is a
//! YAML text or an address; values are put in after it was parsed.

mod address;
mod documents;
mod fetch;
mod json;
mod pages;
mod pour;
mod sheets;
mod url;
mod yaml;

pub(crate) use self::address::{coded, component, joined};
pub(crate) use self::documents::Documents;
pub(crate) use self::fetch::{checked, no_tables, text_of};
pub(crate) use self::json::{JSON, JsonDocuments, json_type};
pub(crate) use self::pour::pour;
pub(crate) use self::sheets::{CSV, EXCEL, Sheets, csv_type, excel_type};
pub(crate) use self::url::{URL, UrlResults, credential, url_type};
