//! Connections: opened to an address that was checked, kept for a while, handed out clean.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use tessera_kernel::{Code, Fault, Result, Secret};
use tokio_postgres::config::SslMode;
use tokio_postgres::{CancelToken, Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::errors::failed;
use super::tls;
use crate::{ConnectorSettings, text_option};

/// What `DISCARD ALL` does, but for closing prepared statements: the driver keeps some of its own, by
/// which it looks up types.
const CLEAN: &str = "ROLLBACK; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; CLOSE ALL; UNLISTEN *; \
                     SELECT pg_advisory_unlock_all(); DISCARD PLANS; DISCARD TEMP; DISCARD SEQUENCES";

/// Where and as whom to connect.
pub(super) struct Options {
    pub(super) host: String,
    port: u16,
    user: Option<String>,
    password: Option<Secret>,
    database: String,
    mode: tls::Mode,
    root: Option<String>,
}

impl Options {
    pub(super) fn read(options: &Json) -> Result<Self> {
        let port = match options.get("port") {
            None | Some(Json::Null) => 5432,
            Some(port) => port
                .as_u64()
                .and_then(|port| u16::try_from(port).ok())
                .filter(|port| *port > 0)
                .ok_or_else(|| {
                    Fault::invalid("options.port", "must be a whole number from 1 to 65535")
                })?,
        };
        let text = |name| text_option(options, name).map(str::to_owned);
        Ok(Self {
            host: text("host").unwrap_or_else(|| "127.0.0.1".to_owned()),
            port,
            user: text("user"),
            password: text("password").map(Secret::new),
            database: text("dbname")
                .ok_or_else(|| Fault::invalid("options.dbname", "is required"))?,
            mode: tls::Mode::read(text_option(options, "sslmode").unwrap_or("prefer"))?,
            root: text("sslrootcertFile"),
        })
    }
}

/// The connections of one data source that nobody uses right now.
pub(super) struct Pool {
    options: Options,
    tls: Option<MakeRustlsConnect>,
    settings: Arc<ConnectorSettings>,
    idle: Mutex<Vec<(Pooled, Instant)>>,
}

/// One connection.
pub(super) struct Pooled {
    client: Client,
    cancel: CancelToken,
    tls: Option<MakeRustlsConnect>,
}

impl Pooled {
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Tells the server to stop what this connection is doing.
    pub(super) async fn cancel(&self) -> Result<(), tokio_postgres::Error> {
        match &self.tls {
            Some(tls) => self.cancel.cancel_query(tls.clone()).await,
            None => self.cancel.cancel_query(NoTls).await,
        }
    }
}

impl Pool {
    pub(super) fn new(options: Options, settings: Arc<ConnectorSettings>) -> Result<Self> {
        let tls = tls::connector(options.mode, options.root.as_deref())?;
        Ok(Self { options, tls, settings, idle: Mutex::default() })
    }

    /// A connection that nobody used before, or that was cleaned after use.
    pub(super) async fn take(&self) -> Result<Pooled> {
        while let Some((pooled, since)) = self.pop() {
            let old = Duration::from_secs(self.settings.pool_idle_seconds);
            if !pooled.client.is_closed() && since.elapsed() < old {
                return Ok(pooled);
            }
        }
        let limit = Duration::from_secs(self.settings.connect_timeout_seconds);
        tokio::time::timeout(limit, self.connect()).await.unwrap_or_else(|_| {
            let detail = format!(
                "no connection within {} s (sources.connect_seconds)",
                self.settings.connect_timeout_seconds
            );
            Err(Fault::new(Code::SourceFailed, detail))
        })
    }

    /// Takes a connection back after it was cleaned: nothing that a run set, made or locked stays.
    pub(super) async fn give_back(&self, pooled: Pooled) {
        if pooled.client.batch_execute(CLEAN).await.is_err() {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.settings.pool_connections {
            idle.push((pooled, now()));
        }
    }

    fn pop(&self) -> Option<(Pooled, Instant)> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    async fn connect(&self) -> Result<Pooled> {
        let options = &self.options;
        let mut config = Config::new();
        config
            .dbname(&options.database)
            .application_name("tessera")
            .keepalives_idle(Duration::from_secs(60));
        config.ssl_mode(match options.mode {
            tls::Mode::Disable => SslMode::Disable,
            tls::Mode::Prefer => SslMode::Prefer,
            tls::Mode::Require | tls::Mode::VerifyCa | tls::Mode::VerifyFull => SslMode::Require,
        });
        config.user(options.user.as_deref().unwrap_or("postgres"));
        if let Some(password) = &options.password {
            config.password(password.expose());
        }
        // The name is kept for the certificate; the connection goes to the address checked here.
        for address in self.settings.resolve(&options.host, options.port).await? {
            config.host(&options.host).hostaddr(address.ip()).port(address.port());
        }
        match &self.tls {
            Some(tls) => {
                let (client, connection) =
                    config.connect(tls.clone()).await.map_err(|error| failed(&error, "", 0))?;
                drive(connection);
                let cancel = client.cancel_token();
                Ok(Pooled { client, cancel, tls: Some(tls.clone()) })
            }
            None => {
                let (client, connection) =
                    config.connect(NoTls).await.map_err(|error| failed(&error, "", 0))?;
                drive(connection);
                let cancel = client.cancel_token();
                Ok(Pooled { client, cancel, tls: None })
            }
        }
    }
}

/// Lets a connection do its work; it ends when its client is dropped.
#[expect(clippy::disallowed_methods, reason = "the driver needs a task for each connection")]
fn drive<S, T>(connection: tokio_postgres::Connection<S, T>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to a data source ended");
        }
    });
}

#[expect(clippy::disallowed_methods, reason = "how long a connection rested is not domain time")]
fn now() -> Instant {
    Instant::now()
}
