//! A million rows out of PostgreSQL and MariaDB, against the command-line clients of both.

use std::fs::File;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tessera_testkit::client::Client;
use tessera_testkit::mariadb::MariaDb;
use tessera_testkit::postgres::Postgres;
use tessera_testkit::server::{Options, Server};

use crate::EXPORT_ROWS;
use crate::peers::large_table;
use crate::table::Table;

/// How often each is done; the quickest counts, on both sides.
const TIMES: usize = 3;

pub(crate) fn measure(table: &mut Table) -> Result<()> {
    let (_server, admin) = Server::set_up(Options::default())?;
    postgres(&admin, table)?;
    mariadb(&admin, table)
}

fn postgres(admin: &Client, table: &mut Table) -> Result<()> {
    let options = large_table("exports")?;
    let url = Postgres::shared().url(options["dbname"].as_str().context("a database")?);
    let ours = ours(admin, "pg", &options)?;
    let psql = |arguments: &[&str]| -> Result<Duration> {
        client(|| {
            let mut client = Command::new("psql");
            client.arg(&url).args(["-X", "-q"]).args(arguments);
            client
        })
    };
    let select = psql(&["--csv", "-c", "select * from t"])?;
    let copy = psql(&["-c", "copy (select * from t) to stdout with (format csv, header)"])?;
    table.row(
        "export of 1,000,000 rows from PostgreSQL as CSV",
        seconds(ours),
        format!(
            "{:.2} × psql --csv ({}), {:.2} × psql copy ({}); target ≤ 1.5",
            ratio(ours, select),
            seconds(select),
            ratio(ours, copy),
            seconds(copy)
        ),
    );
    Ok(())
}

fn mariadb(admin: &Client, table: &mut Table) -> Result<()> {
    let server = MariaDb::shared();
    let database = server.create_database("exports")?;
    server.sql(
        &database,
        "create table t as select seq as id, concat('name ', seq) as name, seq * 1.25 as amount,
         seq % 3 = 0 as flag, timestamp '2024-01-01 00:00:00' + interval seq minute as at, md5(seq) as hash
         from seq_1_to_1000000",
    )?;
    let options = json!({
        "host": "127.0.0.1", "port": server.port(), "user": server.user(),
        "passwd": server.password(), "db": database, "ssl_mode": "disabled",
    });
    let ours = ours(admin, "mysql", &options)?;
    let theirs = client(|| {
        let mut client = server.client(&database);
        client.args(["--quick", "--column-names", "-e", "select * from t"]);
        client
    })?;
    table.row(
        "export of 1,000,000 rows from MariaDB as CSV",
        seconds(ours),
        format!(
            "{:.2} × mariadb --quick --batch ({}); target ≤ 1.5",
            ratio(ours, theirs),
            seconds(theirs)
        ),
    );
    Ok(())
}

/// From asking for a run to the last byte of the file.
fn ours(admin: &Client, kind: &str, options: &Value) -> Result<Duration> {
    let body = json!({ "name": kind, "type": kind, "options": options });
    let source = admin.post("/api/data_sources", &body)?.ok()?["id"].clone();
    let body = json!({ "name": kind, "query": "select * from t", "data_source_id": source });
    let query = admin.post("/api/queries", &body)?.ok()?["id"].clone();
    quickest(|| {
        let path = format!("/api/queries/{query}/results");
        let started = admin.post(&path, &json!({ "max_age": 0 }))?.ok()?;
        let job = admin.finish(&started)?;
        ensure!(job["job"]["status"] == 3, "{job}");
        let body = admin.get(&format!("{path}.csv"))?.body;
        let lines = body.iter().filter(|byte| **byte == b'\n').count() as u64;
        ensure!(lines == EXPORT_ROWS + 1, "{lines} lines");
        Ok(())
    })
}

/// The same with a client that writes to a file.
fn client(command: impl Fn() -> Command) -> Result<Duration> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("out");
    quickest(|| {
        let status = command()
            .stdin(Stdio::null())
            .stdout(File::create(&path)?)
            .status()
            .context("a client of a database")?;
        ensure!(status.success(), "the client failed");
        Ok(())
    })
}

fn quickest(mut work: impl FnMut() -> Result<()>) -> Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..TIMES {
        let begun = Instant::now();
        work()?;
        best = best.min(begun.elapsed());
    }
    Ok(best)
}

fn ratio(ours: Duration, theirs: Duration) -> f64 {
    ours.as_secs_f64() / theirs.as_secs_f64()
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
