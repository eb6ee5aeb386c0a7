//! Google Sheets, against a local server of its protocol: it can be had at Google only.

use serde_json::{Value as Json, json};
use tessera_bi::ports::Connectors as _;
use tessera_connectors::{AllConnectors, ConnectorSettings};
use tessera_kernel::Code;

use crate::door::{Answer, Door};
use crate::engines::{Engine, Rows};
use crate::google::{EMAIL, admit, key_option, refused};

const SCOPES: &str = "https://www.googleapis.com/auth/spreadsheets.readonly";

/// A spreadsheet `1aB` with two sheets, whose first one has these cells.
async fn open(cells: Json) -> (Engine, Door) {
    let door = Door::open(move |asked, port| {
        admit(asked, port, SCOPES).unwrap_or_else(|| {
            let path = asked.target.split('?').next().unwrap_or_default();
            match path {
                "/v4/spreadsheets/1aB" => {
                    let sheet = |title: &str| json!({ "properties": { "title": title } });
                    Answer::json(&json!({ "sheets": [sheet("First"), sheet("It's 2 | b")] }))
                }
                "/v4/spreadsheets/1aB/values/%27First%27" => {
                    let mut body = json!({ "range": "First!A1:Z1000", "majorDimension": "ROWS" });
                    if !cells.is_null() {
                        body["values"] = cells.clone();
                    }
                    Answer::json(&body)
                }
                "/v4/spreadsheets/1aB/values/%27It%27%27s%202%20%7C%20b%27" => {
                    Answer::json(&json!({ "values": [["x"], ["second"]] }))
                }
                "/v4/spreadsheets/closed" => {
                    refused(403, "forbidden", "The caller does not have permission")
                }
                _ => refused(404, "notFound", "Requested entity was not found."),
            }
        })
    })
    .await;
    let google_address = Some(format!("http://127.0.0.1:{}", door.port));
    let settings = ConnectorSettings { batch_rows: 100, google_address, ..Default::default() };
    let connectors = AllConnectors::new(settings);
    let engine = Engine {
        name: "google_spreadsheets",
        dialect: connectors.dialect("google_spreadsheets").expect("a known type"),
        connectors,
        options: json!({ "jsonKeyFile": key_option(door.port) }),
        _folder: tempfile::tempdir().expect("a folder"),
    };
    (engine, door)
}

fn columns(rows: &Rows) -> Vec<(String, String)> {
    let fields = rows.schema().fields().iter().enumerate();
    fields.map(|(place, field)| (field.name().clone(), rows.kind(place).to_owned())).collect()
}

#[tokio::test]
async fn the_first_row_names_the_columns_and_the_others_tell_their_types() {
    let (engine, door) = open(json!([
        ["n", "f", "b", "d", "t", "t", ""],
        ["1", "1.5", "TRUE", "2020-02-29", "12", "x"],
        ["", "2", "FALSE", "2020-03-01 04:05:06", "n/a", "", "", "more"],
        [],
        ["-3"],
    ]))
    .await;
    let rows = engine.run("1aB").await.expect("runs");
    let expected = [
        ("n", "integer"),
        ("f", "float"),
        ("b", "boolean"),
        ("d", "timestamp"),
        ("t", "text"),
        ("t1", "text"),
        ("column_G", "text"),
        ("column_H", "text"),
    ];
    assert_eq!(columns(&rows), expected.map(|(name, kind)| (name.to_owned(), kind.to_owned())));
    let cells = rows.cells();
    let null = || Json::Null;
    let day = json!("2020-02-29T00:00:00");
    let moment = json!("2020-03-01T04:05:06");
    assert_eq!(
        cells[0],
        [json!(1), json!(1.5), json!(true), day, json!("12"), json!("x"), null(), null()]
    );
    assert_eq!(
        cells[1],
        [null(), json!(2.0), json!(false), moment, json!("n/a"), null(), null(), json!("more")]
    );
    assert!(cells[2].iter().all(Json::is_null));
    assert_eq!(cells[3][0], json!(-3));
    let asked = door.asked();
    assert_eq!(asked.len(), 3, "a token, the sheets, the cells");
    assert_eq!(asked[1].query("fields").as_deref(), Some("sheets.properties.title"));
    assert_eq!(asked[2].query("valueRenderOption").as_deref(), Some("FORMATTED_VALUE"));
}

#[tokio::test]
async fn sheets_are_named_by_place_or_name_also_by_values() {
    let (engine, _door) = open(json!([["x"], ["first"]])).await;
    let definitions = json!([
        { "name": "id", "type": "text" }, { "name": "n", "type": "number" },
        { "name": "title", "type": "text" },
    ]);
    let given = json!({ "id": "1aB", "n": 1, "title": "It's 2 | b" });
    for (text, first) in [
        ("1aB|0", "first"),
        ("1aB|1", "second"),
        ("1aB|\"First\"", "first"),
        ("https://docs.google.com/spreadsheets/d/1aB/edit#gid=0|\"It's 2 | b\"", "second"),
        ("{{ id }}|{{ n }}", "second"),
        ("{{ id }}|\"{{ title }}\"", "second"),
    ] {
        let rows = engine.run_with(text, &definitions, &given).await.expect(text);
        assert_eq!(rows.first(), [json!(first)], "{text}");
    }
    for (text, said) in [
        ("1aB|2", "there is no sheet 2: the spreadsheet has 2, and the first one is 0"),
        ("1aB|\"Third\"", "the spreadsheet has no sheet that is called \"Third\""),
    ] {
        assert_eq!(engine.run(text).await.err().expect("fails").detail(), said);
    }
    let given = json!({ "id": "1aB/values/x", "n": 1, "title": "" });
    let fault = engine.run_with("{{ id }}|0", &definitions, &given).await.err();
    assert_eq!(fault.expect("refused").code(), Code::UnbindableParameter);
}

#[tokio::test]
async fn what_cannot_be_read_is_told_with_whom_to_share_it() {
    let (engine, _door) = open(Json::Null).await;
    let fault = async |text: &str| engine.run(text).await.err().expect("fails").detail().to_owned();
    let unknown = fault("unknown").await;
    assert!(unknown.contains("unknown was not found") && unknown.contains(EMAIL), "{unknown}");
    let closed = fault("closed|0").await;
    assert!(closed.starts_with("The caller does not have permission"), "{closed}");
    assert!(closed.contains(EMAIL), "{closed}");
    assert!(engine.connector().tables().await.is_err());
    engine.connector().test().await.expect("the account is good");
}

#[tokio::test]
async fn an_empty_sheet_is_an_empty_result() {
    let (engine, _door) = open(Json::Null).await;
    let rows = engine.run("1aB").await.expect("runs");
    assert_eq!((rows.schema().fields().len(), rows.cells().len()), (0, 0));
    let (engine, _door) = open(json!([["a", "b"]])).await;
    let rows = engine.run("1aB").await.expect("runs");
    assert_eq!((rows.schema().fields().len(), rows.cells().len()), (2, 0));
}

#[tokio::test]
async fn many_rows_come_in_batches() {
    let rows: Vec<Json> = (0..=1050).map(|row| json!([row.to_string()])).collect();
    let (engine, _door) = open(json!(rows)).await;
    let rows = engine.run("1aB").await.expect("runs");
    assert_eq!((rows.batches(), rows.cells().len()), (11, 1050));
}
