//! What only BigQuery has, against a local server of its protocol: it can be had at Google only.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tessera_bi::ports::{CancelSignal, Connectors as _};
use tessera_bi::{Table, TableColumn};
use tessera_connectors::{AllConnectors, ConnectorSettings};
use tessera_kernel::Code;
use tessera_sqltext::Dialect;

use crate::bigquery_server::SCOPES;
use crate::door::{Answer, Asked, Door};
use crate::engines::{Engine, Sink, Stop};
use crate::google::{EMAIL, TOKEN, admit, key_file, key_option, refused};

const JOBS: &str = "/bigquery/v2/projects/p%3Aq/jobs";
const RESULTS: &str = "/bigquery/v2/projects/p%3Aq/queries/";

/// A server that gives tokens and makes jobs; anything else is answered by what is given.
async fn door(answers: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static) -> Door {
    Door::open(move |asked, port| {
        admit(asked, port, SCOPES).or_else(|| answers(asked)).unwrap_or_else(|| {
            assert_eq!((asked.method.as_str(), asked.target.as_str()), ("POST", JOBS));
            let body: Json = serde_json::from_str(&asked.body).expect("JSON");
            Answer::json(&json!({ "jobReference": {
                "jobId": body["jobReference"]["jobId"], "location": "europe-west1",
            }}))
        })
    })
    .await
}

/// Results with these columns and rows.
async fn results(fields: Json, rows: Json) -> Door {
    door(move |asked| {
        asked.target.starts_with(RESULTS).then(|| {
            let schema = json!({ "fields": fields });
            Answer::json(&json!({ "jobComplete": true, "schema": schema, "rows": rows }))
        })
    })
    .await
}

fn at(port: u16, more: Json) -> Engine {
    let mut options = json!({
        "projectId": "p:q", "jsonKeyFile": key_option(port), "useStandardSql": true,
    });
    let all = options.as_object_mut().expect("an object");
    all.extend(more.as_object().expect("an object").clone());
    let google_address = Some(format!("http://127.0.0.1:{port}"));
    let settings = ConnectorSettings { batch_rows: 100, google_address, ..Default::default() };
    Engine {
        name: "bigquery",
        dialect: Dialect::BigQuery,
        connectors: AllConnectors::new(settings),
        options,
        _folder: tempfile::tempdir().expect("a folder"),
    }
}

/// The bodies of the jobs that were made.
fn jobs(door: &Door) -> Vec<Json> {
    let made = door.asked().into_iter().filter(|asked| asked.target == JOBS);
    made.map(|asked| serde_json::from_str(&asked.body).expect("JSON")).collect()
}

#[tokio::test]
async fn every_type_comes_without_loss() {
    let types = [
        ("a", "INTEGER", json!("9007199254740993"), "integer", json!(9_007_199_254_740_993_i64)),
        ("b", "FLOAT", json!("0.1"), "float", json!(0.1)),
        ("c", "BOOLEAN", json!("true"), "boolean", json!(true)),
        ("d", "STRING", json!("ü漢\n\"😀\""), "text", json!("ü漢\n\"😀\"")),
        ("e", "BYTES", json!("AP8="), "bytes", json!("AP8=")),
        ("f", "DATE", json!("2020-02-29"), "date", json!("2020-02-29")),
        ("g", "TIME", json!("04:05:06.789"), "time", json!("04:05:06.789000")),
        (
            "h",
            "DATETIME",
            json!("2020-02-29T04:05:06.000001"),
            "timestamp",
            json!("2020-02-29T04:05:06.000001"),
        ),
        (
            "i",
            "TIMESTAMP",
            json!("1582949106000001"),
            "timestamptz",
            json!("2020-02-29T04:05:06.000001Z"),
        ),
        ("j", "GEOGRAPHY", json!("POINT(1 2)"), "other", json!("POINT(1 2)")),
        ("k", "JSON", json!("{\"a\":[1,null]}"), "json", json!({ "a": [1, null] })),
        ("l", "INTERVAL", json!("0-0 1 0:0:0"), "other", json!("0-0 1 0:0:0")),
        ("m", "RANGE", json!("[2020-01-01, UNBOUNDED)"), "other", json!("[2020-01-01, UNBOUNDED)")),
    ];
    let mut fields: Vec<Json> =
        types.iter().map(|(name, kind, ..)| json!({ "name": name, "type": kind })).collect();
    let decimals = [
        ("n", "NUMERIC", "12345678901234567890123456789.123456789"),
        ("o", "BIGNUMERIC", "-0.12345678901234567890123456789012345678"),
    ];
    fields.extend(decimals.iter().map(|(name, kind, _)| json!({ "name": name, "type": kind })));
    let values = types.iter().map(|(_, _, value, ..)| value.clone());
    let values = values.chain(decimals.iter().map(|(.., digits)| json!(digits)));
    let row: Vec<Json> = values.map(|value| json!({ "v": value })).collect();
    let nothing: Vec<Json> = fields.iter().map(|_| json!({ "v": null })).collect();
    let door = results(json!(fields), json!([{ "f": row }, { "f": nothing }])).await;
    let rows = at(door.port, json!({})).run("select 1").await.expect("runs");
    let cells = rows.cells();
    for (place, (name, _, _, kind, expected)) in types.iter().enumerate() {
        assert_eq!(rows.kind(place), *kind, "{name}");
        assert_eq!(&cells[0][place], expected, "{name}");
    }
    for (place, (name, _, digits)) in decimals.iter().enumerate() {
        assert_eq!(rows.kind(types.len() + place), "decimal", "{name}");
        let column = rows.0.column_text(types.len() + place);
        assert_eq!(column[0].as_deref(), Some(*digits));
    }
    assert!(cells[1].iter().all(Json::is_null), "{:?}", cells[1]);
}

#[tokio::test]
async fn lists_and_structures_are_documents() {
    let fields = json!([
        { "name": "a", "type": "INTEGER", "mode": "REPEATED" },
        { "name": "b", "type": "RECORD", "mode": "NULLABLE", "fields": [
            { "name": "x", "type": "INTEGER" },
            { "name": "y", "type": "RECORD", "mode": "REPEATED", "fields": [
                { "name": "t", "type": "TIMESTAMP" }, { "name": "n", "type": "NUMERIC" },
                { "name": "f", "type": "FLOAT" }, { "name": "j", "type": "JSON" },
                { "name": "s", "type": "STRING" }, { "name": "b", "type": "BOOLEAN" },
            ]},
        ]},
        { "name": "c", "type": "FLOAT", "mode": "REPEATED" },
    ]);
    let inner = json!({ "f": [
        { "v": "1582949106789000" }, { "v": "1.50" }, { "v": "1.5" }, { "v": "[1]" },
        { "v": "a\"b" }, { "v": "false" },
    ]});
    let row = json!({ "f": [
        { "v": [{ "v": "1" }, { "v": "9007199254740993" }] },
        { "v": { "f": [{ "v": null }, { "v": [{ "v": inner }] }] } },
        { "v": [{ "v": "NaN" }, { "v": "-Infinity" }, { "v": "1e300" }] },
    ]});
    let empty = json!({ "f": [{ "v": [] }, { "v": null }, { "v": [] }] });
    let door = results(fields, json!([row, empty])).await;
    let rows = at(door.port, json!({})).run("select 1").await.expect("runs");
    assert_eq!([rows.kind(0), rows.kind(1), rows.kind(2)], ["array", "json", "array"]);
    let expected = [
        json!([1, 9_007_199_254_740_993_i64]),
        json!({ "x": null, "y": [{
            "t": "2020-02-29T04:05:06.789000Z", "n": "1.50", "f": 1.5, "j": [1], "s": "a\"b",
            "b": false,
        }]}),
        json!(["NaN", "-Infinity", 1e300]),
    ];
    assert_eq!(rows.cells()[0], expected);
    assert_eq!(rows.cells()[1], [json!([]), Json::Null, json!([])]);
}

#[tokio::test]
async fn values_go_beside_the_text_with_their_types() {
    let door = results(json!([{ "name": "a", "type": "STRING" }]), json!([])).await;
    let engine = at(
        door.port,
        json!({
            "location": "EU", "maximumBillingTier": 2,
            "userDefinedFunctionResourceUri": "gs://b/a.js, gs://b/b.js",
        }),
    );
    let definitions = json!([
        { "name": "v", "type": "text" }, { "name": "n", "type": "number" },
        { "name": "d", "type": "date" },
    ]);
    let given = json!({ "v": "' or 1=1 -- \\'", "n": "1.5", "d": "2020-01-02" });
    let text = "select r'\\d{{ v }}%', {{ n }}, {{ d }}, date '{{ d }}' from `p.d.t`";
    engine.run_with(text, &definitions, &given).await.expect("runs");
    let made = jobs(&door).remove(0);
    let id = made["jobReference"]["jobId"].as_str().expect("a name").to_owned();
    assert!(id.starts_with("tessera_"), "{id}");
    let parameter = |name: &str, kind: &str, value: &str| {
        json!({
            "name": name, "parameterType": { "type": kind }, "parameterValue": { "value": value },
        })
    };
    let expected = json!({
        "configuration": {
            "query": {
                "query": "select @p1, @p2, @p3, CAST(@p4 AS date) from `p.d.t`",
                "useLegacySql": false,
                "parameterMode": "NAMED",
                "queryParameters": [
                    parameter("p1", "STRING", "\\d' or 1=1 -- \\'%"),
                    parameter("p2", "NUMERIC", "1.5"),
                    parameter("p3", "DATE", "2020-01-02"),
                    parameter("p4", "STRING", "2020-01-02"),
                ],
                "userDefinedFunctionResources": [
                    { "resourceUri": "gs://b/a.js" }, { "resourceUri": "gs://b/b.js" },
                ],
                "maximumBillingTier": 2,
            },
            "jobTimeoutMs": "60000",
        },
        "jobReference": { "projectId": "p:q", "jobId": id, "location": "EU" },
    });
    assert_eq!(made, expected);
    let last = door.asked().pop().expect("asked");
    assert_eq!(last.query("location").as_deref(), Some("europe-west1"), "where the job is");
    assert_eq!(last.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    assert_eq!(engine.run(text).await.err().expect("no values").code(), Code::MissingParameters);
}

#[tokio::test]
async fn pages_are_read_to_the_end_however_long_the_job_takes() {
    let polls = AtomicU32::new(0);
    let door = door(move |asked| {
        if !asked.target.starts_with(RESULTS) {
            return None;
        }
        let page = |rows: &[&str], token: Option<&str>| {
            let cells = |text: &&str| json!({ "f": [{ "v": text }] });
            let rows: Vec<Json> = rows.iter().map(cells).collect();
            let mut page = json!({
                "jobComplete": true, "rows": rows,
                "schema": { "fields": [{ "name": "a", "type": "STRING" }] },
            });
            if let Some(token) = token {
                page["pageToken"] = json!(token);
            }
            Answer::json(&page)
        };
        Some(match asked.query("pageToken").as_deref() {
            None => match polls.fetch_add(1, Ordering::SeqCst) {
                0 => Answer::json(&json!({ "jobComplete": false })),
                1 => refused(503, "backendError", "try again"),
                2 => refused(403, "rateLimitExceeded", "too fast"),
                _ => page(&["1", "2"], Some("x y")),
            },
            Some("x y") => page(&[], Some("z")),
            Some("z") => page(&["3"], None),
            other => panic!("{other:?}"),
        })
    })
    .await;
    let rows = at(door.port, json!({})).run("select a from t").await.expect("runs");
    assert_eq!(rows.first(), [json!("1"), json!("2"), json!("3")]);
    let tokens = door.asked().iter().filter(|asked| asked.target == "/token").count();
    assert_eq!(tokens, 1, "one token is enough");
}

#[tokio::test]
async fn a_job_that_is_ended_is_ended_in_the_server_too() {
    for (seconds, code) in [(600, Code::Cancelled), (1, Code::TimedOut)] {
        let door = door(|asked| match asked.target.as_str() {
            target if target.contains("/cancel") => Some(Answer::json(&json!({}))),
            target if target.starts_with(RESULTS) => Some(Answer::Never),
            _ => None,
        })
        .await;
        let engine = at(door.port, json!({}));
        let bound = engine.bind("select 1", &json!([]), &json!({})).expect("binds");
        let stop = Arc::new(Stop::default());
        let mut sink = Sink::default();
        let connector = engine.connector();
        let signal: Arc<dyn CancelSignal> = Arc::<Stop>::clone(&stop);
        let running = connector.run(&bound, seconds, signal, &mut sink);
        let stopping = async {
            while code == Code::Cancelled && door.asked().len() < 3 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            if code == Code::Cancelled {
                stop.stop();
            }
        };
        let (ended, ()) = tokio::join!(running, stopping);
        assert_eq!(ended.expect_err("is ended").code(), code);
        let made = jobs(&door).remove(0);
        let id = made["jobReference"]["jobId"].as_str().expect("a name");
        assert_eq!(made["configuration"]["jobTimeoutMs"], (seconds * 1000).to_string());
        let last = door.asked().pop().expect("asked");
        let cancel = format!("{JOBS}/{id}/cancel?location=europe-west1");
        assert_eq!((last.method.as_str(), last.target.as_str()), ("POST", cancel.as_str()));
    }
}

#[tokio::test]
async fn a_text_that_reads_too_much_is_not_run() {
    let door = door(|asked| {
        let dry = asked.target == JOBS && asked.body.contains("\"dryRun\":true");
        if dry {
            let bytes = json!({ "totalBytesProcessed": "2500000" });
            return Some(Answer::json(&json!({ "statistics": bytes })));
        }
        asked.target.starts_with(RESULTS).then(|| {
            let schema = json!({ "fields": [{ "name": "a", "type": "INTEGER" }] });
            Answer::json(&json!({ "jobComplete": true, "schema": schema }))
        })
    })
    .await;
    let small = at(door.port, json!({ "totalMBytesProcessedLimit": 2 }));
    let fault = small.run("select a from t").await.err().expect("refused");
    assert_eq!(
        fault.detail(),
        "the query would read 2.500 MB, and the data source allows 2 MB \
         (totalMBytesProcessedLimit)"
    );
    assert!(jobs(&door).iter().all(|job| job["configuration"]["dryRun"] == true));
    let large = at(door.port, json!({ "totalMBytesProcessedLimit": 2.5 }));
    large.run("select a from t").await.expect("runs");
    let job = jobs(&door).pop().expect("made");
    assert!(job["configuration"].get("dryRun").is_none());
    assert!(job["configuration"]["query"].get("maximumBytesBilled").is_none());
    // Not every statement of a script is estimated.
    large.run("select a from t; select b from u").await.expect("runs");
    let job = jobs(&door).pop().expect("made");
    assert_eq!(job["configuration"]["query"]["maximumBytesBilled"], "2500000");
}

#[tokio::test]
async fn legacy_sql_is_what_the_data_source_says_and_takes_no_values() {
    let door = results(json!([{ "name": "a", "type": "STRING" }]), json!([])).await;
    let engine = at(door.port, json!({ "useStandardSql": false }));
    engine.run("select a from [d.t]").await.expect("runs");
    assert_eq!(jobs(&door)[0]["configuration"]["query"], json!({ "query": "select a from [d.t]" }));
    let definitions = json!([{ "name": "v", "type": "text" }]);
    let given = json!({ "v": "x" });
    let fault = engine.run_with("select '{{ v }}'", &definitions, &given).await;
    assert_eq!(fault.err().expect("refused").code(), Code::UnbindableParameter);
    let marked = "#standardSQL\nselect '{{ v }}'";
    engine.run_with(marked, &definitions, &given).await.expect("runs");
    assert_eq!(jobs(&door)[1]["configuration"]["query"]["parameterMode"], "NAMED");
}

#[tokio::test]
async fn the_words_of_google_come_through() {
    let door = door(|asked| {
        if asked.target.starts_with(RESULTS) {
            return Some(refused(400, "invalidQuery", "Division by zero: 1 / 0"));
        }
        let refuses = |text: &str| asked.body.contains(text);
        match () {
            () if refuses("select 1") => {
                Some(refused(400, "invalidQuery", "Unrecognized name: nope at [1:8]"))
            }
            () if refuses("select 2") => Some(refused(403, "accessDenied", "Access Denied: T")),
            () if refuses("select 3") => Some(Answer::Now(404, Vec::new(), b"<html>".to_vec())),
            () => None,
        }
    })
    .await;
    let engine = at(door.port, json!({}));
    let fault = async |text: &str| engine.run(text).await.err().expect("fails");
    assert_eq!(fault("select 1").await.detail(), "Unrecognized name: nope at [1:8]");
    assert_eq!(fault("select 2").await.detail(), "Access Denied: T");
    assert_eq!(fault("select 3").await.detail(), "error 404: <html>");
    assert_eq!(fault("select 1 / 0").await.detail(), "Unrecognized name: nope at [1:8]");
    assert_eq!(fault("select 4 / 0").await.detail(), "Division by zero: 1 / 0");
    assert_eq!(fault("-- nothing").await.detail(), "the query is empty");
    let asked = door.asked();
    assert!(!asked.iter().any(|asked| asked.target.contains("/cancel")), "none goes on");
}

#[tokio::test]
async fn what_only_writes_gives_no_rows() {
    let door = results(json!([]), Json::Null).await;
    let fault = at(door.port, json!({})).run("delete from t where true").await.err();
    assert!(fault.expect("no rows").detail().contains("no data"));
}

#[tokio::test]
async fn tokens_are_renewed_and_who_has_none_is_told() {
    let used = AtomicU32::new(0);
    let door = Door::open(move |asked, port| {
        let expired = asked.target == JOBS && used.fetch_add(1, Ordering::SeqCst) == 0;
        if expired {
            return refused(401, "authError", "Invalid Credentials");
        }
        admit(asked, port, SCOPES).unwrap_or_else(|| {
            let schema = json!({ "fields": [{ "name": "a", "type": "INTEGER" }] });
            Answer::json(&json!({ "jobComplete": true, "schema": schema }))
        })
    })
    .await;
    let engine = at(door.port, json!({}));
    engine.run("select 1").await.expect("runs");
    let paths: Vec<String> = door.asked().into_iter().map(|asked| asked.target).collect();
    assert_eq!(paths[..4], ["/token", JOBS, "/token", JOBS]);

    let door = Door::open(|_, _| {
        let body = json!({ "error": "invalid_grant", "error_description": "Account not found" });
        Answer::Now(400, Vec::new(), body.to_string().into_bytes())
    })
    .await;
    let fault = at(door.port, json!({})).connector().test().await.expect_err("refused");
    let expected = format!("Google gives {EMAIL} no token: invalid_grant: Account not found");
    assert_eq!((fault.code(), fault.detail()), (Code::SourceFailed, expected.as_str()));
    assert_eq!(door.asked().len(), 1, "nothing was made that could be cancelled");
}

#[tokio::test]
async fn tables_are_listed_place_by_place_if_that_is_wanted() {
    let door = door(|asked| {
        let dataset = |id: &str, place: &str| json!({ "datasetReference": { "datasetId": id }, "location": place });
        if asked.target.contains("/datasets") {
            return Some(Answer::json(&match asked.query("pageToken") {
                None => json!({ "datasets": [dataset("a", "EU")], "nextPageToken": "2" }),
                Some(_) => json!({ "datasets": [dataset("b", "US"), dataset("c", "EU")] }),
            }));
        }
        if asked.target == JOBS {
            let body: Json = serde_json::from_str(&asked.body).expect("JSON");
            return Some(Answer::json(&json!({ "jobReference": body["jobReference"] })));
        }
        asked.target.starts_with(RESULTS).then(|| {
            let names = ["table_schema", "table_name", "field_path", "data_type"];
            let field = |name: &str| json!({ "name": name, "type": "STRING" });
            let fields: Vec<Json> = names.iter().map(|name| field(name)).collect();
            let row = |cells: [&str; 4]| json!({ "f": cells.map(|text| json!({ "v": text })) });
            let (dataset, kind) = match asked.query("location").as_deref() {
                Some("EU") => ("a", "STRUCT<y INT64>"),
                _ => ("b", "INT64"),
            };
            Answer::json(&json!({
                "jobComplete": true, "schema": { "fields": fields },
                "rows": [row([dataset, "t", "x", kind]), row([dataset, "t", "x.y", "INT64"])],
            }))
        })
    })
    .await;
    let hidden = at(door.port, json!({})).connector().tables().await.expect("lists");
    assert!(hidden.is_empty() && door.asked().is_empty(), "nobody wanted them");
    let engine = at(door.port, json!({ "loadSchema": true, "useStandardSql": false }));
    let tables = engine.connector().tables().await.expect("lists");
    let named = |name: &str, kind: &str| TableColumn { name: name.into(), kind: kind.into() };
    let table = |name: &str, kind: &str| Table {
        name: name.into(),
        columns: vec![named("x", kind), named("x.y", "INT64")],
    };
    assert_eq!(tables, [table("a.t", "STRUCT<y INT64>"), table("b.t", "INT64")]);
    let made = jobs(&door);
    assert_eq!(made.len(), 2, "a question for each place");
    let places: Vec<&str> =
        made.iter().filter_map(|job| job["jobReference"]["location"].as_str()).collect();
    assert_eq!(places, ["EU", "US"]);
    let query = &made[0]["configuration"]["query"];
    assert_eq!(query["useLegacySql"], false);
    let text = query["query"].as_str().expect("a text");
    assert!(text.contains("FROM `a`.INFORMATION_SCHEMA.COLUMN_FIELD_PATHS"), "{text}");
    assert!(text.contains("FROM `c`.INFORMATION_SCHEMA.COLUMN_FIELD_PATHS"), "{text}");
}

#[tokio::test]
async fn keys_that_lead_elsewhere_are_refused() {
    let engine = at(1, json!({}));
    for (more, field) in [
        (json!({ "projectId": null }), "options.projectId"),
        (json!({ "jsonKeyFile": null }), "options.jsonKeyFile"),
        (json!({ "jsonKeyFile": "{}" }), "options.jsonKeyFile"),
        (json!({ "jsonKeyFile": key_file("http://169.254.169.254/token") }), "options.jsonKeyFile"),
        (json!({ "jsonKeyFile": key_file("https://example.com/token") }), "options.jsonKeyFile"),
        (json!({ "totalMBytesProcessedLimit": "x" }), "options.totalMBytesProcessedLimit"),
    ] {
        let mut options = engine.options.clone();
        let all = options.as_object_mut().expect("an object");
        all.extend(more.as_object().expect("an object").clone());
        let fault = engine.connectors.check("bigquery", &options).expect_err("refused");
        assert_eq!(fault.field(), Some(field));
    }
    let mut options = engine.options.clone();
    options["jsonKeyFile"] = json!(key_file("https://oauth2.googleapis.com/token"));
    engine.connectors.check("bigquery", &options).expect("Google's own");
}
