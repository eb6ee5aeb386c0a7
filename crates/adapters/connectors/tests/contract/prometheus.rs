//! Prometheus: the real one, with samples that are written before it starts.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value as Json, json};
use tessera_kernel::Code;

use crate::engines::{Engine, document};

/// A Prometheus of its own; ends with its test.
struct Running {
    child: Child,
    _folder: tempfile::TempDir,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

const SAMPLES: &str = "# HELP requests All requests.\n# TYPE requests counter\n\
    requests_total{path=\"/a\",code=\"200\"} 1 1600000000\n\
    requests_total{path=\"/a\",code=\"200\"} 3 1600000060\n\
    requests_total{path=\"a\\\"b\"} 7 1600000000\n\
    requests_total{path=\"a\\\"b\"} 8 1600000060\n# EOF\n";

fn start() -> (Engine, Running) {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("samples"), SAMPLES).expect("written");
    std::fs::write(at("settings.yml"), "global: {}\n").expect("written");
    let made = Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics"])
        .args([at("samples"), at("data")])
        .output()
        .expect("promtool is there: dev/setup installs it");
    assert!(made.status.success(), "{made:?}");
    let mut child = Command::new("prometheus")
        .arg(format!("--config.file={}", at("settings.yml").display()))
        .arg(format!("--storage.tsdb.path={}", at("data").display()))
        .args(["--web.listen-address=127.0.0.1:0", "--storage.tsdb.retention.time=100y"])
        .args(["--log.format=json"])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("prometheus is there: dev/setup installs it");
    let (mut address, mut ready) = (String::new(), false);
    let log = BufReader::new(child.stderr.take().expect("a log"));
    let mut lines = log.lines().map_while(Result::ok);
    for line in lines.by_ref() {
        let entry: Json = serde_json::from_str(&line).unwrap_or_default();
        let word = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        if word("msg") == "Listening on" {
            address = word("address");
        }
        // The two come in any order.
        ready |= word("msg").contains("ready to receive web requests");
        if ready && !address.is_empty() {
            break;
        }
    }
    // Whoever writes a log that nobody reads stops one day.
    std::thread::spawn(move || lines.for_each(drop));
    assert!(!address.is_empty(), "it did not start");
    let engine = document("prometheus", json!({ "url": format!("http://{address}/") }));
    (engine, Running { child, _folder: folder })
}

#[tokio::test]
async fn samples_are_rows_with_the_labels_of_their_series() {
    let (engine, _running) = start();
    engine.connector().test().await.expect("answers");
    let rows =
        engine.run("query=requests_total{code=\"200\"}&time=1600000060").await.expect("runs");
    let names: Vec<&str> =
        rows.schema().fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["timestamp", "value", "__name__", "code", "path"]);
    assert_eq!([rows.kind(0), rows.kind(1)], ["timestamp", "text"]);
    let cells = rows.cells();
    assert_eq!(cells.len(), 1);
    assert!(
        cells[0][0].as_str().is_some_and(|at| at.starts_with("2020-09-13T12:27:40")),
        "{cells:?}"
    );
    assert_eq!(cells[0][1..], [json!("3"), json!("requests_total"), json!("200"), json!("/a")]);

    let range =
        "query=sum(requests_total)+by+(path)&start=2020-09-13T12:26:40Z&end=1600000060&step=60s";
    let rows = engine.run(range).await.expect("runs");
    assert_eq!(rows.cells().len(), 4);

    let scalar = engine.run("1 + 2").await.expect("runs");
    assert_eq!(scalar.cells()[0][1], json!("3"));
    let fault = engine.run("query=nothing_of_that_name").await.err().expect("empty");
    assert_eq!(fault.detail(), "query result is empty.");
    let fault = engine.run("query=sum(").await.err().expect("fails");
    assert!(fault.detail().starts_with("bad_data:"), "{fault}");

    let tables = engine.connector().tables().await.expect("lists");
    assert!(tables.iter().any(|table| table.name == "requests_total"));
}

#[tokio::test]
async fn no_value_leaves_its_quotes() {
    let (engine, _running) = start();
    let definitions = json!([{ "name": "v", "type": "text" }]);
    let text = "requests_total{path=\"{{ v }}\", code!=\"200\"}&time=1600000060";
    let rows = engine.run_with(text, &definitions, &json!({ "v": "a\"b" })).await.expect("runs");
    assert_eq!(rows.cells()[0][1], json!("8"));
    for value in ["\"} or requests_total{path=~\".*", "a\\", "x&time=1", "%22", "\n", "'", "#"] {
        let fault = engine.run_with(text, &definitions, &json!({ "v": value })).await.err();
        let fault = fault.expect("nothing has that path");
        assert_eq!(fault.detail(), "query result is empty.", "{value}");
    }
    let bare = "rate(requests_total[{{ v }}])";
    let given = json!({ "v": "5m]) or vector(1) or rate(a[5m" });
    let fault = engine.run_with(bare, &definitions, &given).await.err().expect("refused");
    assert_eq!(fault.code(), Code::UnbindableParameter);
}
