//! What only this dialect does, each with the client that needs it, and a test of that name.

use arrow_schema::Field;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value as Json, json};
use tessera_access::Caller;
use tessera_bi::{ChannelType, JobError, SCHEMA_UNSUPPORTED};
use tessera_kernel::{COLUMN_KIND, COLUMN_SOURCE_TYPE, Code, ColumnKind, Fault};
use unicode_normalization::UnicodeNormalization;

use crate::errors::Refusal;

/// The key of a dashboard is known everywhere, so that what it does not open is refused (403); the
/// key of a query is unknown outside of its query (404). The public dashboard page tells them apart.
pub(crate) fn dashboard_key_outside_its_dashboard(caller: &Caller, fault: Fault) -> Fault {
    if matches!(caller, Caller::Dashboard(_)) && fault.code() == Code::OutOfScope {
        return Fault::new(Code::Forbidden, fault.detail());
    }
    fault
}

/// A public dashboard gets its rows by running (POST); stored results are not read with its key.
pub(crate) fn dashboard_key_reads_no_stored_results(caller: &Caller) -> Result<(), Fault> {
    match caller {
        Caller::Dashboard(_) => Err(Fault::new(Code::Forbidden, "post to run the query")),
        _ => Ok(()),
    }
}

/// What a dashboard's key shows of it is at `/api/dashboards/public/<key>`: no people, no texts and
/// keys of queries.
pub(crate) fn dashboard_key_sees_what_is_public_only(caller: &Caller) -> Result<(), Fault> {
    match caller {
        Caller::Dashboard(_) => Err(Fault::new(Code::Forbidden, "ask at …/public/<key>")),
        _ => Ok(()),
    }
}

/// A public dashboard asks for the values of a parameter at the query that has it
/// (`/dropdowns/<id>`), never for the values of a query by itself (`/dropdown`).
pub(crate) fn dashboard_key_reads_dropdowns_of_parameters(caller: &Caller) -> Result<(), Fault> {
    match caller {
        Caller::Dashboard(_) => Err(Fault::new(Code::Forbidden, "ask at …/dropdowns/<id>")),
        _ => Ok(()),
    }
}

/// A query's key asks for jobs below its own query, never at `/api/jobs`; one with terms, which
/// sees its own runs only, may, since scripts poll there.
pub(crate) fn query_key_asks_for_jobs_below_its_query(caller: &Caller) -> Result<(), Fault> {
    match caller {
        Caller::Query(_) if caller.sees_own_runs_only() => Ok(()),
        Caller::Query(_) => Err(Fault::new(Code::OutOfScope, "ask at /api/queries/<id>/jobs")),
        _ => Ok(()),
    }
}

/// Groups are changed with bodies that say they are JSON; scripts elsewhere need not.
pub(crate) fn groups_want_a_json_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = media.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if media.eq_ignore_ascii_case("application/json")
        || (media.starts_with("application/") && media.ends_with("+json"))
    {
        return Ok(());
    }
    Err(Refusal::say(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "Did not attempt to load JSON data because the request Content-Type was not \
         'application/json'.",
    ))
}

/// A column's type as its web client reads it: PostgreSQL's `text`, `uuid`, `json` and the like
/// have none, and SQLite's columns have none at all. The client then guesses from the values.
pub(crate) fn column_type(field: &Field) -> Option<&'static str> {
    let kind = field.metadata().get(COLUMN_KIND).and_then(|text| ColumnKind::parse(text))?;
    let source = field.metadata().get(COLUMN_SOURCE_TYPE).map_or("", String::as_str);
    match source.split_once(':') {
        Some(("sqlite", _)) => None,
        Some(("results", _)) => joined_type(kind),
        // There a document is a text too.
        Some(("elasticsearch", _)) => Some(plain_type(kind).unwrap_or("string")),
        Some(("pg", name)) => postgres_type(kind, &name.to_ascii_lowercase()),
        _ => plain_type(kind),
    }
}

/// Query Results finds its types by looking at texts, where days look like moments.
fn joined_type(kind: ColumnKind) -> Option<&'static str> {
    match kind {
        ColumnKind::Date => Some("datetime"),
        ColumnKind::Time
        | ColumnKind::Interval
        | ColumnKind::Json
        | ColumnKind::Array
        | ColumnKind::Uuid
        | ColumnKind::Other => Some("string"),
        kind => plain_type(kind),
    }
}

fn plain_type(kind: ColumnKind) -> Option<&'static str> {
    match kind {
        ColumnKind::Integer => Some("integer"),
        ColumnKind::Float | ColumnKind::Decimal => Some("float"),
        ColumnKind::Boolean => Some("boolean"),
        ColumnKind::Text => Some("string"),
        ColumnKind::Date => Some("date"),
        ColumnKind::Timestamp | ColumnKind::TimestampTz => Some("datetime"),
        ColumnKind::Time
        | ColumnKind::Interval
        | ColumnKind::Json
        | ColumnKind::Array
        | ColumnKind::Uuid
        | ColumnKind::Bytes
        | ColumnKind::Other => None,
    }
}

fn postgres_type(kind: ColumnKind, name: &str) -> Option<&'static str> {
    let element = name.strip_prefix('_').or_else(|| name.strip_suffix("[]"));
    match (kind, element) {
        (ColumnKind::Text, _) => match name {
            "varchar" | "character varying" => Some("string"),
            _ => None,
        },
        (ColumnKind::Array, Some(element)) => match element {
            "text" | "varchar" | "bpchar" | "char" | "name" | "uuid" => Some("string"),
            "character varying" | "character" => Some("string"),
            "date" => Some("date"),
            "timestamp" | "timestamptz" => Some("datetime"),
            _ => None,
        },
        _ => plain_type(kind),
    }
}

/// Text parameters are safe here, since values are bound; the field still tells what clients expect
/// of it: whether there is no parameter of type `text`.
pub(crate) fn is_safe(options: &Json) -> bool {
    let parameters = options.get("parameters").and_then(Json::as_array);
    let kind = |parameter: &Json| parameter["type"].as_str().unwrap_or_default().to_owned();
    !parameters.into_iter().flatten().any(|parameter| matches!(&*kind(parameter), "" | "text"))
}

/// Types that the page for new data sources leaves out, since others took their place. Data sources
/// that there are go on, and programs may make more.
pub(crate) const TYPES_FOR_OLD_SOURCES: [&str; 3] = ["elasticsearch", "kibana", "url"];

/// What stands for a secret in settings; the settings pages send it back for one that is to stay.
pub(crate) const MASK: &str = "--------";
/// The icon of a destination of a kind that this server does not know.
pub(crate) const ICON_OF_UNKNOWN: &str = "fa-bullseye";

/// Takes the options that only repeat the mask out; gives their names.
pub(crate) fn take_masked(options: &mut Map<String, Json>) -> Vec<String> {
    let masked = |(name, value): (&String, &Json)| (*value == MASK).then(|| name.clone());
    let names: Vec<String> = options.iter().filter_map(masked).collect();
    options.retain(|name, _| !names.contains(name));
    names
}

/// What a copied destination leads to until somebody fills in its address: a name that nobody has.
const NOWHERE: &str = "https://address-was-not-copied.invalid/";

/// `redash-migrate` copies destinations as they can be read, with the mask in the place of a secret
/// address, and means them to be filled in later.
pub(crate) fn fill_masked_address(options: &mut Json) {
    if let Some(address) = options.get_mut("url").filter(|address| **address == MASK) {
        *address = NOWHERE.into();
    }
}

/// The settings page shows kinds of destinations in the order in which it gets them, known first.
pub(crate) fn destination_types_in_order(mut types: Vec<ChannelType>) -> Vec<ChannelType> {
    const KNOWN: [&str; 12] = [
        "email",
        "slack",
        "webhook",
        "discord",
        "mattermost",
        "chatwork",
        "pagerduty",
        "hangouts_chat",
        "microsoft_teams_webhook",
        "asana",
        "webex",
        "datadog",
    ];
    types.sort_by_key(|known| {
        KNOWN.iter().position(|kind| *kind == known.kind).unwrap_or(KNOWN.len())
    });
    types
}

/// Why a schema could not be read comes as an object, where every other job has a text.
pub(crate) fn schema_error(error: &JobError) -> Json {
    if error.detail == SCHEMA_UNSUPPORTED {
        return json!({
            "code": 1, "message": "Data source type does not support retrieving schema"
        });
    }
    json!({ "code": 2, "message": "Error retrieving schema", "details": error.detail })
}

/// The name of a downloaded file, and its stand-in for clients that know ASCII only.
pub(crate) fn file_names(stem: &str, day: &str, extension: &str) -> (String, String) {
    let mut clean = String::with_capacity(stem.len());
    for letter in stem.chars() {
        let is_gap = letter.is_whitespace() || letter.is_control();
        let letter = if is_gap || r#"<>:"\/|?*"#.contains(letter) { '_' } else { letter };
        if letter != '_' || !clean.ends_with('_') {
            clean.push(letter);
        }
    }
    let name = format!("{}_{day}.{extension}", clean.trim_matches('_'));
    let ascii = match name.is_ascii() {
        true => name.clone(),
        false => name.nfkd().filter(char::is_ascii).collect(),
    };
    (ascii, name)
}

/// The key of a query reads results below its query only, at `/api/queries/<id>/results`: at
/// `/api/query_results/<id>` clients expect not to find them.
pub(crate) fn query_key_reads_results_below_its_query(caller: &Caller) -> Result<(), Fault> {
    match caller {
        Caller::Query(principal) if !principal.key.pins() => {
            Err(Fault::new(Code::OutOfScope, "ask at /api/queries/<id>/results/<result>.json"))
        }
        _ => Ok(()),
    }
}

/// A user who is shut out gets no new credentials; the page with the list of users looks for 404.
pub(crate) fn disabled_users_get_no_new_credentials(is_disabled: bool) -> Result<(), Refusal> {
    if is_disabled {
        return Err(Refusal::say(StatusCode::NOT_FOUND, "Not found"));
    }
    Ok(())
}

/// The key of a dashboard may ask for the list of queries, and none is in it: what is on the
/// dashboard is told with the dashboard.
pub(crate) fn dashboard_key_lists_no_queries(caller: &Caller) -> bool {
    matches!(caller, Caller::Dashboard(_))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use arrow_schema::DataType;
    use tessera_access::{ActiveKey, DashboardPrincipal, Key, KeyKind, KeyOwner, QueryPrincipal};
    use tessera_kernel::ids::{DashboardId, QueryId};

    use super::*;

    fn key(kind: KeyKind, owner: KeyOwner) -> Arc<ActiveKey> {
        Arc::new(ActiveKey::alone(Key::blank(kind, owner, tessera_kernel::Timestamp::UNIX_EPOCH)))
    }

    fn dashboard_key() -> Caller {
        Caller::Dashboard(Arc::new(DashboardPrincipal {
            key: key(KeyKind::Dashboard, KeyOwner::Dashboard(DashboardId(1))),
            dashboard: DashboardId(1),
            queries: Vec::new(),
        }))
    }

    fn query_key() -> Caller {
        let key = key(KeyKind::Query, KeyOwner::Query(QueryId(1)));
        Caller::Query(QueryPrincipal { key, query: QueryId(1) })
    }

    #[test]
    fn dashboard_key_outside_its_dashboard_is_refused_and_a_query_key_unknown() {
        let outside = || Fault::new(Code::OutOfScope, "");
        let code = |caller| dashboard_key_outside_its_dashboard(&caller, outside()).code();
        assert_eq!(code(dashboard_key()), Code::Forbidden);
        assert_eq!(code(query_key()), Code::OutOfScope);
    }

    #[test]
    fn dashboard_key_reads_no_stored_results_but_a_query_key_does() {
        assert!(dashboard_key_reads_no_stored_results(&dashboard_key()).is_err());
        assert!(dashboard_key_reads_no_stored_results(&query_key()).is_ok());
    }

    #[test]
    fn dashboard_key_sees_what_is_public_only_and_others_the_dashboard() {
        assert!(dashboard_key_sees_what_is_public_only(&dashboard_key()).is_err());
        assert!(dashboard_key_sees_what_is_public_only(&Caller::Anonymous).is_ok());
    }

    #[test]
    fn dashboard_key_reads_dropdowns_of_parameters_only() {
        assert!(dashboard_key_reads_dropdowns_of_parameters(&dashboard_key()).is_err());
        assert!(dashboard_key_reads_dropdowns_of_parameters(&query_key()).is_ok());
    }

    #[test]
    fn query_key_asks_for_jobs_below_its_query_only() {
        assert!(query_key_asks_for_jobs_below_its_query(&query_key()).is_err());
        assert!(query_key_asks_for_jobs_below_its_query(&dashboard_key()).is_ok());
    }

    #[test]
    fn disabled_users_get_no_new_credentials_and_others_do() {
        let refused = disabled_users_get_no_new_credentials(true).expect_err("refused");
        assert_eq!(refused.status(), StatusCode::NOT_FOUND);
        assert!(disabled_users_get_no_new_credentials(false).is_ok());
    }

    #[test]
    fn dashboard_key_lists_no_queries_and_a_query_key_is_refused() {
        assert!(dashboard_key_lists_no_queries(&dashboard_key()));
        assert!(!dashboard_key_lists_no_queries(&query_key()));
    }

    #[test]
    fn groups_want_a_json_type_with_or_without_charset() {
        let check = |media: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, media.parse().unwrap());
            groups_want_a_json_type(&headers).is_ok()
        };
        assert!(check("application/json") && check("application/json; charset=utf-8"));
        assert!(!check("text/plain") && groups_want_a_json_type(&HeaderMap::new()).is_err());
    }

    #[track_caller]
    fn check_type(kind: ColumnKind, source: &str, expected: Option<&str>) {
        let metadata = HashMap::from([
            (COLUMN_KIND.to_owned(), kind.as_str().to_owned()),
            (COLUMN_SOURCE_TYPE.to_owned(), source.to_owned()),
        ]);
        let field = Field::new("x", DataType::Utf8, true).with_metadata(metadata);
        assert_eq!(column_type(&field), expected, "{source}");
    }

    #[test]
    fn column_type_of_postgres_text_is_null_and_of_varchar_is_string() {
        check_type(ColumnKind::Integer, "pg:int8", Some("integer"));
        check_type(ColumnKind::Float, "pg:float4", Some("float"));
        check_type(ColumnKind::Decimal, "pg:numeric", Some("float"));
        check_type(ColumnKind::Boolean, "pg:bool", Some("boolean"));
        check_type(ColumnKind::Text, "pg:text", None);
        check_type(ColumnKind::Text, "pg:varchar", Some("string"));
        check_type(ColumnKind::Text, "pg:bpchar", None);
        check_type(ColumnKind::Date, "pg:date", Some("date"));
        check_type(ColumnKind::Timestamp, "pg:timestamp", Some("datetime"));
        check_type(ColumnKind::TimestampTz, "pg:timestamptz", Some("datetime"));
        check_type(ColumnKind::Time, "pg:time", None);
        check_type(ColumnKind::Json, "pg:jsonb", None);
        check_type(ColumnKind::Array, "pg:_int4", None);
        check_type(ColumnKind::Array, "pg:_text", Some("string"));
        check_type(ColumnKind::Array, "pg:text[]", Some("string"));
        check_type(ColumnKind::Uuid, "pg:uuid", None);
        check_type(ColumnKind::Bytes, "pg:bytea", None);
        check_type(ColumnKind::Other, "pg:money", None);
    }

    #[test]
    fn column_type_of_elasticsearch_is_never_null() {
        check_type(ColumnKind::Integer, "elasticsearch:long", Some("integer"));
        check_type(ColumnKind::Json, "elasticsearch:any", Some("string"));
    }

    #[test]
    fn column_type_of_sqlite_is_always_null() {
        check_type(ColumnKind::Integer, "sqlite:INTEGER", None);
        check_type(ColumnKind::Text, "sqlite:TEXT", None);
        check_type(ColumnKind::Float, "sqlite:", None);
    }

    #[test]
    fn column_type_of_other_engines_follows_the_kind() {
        check_type(ColumnKind::Text, "", Some("string"));
        check_type(ColumnKind::Decimal, "mysql:decimal", Some("float"));
    }

    #[test]
    fn is_safe_tells_of_text_parameters_only() {
        assert!(is_safe(&json!({})));
        assert!(is_safe(&json!({ "parameters": [{ "name": "p", "type": "text-pattern" }] })));
        assert!(!is_safe(&json!({ "parameters": [{ "name": "t", "type": "text" }] })));
        assert!(!is_safe(&json!({ "parameters": [{ "name": "t" }] })), "a text without a type");
    }

    #[test]
    fn schema_error_is_an_object() {
        let error = |detail: &str| {
            let code = Code::SourceFailed;
            schema_error(&JobError { code, detail: detail.to_owned() })
        };
        assert_eq!(error(SCHEMA_UNSUPPORTED)["code"], 1);
        assert_eq!(error("no route")["code"], 2);
        assert_eq!(error("no route")["details"], "no route");
    }

    #[test]
    fn file_names_have_an_ascii_stand_in() {
        assert_eq!(
            file_names("Tÿpes / résumé 漢", "2026_11_21", "csv"),
            (
                "Types_resume__2026_11_21.csv".to_owned(),
                "Tÿpes_résumé_漢_2026_11_21.csv".to_owned()
            )
        );
        assert_eq!(file_names("Orders all", "2026_11_21", "json").0, "Orders_all_2026_11_21.json");
        assert_eq!(file_names("a\r\nb", "d", "csv").1, "a_b_d.csv");
    }

    #[test]
    fn query_key_reads_results_below_its_query_only() {
        let code = |caller| query_key_reads_results_below_its_query(&caller).map_err(|f| f.code());
        assert_eq!(code(query_key()), Err(Code::OutOfScope));
        assert_eq!(code(dashboard_key()), Ok(()));
    }

    #[test]
    fn take_masked_leaves_what_is_new_and_names_what_stays() {
        let mut options = json!({ "url": MASK, "username": "u", "password": "new" });
        let options = options.as_object_mut().unwrap();
        assert_eq!(take_masked(options), ["url"]);
        assert_eq!(json!(options), json!({ "username": "u", "password": "new" }));
    }

    #[test]
    fn fill_masked_address_makes_an_address_of_the_mask_only() {
        let mut copied = json!({ "url": MASK, "password": MASK });
        super::fill_masked_address(&mut copied);
        assert_eq!(copied, json!({ "url": super::NOWHERE, "password": MASK }));
        let mut new = json!({ "url": "https://example.com/", "password": MASK });
        super::fill_masked_address(&mut new);
        assert_eq!(new["url"], "https://example.com/");
    }

    #[test]
    fn destination_types_in_order_come_as_the_settings_page_knows_them() {
        let channel = |kind| ChannelType { kind, title: kind, icon: "fa-bolt", schema: json!({}) };
        let sorted =
            destination_types_in_order(["asana", "email", "ours", "webhook"].map(channel).into());
        let kinds: Vec<_> = sorted.iter().map(|known| known.kind).collect();
        assert_eq!(kinds, ["email", "webhook", "asana", "ours"]);
    }
}
