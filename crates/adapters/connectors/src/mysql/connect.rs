//! Connections: opened to an address that was checked, kept for a while, handed out clean.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{ClientIdentity, Conn, OptsBuilder, SslOpts};
use tessera_kernel::{Code, Fault, Result};

use super::Family;
use super::errors::{failed, is_plain, presented_name, unreachable};
use super::options::{Mode, Options};
use crate::ConnectorSettings;
use crate::resting::Resting;

/// Longest wait for a server that has next to nothing to do.
const ANSWER: Duration = Duration::from_secs(5);

/// Largest packet that is read or sent, in bytes: the most that the protocol has.
const PACKET_BYTES_MAX: usize = 1 << 30;

/// How long the driver believes that the server keeps an idle connection, in seconds. Ours are
/// asked before they are used.
const WAIT_SECONDS: usize = 28_800;

/// Modes of the server in which a text means something else than it was read as here.
const STRANGE_MODES: [&str; 8] = [
    "ANSI",
    "ANSI_QUOTES",
    "DB2",
    "MAXDB",
    "MSSQL",
    "NO_BACKSLASH_ESCAPES",
    "ORACLE",
    "POSTGRESQL",
];

/// The connections of one data source.
pub(super) struct Pool {
    options: Options,
    family: Family,
    settings: Arc<ConnectorSettings>,
    resting: Resting<Pooled>,
}

/// One connection.
pub(super) struct Pooled {
    pub(super) conn: Conn,
    server: Server,
}

/// What the server is, and what a session of it begins with.
#[derive(Clone)]
struct Server {
    is_mariadb: bool,
    /// The modes to be set, if those that it begins with will not do.
    modes: Option<String>,
}

impl Pool {
    pub(super) fn new(options: Options, family: Family, settings: Arc<ConnectorSettings>) -> Self {
        let resting = Resting::new(&settings);
        Self { options, family, settings, resting }
    }

    /// A connection that nobody used before, or that was cleaned after use. Its statements may take
    /// so long.
    pub(super) async fn take(&self, limit: Duration) -> Result<Pooled> {
        while let Some(mut pooled) = self.resting.take() {
            // Something between may have dropped it without a word: then there is no answer.
            if let Ok(Ok(())) = tokio::time::timeout(ANSWER, self.begin(&mut pooled, limit)).await {
                return Ok(pooled);
            }
        }
        let most = self.settings.connect_timeout_seconds;
        let seconds = self.options.connect_seconds.filter(|own| *own > 0).unwrap_or(most).min(most);
        let opened = tokio::time::timeout(Duration::from_secs(seconds), async {
            let conn = self.connect().await?;
            let mut pooled = self.recognise(conn).await?;
            self.begin(&mut pooled, limit).await?;
            Ok(pooled)
        });
        opened.await.unwrap_or_else(|_| {
            let detail = format!("no connection within {seconds} s (sources.connect_seconds)");
            Err(Fault::new(Code::SourceFailed, detail))
        })
    }

    /// Begins a session: times in UTC, nothing is written, no statement takes longer than it may.
    async fn begin(&self, pooled: &mut Pooled, limit: Duration) -> Result<()> {
        let mut text = String::new();
        if let Some(database) = &self.options.database {
            text = format!("USE `{}`; ", database.replace('`', "``"));
        }
        if self.family == Family::MemSql {
            text.push_str("SELECT 1");
        } else {
            // The server keeps it as a 32-bit number, and takes 0 for no limit.
            let millis = limit.as_millis().clamp(1, 0x7FFF_FFFF);
            let limit = if pooled.server.is_mariadb {
                format!("max_statement_time = {}.{:03}", millis / 1000, millis % 1000)
            } else {
                format!("max_execution_time = {millis}")
            };
            text.push_str("SET time_zone = '+00:00'");
            if let Some(modes) = &pooled.server.modes {
                text.push_str(&format!(", sql_mode = '{modes}'"));
            }
            text.push_str(&format!(", {limit}; SET SESSION TRANSACTION READ ONLY"));
        }
        pooled.conn.query_drop(text).await.map_err(|error| failed(&error))
    }

    /// Finds out what the server is.
    async fn recognise(&self, mut conn: Conn) -> Result<Pooled> {
        if self.family == Family::MemSql {
            return Ok(Pooled { conn, server: Server { is_mariadb: false, modes: None } });
        }
        let told: Option<(String, String)> = conn
            .query_first("SELECT VERSION(), @@SESSION.sql_mode")
            .await
            .map_err(|error| failed(&error))?;
        let (version, modes) = told.unwrap_or_default();
        let is_strange = |mode: &&str| STRANGE_MODES.contains(mode);
        let wanted = modes.split(',').any(|mode| is_strange(&mode)).then(|| {
            let kept = modes.split(',').filter(|mode| !is_strange(mode));
            kept.collect::<Vec<_>>().join(",")
        });
        let is_mariadb = version.to_ascii_lowercase().contains("mariadb");
        Ok(Pooled { conn, server: Server { is_mariadb, modes: wanted } })
    }

    /// Takes a connection back after it was cleaned: nothing that a run set, made or locked stays.
    pub(super) async fn give_back(&self, mut pooled: Pooled) {
        let cleaned = tokio::time::timeout(ANSWER, pooled.conn.reset()).await;
        if !matches!(cleaned, Ok(Ok(true))) {
            return;
        }
        self.resting.put(pooled);
    }

    /// Tells the server, over another connection, to stop whatever a connection is doing, and drops
    /// it. The whole connection is ended: a server that waits until somebody takes its rows does
    /// not notice that only the statement was.
    pub(super) async fn stop(&self, pooled: Pooled) {
        let id = pooled.conn.id();
        let told = async {
            let mut other = self.connect().await?;
            other.query_drop(format!("KILL {id}")).await.map_err(|error| failed(&error))?;
            other.disconnect().await.map_err(|error| failed(&error))
        };
        match tokio::time::timeout(ANSWER, told).await {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => tracing::warn!(%fault, "a statement could not be cancelled"),
            Err(_) => tracing::warn!("a statement could not be cancelled in time"),
        }
    }

    async fn connect(&self) -> Result<Conn> {
        let options = &self.options;
        let addresses = self.settings.resolve(&options.host, options.port).await?;
        let addresses: Vec<IpAddr> = addresses.iter().map(std::net::SocketAddr::ip).collect();
        // The name is kept for the certificate; the connection goes to the address checked here.
        let builder = OptsBuilder::default()
            .ip_or_hostname(&options.host)
            .resolved_ips(Some(addresses))
            .tcp_port(options.port)
            .tcp_keepalive(Some(Duration::from_secs(60)))
            .user(options.user.as_deref())
            .pass(options.password.as_ref().map(|password| password.expose()))
            .db_name(options.database.as_deref())
            .prefer_socket(false)
            .stmt_cache_size(0)
            .max_allowed_packet(Some(PACKET_BYTES_MAX))
            .wait_timeout(Some(WAIT_SECONDS))
            // A password in clear text goes over an encrypted connection only.
            .enable_cleartext_plugin(!matches!(options.mode, Mode::Disabled | Mode::Preferred));
        let tls = encryption(options);
        let encrypted = builder.clone().ssl_opts(tls.clone());
        let connected = match (Conn::new(encrypted).await, options.mode) {
            (Err(error), Mode::Preferred) if is_plain(&error) => Conn::new(builder).await,
            // The driver cannot leave the name out: the certificate's own is taken.
            (Err(error), Mode::VerifyCa) => match presented_name(&error) {
                Some(name) => {
                    let tls = tls.map(|tls| tls.with_danger_tls_hostname_override(Some(name)));
                    Conn::new(builder.ssl_opts(tls)).await
                }
                None => Err(error),
            },
            (connected, _) => connected,
        };
        connected.map_err(|error| unreachable(&options.host, &error))
    }
}

fn encryption(options: &Options) -> Option<SslOpts> {
    let mut tls = SslOpts::default();
    if let Some(root) = &options.root {
        tls = tls
            .with_root_certs(vec![root.clone().into_bytes().into()])
            .with_disable_built_in_roots(true);
    }
    if let Some((certificate, key)) = &options.client {
        let key = key.expose().as_bytes().to_vec();
        let identity = ClientIdentity::new(certificate.clone().into_bytes().into(), key.into());
        tls = tls.with_client_identity(Some(identity));
    }
    match options.mode {
        Mode::Disabled => None,
        Mode::Preferred | Mode::Required => Some(tls.with_danger_accept_invalid_certs(true)),
        Mode::VerifyCa | Mode::VerifyIdentity => Some(tls),
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a thing took is not domain time")]
pub(super) fn now() -> Instant {
    Instant::now()
}
