//! A join of two stored results of 1,000,000 rows each, against the command line of SQLite over the
//! same rows: its file is filled before, and has no more indexes than a result has.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tessera_testkit::client::Client;
use tessera_testkit::server::Server;

use crate::table::Table;
use crate::{mebibytes, median, memory, milliseconds, query};

/// Runs of each side; the median counts.
const RUNS: usize = 5;

/// The tables, as texts for the data source that has `t`.
const LEFT: &str = "select id, id % 100 as part, amount::double precision as amount from t";
const RIGHT: &str = "select id, id % 7 as weight from t";

fn join(left: &str, right: &str) -> String {
    format!(
        "select l.part, count(*) as n, sum(l.amount * r.weight) as total \
         from {left} l join {right} r on l.id = r.id group by l.part order by l.part"
    )
}

pub(crate) fn measure(
    server: &Server,
    admin: &Client,
    source: i64,
    table: &mut Table,
) -> Result<()> {
    let body = json!({ "name": "results", "type": "results", "options": {} });
    let results = admin.post("/api/data_sources", &body)?.ok()?["id"].as_i64().context("an id")?;
    let left = query(admin, source, "left", LEFT)?;
    let right = query(admin, source, "right", RIGHT)?;
    let text =
        join(&format!("cached_query_{}", left["id"]), &format!("cached_query_{}", right["id"]));
    let mut ours = Vec::new();
    for _ in 0..RUNS {
        let begun = Instant::now();
        let body = json!({ "query": text, "data_source_id": results, "max_age": 0 });
        let done = admin.finish(&admin.post("/api/query_results", &body)?.ok()?)?;
        ours.push(begun.elapsed());
        let id = done["job"]["query_result_id"].as_i64().with_context(|| done.to_string())?;
        let shown = admin.get(&format!("/api/query_results/{id}"))?.ok()?;
        let rows = shown["query_result"]["data"]["rows"].as_array().context("rows")?.len();
        ensure!(rows == 100, "{rows} rows");
    }
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("peer.sqlite");
    for (name, id) in [("l", &left["id"]), ("r", &right["id"])] {
        let csv = folder.path().join(name);
        std::fs::write(&csv, admin.get(&format!("/api/queries/{id}/results.csv"))?.body)?;
        let columns = if name == "l" {
            "create table l (id integer, part integer, amount real)"
        } else {
            "create table r (id integer, weight integer)"
        };
        sqlite(
            &file,
            &[columns, ".mode csv", &format!(".import --skip 1 {} {name}", csv.display())],
        )?;
    }
    let mut theirs = Vec::new();
    for _ in 0..RUNS {
        let begun = Instant::now();
        let rows = sqlite(&file, &[&join("l", "r")])?;
        theirs.push(begun.elapsed());
        ensure!(rows.lines().count() == 100, "{rows}");
    }
    let (ours, theirs) = (median(&mut ours), median(&mut theirs));
    table.row(
        "join of two results of 1,000,000 rows",
        milliseconds(ours),
        format!(
            "from POST to success; sqlite3 {} ({:.2} × its time); highest memory {}",
            milliseconds(theirs),
            ours.as_secs_f64() / theirs.as_secs_f64(),
            mebibytes(memory(server, "VmHWM")?)
        ),
    );
    Ok(())
}

/// Runs commands of the peer; gives what it prints.
fn sqlite(file: &std::path::Path, commands: &[&str]) -> Result<String> {
    let ran = Command::new("sqlite3")
        .arg(file)
        .args(commands)
        .stdin(Stdio::null())
        .output()
        .context("sqlite3")?;
    ensure!(ran.status.success(), "sqlite3: {}", String::from_utf8_lossy(&ran.stderr));
    Ok(String::from_utf8(ran.stdout)?)
}
