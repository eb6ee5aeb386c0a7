//! A server of BigQuery's REST protocol for tests, whose engine is SQLite: a database for each
//! project. Texts that both read alike run; types are those of the declared columns.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::time::{Duration, Instant};

use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::types::ValueRef;
use rusqlite::{Batch, Connection};
use serde_json::{Value as Json, json};

use crate::door::{Answer, Asked, Door};
use crate::google::{admit, refused};

pub const SCOPES: &str =
    "https://www.googleapis.com/auth/bigquery https://www.googleapis.com/auth/drive";

/// Rows of a page.
const PAGE_ROWS: usize = 500;

/// A result, or a job that goes on until it is cancelled or its time is over.
enum Job {
    Rows { fields: Json, rows: Vec<Json> },
    Endless { since: Instant, limit: Duration },
    Cancelled,
}

#[derive(Default)]
struct Server {
    projects: HashMap<String, Connection>,
    jobs: HashMap<String, Job>,
}

/// The port of the server, and a project whose tables were made with a setup.
pub fn project(setup: &str) -> (u16, String) {
    static SHARED: OnceLock<(u16, Arc<Mutex<Server>>)> = OnceLock::new();
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let (port, server) = SHARED.get_or_init(|| {
        let server: Arc<Mutex<Server>> = Arc::default();
        let asked = Arc::clone(&server);
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let door = Door::open(move |question, port| {
                    let mut server = asked.lock().expect("nobody panicked");
                    admit(question, port, SCOPES).unwrap_or_else(|| server.answer(question))
                });
                sender.send(door.await.port).expect("somebody waits");
                std::future::pending::<()>().await;
            });
        });
        (receiver.recv().expect("it listens"), server)
    });
    let name = format!("project-{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let db = Connection::open_in_memory().expect("opens");
    db.execute_batch(setup).expect("set up");
    server.lock().expect("nobody panicked").projects.insert(name.clone(), db);
    (*port, name)
}

impl Server {
    fn answer(&mut self, asked: &Asked) -> Answer {
        let path = asked.target.split('?').next().unwrap_or_default();
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let ["bigquery", "v2", "projects", project, rest @ ..] = parts.as_slice() else {
            return refused(404, "notFound", "no such address");
        };
        match (asked.method.as_str(), rest) {
            ("POST", ["jobs"]) => self.insert(project, &asked.body),
            ("GET", ["queries", job]) => self.page(job, asked),
            ("POST", ["jobs", job, "cancel"]) => {
                self.jobs.insert((*job).to_owned(), Job::Cancelled);
                Answer::json(&json!({ "kind": "bigquery#jobCancelResponse" }))
            }
            ("GET", ["datasets"]) => Answer::json(&json!({ "datasets": [{
                "datasetReference": { "datasetId": "d", "projectId": project }, "location": "EU",
            }]})),
            _ => refused(404, "notFound", "no such address"),
        }
    }

    fn insert(&mut self, project: &str, body: &str) -> Answer {
        let body: Json = serde_json::from_str(body).expect("JSON");
        let query = &body["configuration"]["query"];
        assert_eq!(query["useLegacySql"], false);
        let id = body["jobReference"]["jobId"].as_str().expect("a name of the job").to_owned();
        let text = query["query"].as_str().expect("a text");
        let Some(db) = self.projects.get(project) else {
            return refused(404, "notFound", "no such project");
        };
        let limit = body["configuration"]["jobTimeoutMs"].as_str().expect("a limit");
        let limit = Duration::from_millis(limit.parse().expect("a number"));
        let job = if text.contains("pg_sleep") {
            Ok(Job::Endless { since: Instant::now(), limit })
        } else if text.contains("INFORMATION_SCHEMA") {
            run(db, COLUMNS, &Json::Null)
        } else {
            run(db, text, &query["queryParameters"])
        };
        match job {
            Err(message) => refused(400, "invalidQuery", &message),
            Ok(job) => {
                self.jobs.insert(id.clone(), job);
                Answer::json(&json!({
                    "jobReference": { "projectId": project, "jobId": id, "location": "EU" },
                    "status": { "state": "RUNNING" },
                }))
            }
        }
    }

    fn page(&self, job: &str, asked: &Asked) -> Answer {
        assert_eq!(asked.query("location").as_deref(), Some("EU"), "where the job is");
        assert_eq!(asked.query("formatOptions.useInt64Timestamp").as_deref(), Some("true"));
        match self.jobs.get(job) {
            None => refused(404, "notFound", "no such job"),
            Some(Job::Cancelled) => refused(499, "stopped", "Job execution was cancelled"),
            Some(Job::Endless { since, limit }) if since.elapsed() > *limit => {
                let seconds = limit.as_secs();
                let message =
                    format!("Job execution was cancelled: Job timed out after {seconds}s");
                refused(400, "stopped", &message)
            }
            Some(Job::Endless { .. }) => Answer::json(&json!({ "jobComplete": false })),
            Some(Job::Rows { fields, rows }) => {
                let from = asked.query("pageToken").map_or(0, |token| token.parse().expect("ours"));
                let until = rows.len().min(from + PAGE_ROWS);
                let mut page = json!({
                    "jobComplete": true, "totalRows": rows.len().to_string(),
                    "rows": rows[from..until],
                });
                if until < rows.len() {
                    page["pageToken"] = Json::from(until.to_string());
                }
                page["schema"] = json!({ "fields": fields });
                Answer::json(&page)
            }
        }
    }
}

/// What `COLUMN_FIELD_PATHS` would tell.
const COLUMNS: &str = "select 'd', t.name, c.name, upper(c.type)
    from sqlite_schema t, pragma_table_info(t.name) c where t.type = 'table'";

/// Runs a script; its last statement that has columns gives the result.
fn run(db: &Connection, text: &str, parameters: &Json) -> Result<Job, String> {
    let told = |error: rusqlite::Error| error.to_string();
    let mut job = Job::Rows { fields: json!([]), rows: Vec::new() };
    let mut batch = Batch::new(db, text);
    while let Some(mut statement) = batch.next().map_err(told)? {
        for parameter in parameters.as_array().into_iter().flatten() {
            let name = format!("@{}", parameter["name"].as_str().expect("a name"));
            let Some(place) = statement.parameter_index(&name).map_err(told)? else { continue };
            let value = parameter["parameterValue"]["value"].as_str().expect("a text");
            match parameter["parameterType"]["type"].as_str().expect("a type") {
                "INT64" => statement.raw_bind_parameter(place, value.parse::<i64>().expect("one")),
                "NUMERIC" | "BIGNUMERIC" | "FLOAT64" => {
                    statement.raw_bind_parameter(place, value.parse::<f64>().expect("one"))
                }
                _ => statement.raw_bind_parameter(place, value),
            }
            .map_err(told)?;
        }
        let names: Vec<(String, Option<String>)> = statement
            .columns()
            .iter()
            .map(|column| (column.name().to_owned(), column.decl_type().map(str::to_lowercase)))
            .collect();
        let mut kinds: Vec<Option<&str>> = names.iter().map(|(_, kind)| declared(kind)).collect();
        let mut rows = Vec::new();
        let mut found = statement.raw_query();
        while let Some(row) = found.next().map_err(told)? {
            let mut cells = Vec::new();
            for (place, kind) in kinds.iter_mut().enumerate() {
                let (seen, value) = match row.get_ref(place).map_err(told)? {
                    ValueRef::Null => (None, Json::Null),
                    ValueRef::Integer(number) => (Some("INTEGER"), number.to_string().into()),
                    ValueRef::Real(number) => (Some("FLOAT"), number.to_string().into()),
                    ValueRef::Text(text) | ValueRef::Blob(text) => {
                        (Some("STRING"), String::from_utf8_lossy(text).into_owned().into())
                    }
                };
                *kind = kind.or(seen);
                cells.push(json!({ "v": value }));
            }
            rows.push(json!({ "f": cells }));
        }
        if !names.is_empty() {
            let field = |((name, _), kind): (&(String, _), &Option<&str>)| json!({ "name": name, "type": kind.unwrap_or("STRING"), "mode": "NULLABLE" });
            let fields = names.iter().zip(&kinds).map(field).collect();
            job = Job::Rows { fields, rows };
        }
    }
    Ok(job)
}

fn declared(kind: &Option<String>) -> Option<&'static str> {
    match kind.as_deref()? {
        "integer" => Some("INTEGER"),
        "double precision" => Some("FLOAT"),
        _ => Some("STRING"),
    }
}
