//! What we are measured against, and what makes the load.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tessera_testkit::postgres::Postgres;

/// How long each load lasts, in seconds.
const LOAD_SECONDS: u32 = 5;

/// nginx with a folder of files.
pub(crate) struct Nginx {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Nginx {
    pub(crate) fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let root = folder.path().display();
        let config = format!(
            "worker_processes 2; daemon off; master_process off; pid {root}/pid; error_log /dev/null;
             events {{}} http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
             server {{ listen 127.0.0.1:{port}; root {root}; }} }}"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, config)?;
        let child = Command::new("/usr/sbin/nginx")
            .arg("-c")
            .arg(&file)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("nginx")?;
        let end = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(Instant::now() < end, "nginx did not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(Self { child, port, folder })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn put(&self, name: &str, body: &[u8]) -> Result<()> {
        Ok(std::fs::write(self.folder.path().join(name), body)?)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// What came of a load.
pub(crate) struct Load {
    pub(crate) per_second: f64,
    p50: String,
    p99: String,
}

impl Load {
    pub(crate) fn rate(&self) -> String {
        format!("{:.0}/s", self.per_second)
    }

    pub(crate) fn times(&self) -> String {
        format!("p50 {}, p99 {}", self.p50, self.p99)
    }
}

/// One thread of wrk with some connections.
pub(crate) fn load(base: &str, path: &str, key: &str, connections: u32) -> Result<Load> {
    let out = Command::new("wrk")
        .args(["-t1", &format!("-c{connections}"), &format!("-d{LOAD_SECONDS}s"), "--latency"])
        .args(["-H", &format!("Authorization: Key {key}"), &format!("{base}{path}")])
        .output()
        .context("wrk")?;
    let text = String::from_utf8_lossy(&out.stdout);
    if text.contains("Non-2xx") {
        bail!("{path}: {text}");
    }
    let after = |label: &str| {
        text.lines()
            .find_map(|line| line.trim().strip_prefix(label).map(|rest| rest.trim().to_owned()))
            .with_context(|| format!("{label}: {text}"))
    };
    Ok(Load {
        per_second: after("Requests/sec:")?.parse()?,
        p50: after("50%")?,
        p99: after("99%")?,
    })
}

/// A database of PostgreSQL with a table `t` of 1,000,000 rows and 6 columns; gives the options of a
/// data source for it.
pub(crate) fn large_table(name: &str) -> Result<Value> {
    let server = Postgres::shared();
    let database = server.create_database(name)?;
    server.sql(
        &database,
        "create table t as select i as id, 'name ' || i as name, i * 1.25 as amount, i % 3 = 0 as flag,
         timestamp '2024-01-01' + i * interval '1 minute' as at, md5(i::text) as hash
         from generate_series(1, 1000000) i",
    )?;
    Ok(json!({
        "host": "127.0.0.1", "port": server.port(), "user": server.user(),
        "password": server.password(), "dbname": database, "sslmode": "disable",
    }))
}

/// Times of `SELECT 1` by the driver alone, on a connection that is open.
pub(crate) fn driver(count: usize) -> Result<Vec<Duration>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let url = Postgres::shared().url("postgres");
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
        let driving = tokio::spawn(connection);
        let mut times = Vec::new();
        for number in 0..count {
            let begun = Instant::now();
            client.query(&format!("select 1 -- {number}"), &[]).await?;
            times.push(begun.elapsed());
        }
        driving.abort();
        Ok(times)
    })
}
