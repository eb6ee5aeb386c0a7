//! Snowflake, against a local server of its SQL API: there is no package of it.

use std::io::Write as _;
use std::process::Command;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use tessera_bi::ports::{CancelSignal, Connectors};
use tessera_connectors::{AllConnectors, ConnectorSettings};
use tessera_kernel::Code;
use tessera_sqltext::Dialect;

use crate::door::{Answer, Asked, Door};
use crate::engines::{Engine, Sink, Stop};

const BEGIN: &str = "/api/v2/statements?async=true&requestId=";
const HANDLE: &str = "/api/v2/statements/01b-handle";

fn at(port: u16, more: &Json) -> Engine {
    let mut options = json!({
        "account": "org-acc", "user": "ada", "password": "a-token", "warehouse": "small",
        "database": "shop", "host": "127.0.0.1", "port": port, "protocol": "http",
    });
    options.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("one"));
    Engine {
        name: "snowflake",
        dialect: Dialect::Snowflake,
        connectors: AllConnectors::new(ConnectorSettings { batch_rows: 100, ..Default::default() }),
        options,
        _folder: tempfile::tempdir().expect("a folder"),
    }
}

fn status(status: u16, body: &Json) -> Answer {
    Answer::Now(status, Vec::new(), body.to_string().into_bytes())
}

fn begun() -> Answer {
    status(202, &json!({ "code": "333334", "statementHandle": "01b-handle" }))
}

fn ended(columns: &[Json], data: &Json, partitions: usize) -> Json {
    json!({
        "statementHandle": "01b-handle",
        "resultSetMetaData": {
            "numRows": 1, "format": "jsonv2", "rowType": columns,
            "partitionInfo": vec![json!({ "rowCount": 1 }); partitions],
        },
        "data": data,
    })
}

fn column(name: &str, kind: &str, scale: u32) -> Json {
    json!({ "name": name, "type": kind, "scale": scale, "precision": 38, "nullable": true })
}

/// A server that answers every statement with these columns and rows.
async fn answering(columns: Vec<Json>, data: Json) -> Door {
    Door::open(move |asked, _| match asked.method.as_str() {
        "POST" => begun(),
        _ => Answer::json(&ended(&columns, &data, 1)),
    })
    .await
}

fn is_begin(asked: &Asked) -> bool {
    asked.method == "POST" && asked.target.starts_with(BEGIN)
}

#[tokio::test]
async fn every_type_comes_without_loss() {
    let types = [
        ("A", "fixed", 0, "9007199254740993", json!(9_007_199_254_740_993_i64), "integer"),
        ("C", "real", 0, "0.1", json!(0.1), "float"),
        ("D", "boolean", 0, "true", json!(true), "boolean"),
        ("E", "date", 0, "18262", json!("2020-01-01"), "date"),
        ("F", "time", 9, "14706.789000000", json!("04:05:06.789000"), "time"),
        (
            "G",
            "timestamp_ntz",
            9,
            "1582949106.789000000",
            json!("2020-02-29T04:05:06.789000"),
            "timestamp",
        ),
        (
            "H",
            "timestamp_tz",
            9,
            "1582949106.789000000 1500",
            json!("2020-02-29T04:05:06.789000Z"),
            "timestamptz",
        ),
        (
            "I",
            "timestamp_ltz",
            9,
            "1582949106.000000000",
            json!("2020-02-29T04:05:06Z"),
            "timestamptz",
        ),
        ("J", "text", 0, "ü漢 \"q\"", json!("ü漢 \"q\""), "text"),
        ("K", "binary", 0, "00FF", json!("AP8="), "bytes"),
        ("L", "variant", 0, "{\"a\": 1}", json!({ "a": 1 }), "json"),
        ("M", "array", 0, "[1, null]", json!([1, null]), "array"),
        ("N", "geography", 0, "{}", json!("{}"), "other"),
    ];
    let described: Vec<Json> =
        types.iter().map(|(name, kind, scale, ..)| column(name, kind, *scale)).collect();
    let row: Vec<&str> = types.iter().map(|(_, _, _, text, ..)| *text).collect();
    let nulls = vec![Json::Null; types.len()];
    let door = answering(described, json!([row, nulls])).await;
    let rows = at(door.port, &json!({})).run("select 1").await.expect("runs");
    let cells = rows.cells();
    assert_eq!(cells.len(), 2);
    for (place, (name, _, _, _, expected, kind)) in types.iter().enumerate() {
        assert_eq!((&cells[0][place], rows.kind(place)), (expected, *kind), "{name}");
        assert_eq!(cells[1][place], Json::Null);
    }
}

#[tokio::test]
async fn large_numbers_are_read_anew_as_decimals() {
    let described = vec![column("N", "fixed", 0), column("P", "fixed", 2)];
    let large = "12345678901234567890123456789012345678";
    let data = json!([["1", "1.50"], [large, "-0.01"], ["3", null]]);
    let door = answering(described, data).await;
    let rows = at(door.port, &json!({})).run("select 1").await.expect("runs");
    assert_eq!([rows.kind(0), rows.kind(1)], ["decimal", "decimal"]);
    let cells = rows.cells();
    assert_eq!(cells.len(), 3, "what was read before does not count");
    assert!(cells[1][0].to_string().contains(large), "{}", cells[1][0]);
    assert_eq!(rows.0.begun, 2);
    assert!(door.asked().iter().filter(|asked| is_begin(asked)).count() == 1, "nothing ran twice");
}

#[tokio::test]
async fn partitions_are_read_to_the_end_and_unpacked() {
    let door = Door::open(|asked, _| {
        let columns = [column("N", "fixed", 0)];
        let rows = |from: i64| (from..from + 60).map(|n| vec![n.to_string()]).collect::<Vec<_>>();
        match asked.query("partition").as_deref() {
            _ if asked.method == "POST" => begun(),
            None => Answer::json(&ended(&columns, &json!(rows(0)), 3)),
            Some(number) => {
                let first = number.parse::<i64>().expect("a number") * 60;
                let body = json!({ "data": rows(first) }).to_string();
                let mut packed =
                    flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                packed.write_all(body.as_bytes()).expect("packs");
                let head = vec![("content-encoding".to_owned(), "gzip".to_owned())];
                Answer::Now(200, head, packed.finish().expect("packs"))
            }
        }
    })
    .await;
    let engine = at(door.port, &json!({ "lower_case_columns": true }));
    let rows = engine.run("select n from t").await.expect("runs");
    assert_eq!(rows.first(), (0..180).map(|number| json!(number)).collect::<Vec<_>>());
    assert_eq!(rows.batches(), 2);
    assert_eq!(rows.schema().field(0).name(), "n");
}

#[tokio::test]
async fn values_go_apart_from_the_statement() {
    let door = answering(vec![column("V", "text", 0)], json!([["x"]])).await;
    let definitions = json!([
        { "name": "v", "type": "text" }, { "name": "n", "type": "number" },
        { "name": "d", "type": "date" },
    ]);
    let given = json!({ "v": "' or 1=1 -- \\'", "n": 7, "d": "2020-01-02" });
    let text = "select '{{ v }}%', {{ n }}, {{ d }} from \"it's\" // {{ v }}";
    at(door.port, &json!({})).run_with(text, &definitions, &given).await.expect("runs");
    let asked = door.asked();
    let sent: Json = serde_json::from_str(&asked[0].body).expect("is JSON");
    assert_eq!(sent["statement"], "select ?, ?, CAST(? AS date) from \"it's\"");
    assert_eq!(
        sent["bindings"],
        json!({
            "1": { "type": "TEXT", "value": "' or 1=1 -- \\'%" },
            "2": { "type": "FIXED", "value": "7" },
            "3": { "type": "TEXT", "value": "2020-01-02" },
        })
    );
    assert_eq!((&sent["warehouse"], &sent["database"]), (&json!("SMALL"), &json!("SHOP")));
    assert_eq!((&sent["timeout"], &sent["parameters"]["TIMEZONE"]), (&json!(60), &json!("UTC")));
    for request in asked {
        assert_eq!(request.header("authorization"), Some("Bearer a-token"));
        let kind = request.header("x-snowflake-authorization-token-type");
        assert_eq!(kind, Some("PROGRAMMATIC_ACCESS_TOKEN"));
    }
}

#[tokio::test]
async fn a_key_proves_who_asks() {
    let folder = tempfile::tempdir().expect("a folder");
    let openssl = |arguments: &[&str]| {
        let out = Command::new("openssl").args(arguments).current_dir(&folder).output();
        let out = out.expect("openssl is installed");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        out.stdout
    };
    openssl(&["genpkey", "-algorithm", "RSA", "-out", "plain.pem"]);
    openssl(&[
        "pkcs8",
        "-topk8",
        "-v2",
        "aes-256-cbc",
        "-in",
        "plain.pem",
        "-out",
        "key.pem",
        "-passout",
        "pass:word",
    ]);
    openssl(&["pkey", "-in", "plain.pem", "-pubout", "-out", "public.pem"]);
    let public = openssl(&["pkey", "-in", "plain.pem", "-pubout", "-outform", "DER"]);
    let pem = std::fs::read_to_string(folder.path().join("key.pem")).expect("is there");

    let door = answering(vec![column("V", "text", 0)], json!([["x"]])).await;
    let more = json!({
        "password": null, "private_key_File": STANDARD.encode(&pem), "private_key_pwd": "word",
    });
    at(door.port, &more).run("select 1").await.expect("runs");
    let request = &door.asked()[0];
    let kind = request.header("x-snowflake-authorization-token-type");
    assert_eq!(kind, Some("KEYPAIR_JWT"));
    let token = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let (said, signature) = token.expect("a token").rsplit_once('.').expect("three parts");
    let claims = said.split_once('.').expect("two parts").1;
    let claims: Json =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).expect("base64")).expect("JSON");
    let print = STANDARD.encode(Sha256::digest(&public));
    assert_eq!(claims["iss"], format!("ORG-ACC.ADA.SHA256:{print}"));
    assert_eq!(claims["sub"], "ORG-ACC.ADA");
    let life = claims["exp"].as_i64().expect("an end") - claims["iat"].as_i64().expect("a start");
    assert!((60..=3600).contains(&life), "{life}");
    std::fs::write(folder.path().join("said"), said).expect("is written");
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64");
    std::fs::write(folder.path().join("signature"), signature).expect("is written");
    openssl(&["dgst", "-sha256", "-verify", "public.pem", "-signature", "signature", "said"]);
}

#[tokio::test]
async fn a_run_that_is_ended_is_ended_in_the_server_too() {
    let door = Door::open(|_, _| begun()).await;
    let engine = at(door.port, &json!({}));
    for (seconds, code) in [(600, Code::Cancelled), (1, Code::TimedOut)] {
        let before = door.asked().len();
        let bound = engine.bind("select 1", &json!([]), &json!({})).expect("binds");
        let stop = Arc::new(Stop::default());
        let mut sink = Sink::default();
        let connector = engine.connector();
        let signal: Arc<dyn CancelSignal> = Arc::<Stop>::clone(&stop);
        let running = connector.run(&bound, seconds, signal, &mut sink);
        let stopping = async {
            if code == Code::Cancelled {
                crate::engines::until(|| door.asked().len() > before + 2).await;
                stop.stop();
            }
        };
        let (ended, ()) = tokio::join!(running, stopping);
        assert_eq!(ended.expect_err("is ended").code(), code);
        let last = door.asked().pop().expect("asked");
        assert_eq!((last.method.as_str(), last.target), ("POST", format!("{HANDLE}/cancel")));
    }
}

#[tokio::test]
async fn the_words_of_the_server_come_through() {
    let door = Door::open(|asked, _| {
        let statement = serde_json::from_str::<Json>(&asked.body).unwrap_or_default();
        match statement["statement"].as_str() {
            Some("select 1") => status(
                422,
                &json!({ "code": "002003", "message": "SQL compilation error:\nObject 'NOPE'" }),
            ),
            Some("select 2") => status(408, &json!({ "code": "000630", "message": "timeout" })),
            Some("select 3") => {
                status(401, &json!({ "code": "390144", "message": "JWT token is invalid." }))
            }
            Some("select 4") => Answer::Now(500, Vec::new(), b"<html>".to_vec()),
            _ => Answer::json(&json!({})),
        }
    })
    .await;
    let engine = at(door.port, &json!({}));
    let fault = async |text: &str| engine.run(text).await.err().expect("fails");
    assert_eq!(fault("select 1").await.detail(), "SQL compilation error:\nObject 'NOPE'");
    assert_eq!(fault("select 2").await.code(), Code::TimedOut);
    assert_eq!(fault("select 3").await.detail(), "JWT token is invalid.");
    assert_eq!(fault("select 4").await.detail(), "error 500");
    assert!(fault("select 5").await.detail().contains("SQL API"));
    assert!(fault("select 6; select 7").await.detail().contains("one statement"));
    assert!(fault(" -- nothing").await.detail().contains("empty"));
}

#[tokio::test]
async fn tables_and_closed_hosts() {
    let names = ["TABLE_SCHEMA", "TABLE_NAME", "COLUMN_NAME", "DATA_TYPE"];
    let described = names.map(|name| column(name, "text", 0)).to_vec();
    let data = json!([["S", "T", "ID", "NUMBER"], ["S", "T", "NAME", "TEXT"]]);
    let door = answering(described, data).await;
    let engine = at(door.port, &json!({}));
    let tables = engine.connector().tables().await.expect("lists");
    assert_eq!((tables.len(), tables[0].name.as_str(), tables[0].columns.len()), (1, "S.T", 2));
    let mut options = engine.options.clone();
    options["host"] = json!("169.254.169.254");
    assert!(engine.connectors.check("snowflake", &options).is_err());
}
