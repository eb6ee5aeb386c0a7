//! Measures the real binary against peers in the same run: nginx for bytes, the bare driver for
//! latency. Prints a table; nothing here passes or fails.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]

mod exports;
mod joins;
mod keys;
mod peers;
mod table;

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tessera_testkit::client::Client;
use tessera_testkit::server::{Options, Server};

use crate::peers::{Load, Nginx, load};
use crate::table::Table;

/// Rows of the large export.
const EXPORT_ROWS: u64 = 1_000_000;

/// How often downloads are measured on each side; the middle counts.
const TURNS: usize = 3;

/// How long a server is left alone before it counts as idle.
const REST: Duration = Duration::from_secs(15);

type Measure = fn(&mut Table) -> Result<()>;

/// What can be measured by itself, in the order of the table.
const PARTS: [(&str, Measure); 6] = [
    ("start", start),
    ("keys", keys::measure),
    ("requests", on_one_server),
    ("export", export),
    ("join", join),
    ("clients", exports::measure),
];

/// Measures all parts, or those named as arguments.
fn main() -> Result<()> {
    let named: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = named.iter().find(|name| PARTS.iter().all(|part| part.0 != *name)) {
        anyhow::bail!("{unknown} is none of {}", PARTS.map(|part| part.0).join(", "));
    }
    let mut table = Table::default();
    for (name, measure) in PARTS {
        if named.is_empty() || named.iter().any(|named| named == name) {
            measure(&mut table)?;
        }
    }
    table.print()
}

/// Idle memory, then small answers, stored results, runs and jobs.
fn on_one_server(table: &mut Table) -> Result<()> {
    // nginx does not write its access log either.
    let (server, admin) =
        Server::set_up(Options::default().with("LOGS_LEVEL", "warn,tessera_app=info"))?;
    let source = source(&admin)?;
    // The first sign-in hashed a password, which takes 19 MiB for a moment.
    std::thread::sleep(REST);
    table.row("idle memory", mebibytes(memory(&server, "VmRSS")?), "target ≤ 60 MiB".to_owned());
    requests(&server, &admin, source, table)?;
    bytes(&server, &admin, source, table)?;
    latency(&admin, source, table)?;
    jobs(&admin, source, table)
}

fn join(table: &mut Table) -> Result<()> {
    let (server, admin) = Server::set_up(Options::default())?;
    let source = source(&admin)?;
    joins::measure(&server, &admin, source, table)
}

/// From the start of the process to the first good answer of `/readyz`.
fn start(table: &mut Table) -> Result<()> {
    let (mut first, mut next) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let begun = Instant::now();
        let server = Server::start(Options::default())?;
        server.anonymous().get("/readyz")?;
        first.push(begun.elapsed());
        let mut server = server;
        server.terminate()?;
        let begun = Instant::now();
        let server = server.kill_and_restart()?;
        server.anonymous().get("/readyz")?;
        next.push(begun.elapsed());
    }
    table.row(
        "first start",
        milliseconds(median(&mut first)),
        "makes metadata and secrets".to_owned(),
    );
    table.row("start", milliseconds(median(&mut next)), "target ≤ 200 ms".to_owned());
    Ok(())
}

/// A data source with the large table.
fn source(admin: &Client) -> Result<i64> {
    let options = peers::large_table("bench")?;
    let body = json!({ "name": "bench", "type": "pg", "options": options });
    admin.post("/api/data_sources", &body)?.ok()?["id"].as_i64().context("an id")
}

fn query(admin: &Client, source: i64, name: &str, text: &str) -> Result<Value> {
    let body = json!({ "name": name, "query": text, "data_source_id": source });
    let query = admin.post("/api/queries", &body)?.ok()?;
    let path = format!("/api/queries/{}/results", query["id"]);
    let started = admin.post(&path, &json!({ "max_age": 0 }))?.ok()?;
    let job = admin.finish(&started)?;
    anyhow::ensure!(job["job"]["status"] == 3, "{job}");
    Ok(query)
}

/// Small answers under load.
fn requests(server: &Server, admin: &Client, source: i64, table: &mut Table) -> Result<()> {
    let one = query(admin, source, "one", "select 1 as one")?;
    for number in 0..1000 {
        let body = json!({ "name": format!("listed {number}"), "query": "select 1", "data_source_id": source });
        admin.post("/api/queries", &body)?.ok()?;
    }
    let fetch = load(server.url(), &format!("/api/queries/{}", one["id"]), admin.key(), 32)?;
    table.row(
        "key check and query fetch",
        fetch.rate(),
        format!("{}; target ≥ 15,000/s", fetch.times()),
    );
    let list = load(server.url(), "/api/queries?page_size=25", admin.key(), 32)?;
    table.row("list of 25 of 1,000 queries", list.rate(), list.times());
    let ping = load(server.url(), "/healthz", admin.key(), 32)?;
    table.row("empty answer", ping.rate(), ping.times());
    Ok(())
}

/// Stored results against nginx with the same bytes in a file.
fn bytes(server: &Server, admin: &Client, source: i64, table: &mut Table) -> Result<()> {
    let nginx = Nginx::start()?;
    for rows in [1_000, 100_000] {
        let text = format!("select * from t where id <= {rows} order by id");
        let query = query(admin, source, &format!("{rows} rows"), &text)?;
        for format in ["json", "csv"] {
            let path = format!("/api/queries/{}/results.{format}", query["id"]);
            let body = admin.get(&path)?.body;
            let name = format!("{rows}.{format}");
            nginx.put(&name, &body)?;
            // By turns, so that a disturbance does not meet one side only.
            let peer_path = format!("/{name}");
            let mut turns = Vec::new();
            for _ in 0..TURNS {
                let ours = load(server.url(), &path, admin.key(), 8)?;
                turns.push((ours, load(&nginx.url(), &peer_path, admin.key(), 8)?));
            }
            let (ours, peer) = turns.into_iter().unzip();
            let (ours, peer) = (middle(ours)?, middle(peer)?);
            table.row(
                &format!("cached {rows} rows as {format} ({} KiB)", body.len() / 1024),
                ours.rate(),
                format!(
                    "{:.2} × nginx's time ({}); target ≤ 1.3",
                    peer.per_second / ours.per_second,
                    peer.rate()
                ),
            );
        }
    }
    Ok(())
}

/// `SELECT 1` from asking to success, against the bare driver on the same server.
fn latency(admin: &Client, source: i64, table: &mut Table) -> Result<()> {
    let mut driver = peers::driver(500)?;
    let driver = median(&mut driver);
    let mut times = Vec::new();
    for number in 0..300 {
        let body = json!({
            "source_id": source, "text": format!("select 1 -- {number}"), "max_age_seconds": 0,
            "wait_ms": 10_000,
        });
        let begun = Instant::now();
        let answer = admin.post("/v1/statements/runs", &body)?.ok()?;
        times.push(begun.elapsed());
        anyhow::ensure!(!answer["result"].is_null(), "{answer}");
    }
    let ours = median(&mut times);
    table.row(
        "SELECT 1, from POST to success",
        milliseconds(ours),
        format!(
            "driver {} + {}; target ≤ + 2 ms",
            milliseconds(driver),
            milliseconds(ours.saturating_sub(driver))
        ),
    );
    Ok(())
}

/// Many small jobs, sixteen callers at a time.
fn jobs(admin: &Client, source: i64, table: &mut Table) -> Result<()> {
    const JOBS: usize = 2000;
    const CALLERS: usize = 16;
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                scope.spawn(move || -> Result<()> {
                    for number in 0..JOBS / CALLERS {
                        let body = json!({
                            "source_id": source, "text": format!("select {caller} as c, {number} as n"),
                            "max_age_seconds": 0, "wait_ms": 10_000,
                        });
                        admin.post("/v1/statements/runs", &body)?.ok()?;
                    }
                    Ok(())
                })
            })
            .collect();
        callers.into_iter().try_for_each(|caller| {
            caller.join().map_err(|_| anyhow::anyhow!("a caller panicked"))?
        })
    })?;
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let rate = JOBS as f64 / begun.elapsed().as_secs_f64();
    table.row("jobs, 16 callers", format!("{rate:.0}/s"), "target ≥ 500/s".to_owned());
    Ok(())
}

/// A million rows from the database to a CSV file on the caller's side.
fn export(table: &mut Table) -> Result<()> {
    // A process of its own, so that its highest memory is that of the export.
    let (server, admin) = Server::set_up(Options::default())?;
    let source = source(&admin)?;
    let begun = Instant::now();
    let query = query(&admin, source, "export", "select * from t")?;
    let ran = begun.elapsed();
    let begun = Instant::now();
    let body = admin.get(&format!("/api/queries/{}/results.csv", query["id"]))?.body;
    let wrote = begun.elapsed();
    let lines = body.iter().filter(|byte| **byte == b'\n').count() as u64;
    anyhow::ensure!(lines == EXPORT_ROWS + 1, "{lines} lines");
    table.row(
        "export of 1,000,000 rows as CSV",
        format!("{:.1} s + {:.1} s", ran.as_secs_f64(), wrote.as_secs_f64()),
        format!(
            "run + download of {} MiB; highest memory {}; target < 150 MiB",
            body.len() >> 20,
            mebibytes(memory(&server, "VmHWM")?)
        ),
    );
    Ok(())
}

/// A line of the process's status, in bytes.
fn memory(server: &Server, line: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid()))?;
    let found = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
    let kibibytes = found.context("a line of memory")?.trim().trim_end_matches(" kB");
    Ok(kibibytes.parse::<u64>()? * 1024)
}

/// The one of middle speed.
fn middle(mut loads: Vec<Load>) -> Result<Load> {
    loads.sort_by(|one, other| one.per_second.total_cmp(&other.per_second));
    let middle = loads.len() / 2;
    loads.into_iter().nth(middle).context("a measurement")
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}
