//! Connections: opened to an address that was checked, kept for a while, handed out clean.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tessera_kernel::{Code, Fault, Result};
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::{CancelToken, Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::errors::failed;
use super::iam::Iam;
use super::options::Options;
use super::tls;
use crate::ConnectorSettings;
use crate::resting::Resting;

/// What `DISCARD ALL` does, but for closing all prepared statements: the driver keeps some of its own,
/// by which it looks up types. Only those go that a run made, so that no other run sees their text.
const CLEAN: &str = "ROLLBACK; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; CLOSE ALL; UNLISTEN *; \
                     SELECT pg_catalog.pg_advisory_unlock_all(); \
                     DISCARD PLANS; DISCARD TEMP; DISCARD SEQUENCES; \
                     DO LANGUAGE plpgsql $clean$ DECLARE own text; BEGIN \
                     FOR own IN SELECT name FROM pg_catalog.pg_prepared_statements WHERE from_sql \
                     LOOP EXECUTE 'DEALLOCATE ' || pg_catalog.quote_ident(own); END LOOP; \
                     END $clean$";

/// Longest wait for a server that has next to nothing to do.
const ANSWER: Duration = Duration::from_secs(5);

/// The connections of one data source.
pub(super) struct Pool {
    options: Options,
    /// Who gives a name and a password, if they are not among the options.
    iam: Option<Iam>,
    tls: Option<MakeRustlsConnect>,
    settings: Arc<ConnectorSettings>,
    resting: Resting<Pooled>,
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

    /// Tells the server to stop whatever the connection is doing, and drops it.
    pub(super) async fn stop(self) {
        let told = async {
            match &self.tls {
                Some(tls) => self.cancel.cancel_query(tls.clone()).await,
                None => self.cancel.cancel_query(NoTls).await,
            }
        };
        match tokio::time::timeout(ANSWER, told).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a statement could not be cancelled"),
            Err(_) => tracing::warn!("a statement could not be cancelled in time"),
        }
    }

    /// Lets the server end any statement that takes longer than this, if it can.
    async fn limit(&self, limit: Duration, options: &Options) -> Result<(), tokio_postgres::Error> {
        if !options.family.has_time_limit() {
            return self.client.batch_execute("SELECT 1").await;
        }
        // The server keeps it as a 32-bit number, and takes 0 for no limit.
        let millis = limit.as_millis().clamp(1, 0x7FFF_FFFF);
        let mut text = format!("SET statement_timeout = {millis}");
        if let Some(group) = &options.query_group {
            // Backslashes are letters in its literals or escapes: it takes none.
            let group: String = group.chars().filter(|letter| *letter != '\\').collect();
            text.push_str(&format!("; SET query_group TO '{}'", group.replace('\'', "''")));
        }
        self.client.batch_execute(&text).await
    }
}

impl Pool {
    pub(super) fn new(
        options: Options,
        iam: Option<Iam>,
        settings: Arc<ConnectorSettings>,
    ) -> Result<Self> {
        let tls = tls::connector(&options)?;
        let resting = Resting::new(&settings);
        Ok(Self { options, iam, tls, settings, resting })
    }

    /// A connection that nobody used before, or that was cleaned after use. Its statements may take
    /// so long.
    pub(super) async fn take(&self, limit: Duration) -> Result<Pooled> {
        while let Some(pooled) = self.resting.take() {
            if pooled.client.is_closed() {
                continue;
            }
            // Something between may have dropped it without a word: then there is no answer.
            if let Ok(Ok(())) =
                tokio::time::timeout(ANSWER, pooled.limit(limit, &self.options)).await
            {
                return Ok(pooled);
            }
        }
        let seconds = self.settings.connect_timeout_seconds;
        let opened = tokio::time::timeout(Duration::from_secs(seconds), async {
            let pooled = self.connect().await?;
            pooled.limit(limit, &self.options).await.map_err(|error| failed(&error, None))?;
            Ok(pooled)
        });
        opened.await.unwrap_or_else(|_| {
            let detail = format!("no connection within {seconds} s (sources.connect_seconds)");
            Err(Fault::new(Code::SourceFailed, detail))
        })
    }

    /// Takes a connection back after it was cleaned: nothing that a run set, made or locked stays.
    pub(super) async fn give_back(&self, pooled: Pooled) {
        if !self.options.family.cleans() {
            return;
        }
        let cleaned = tokio::time::timeout(ANSWER, pooled.client.batch_execute(CLEAN)).await;
        if !matches!(cleaned, Ok(Ok(()))) {
            return;
        }
        self.resting.put(pooled);
    }

    async fn connect(&self) -> Result<Pooled> {
        let options = &self.options;
        let mut config = Config::new();
        config
            .dbname(&options.database)
            .application_name(options.more.application_name.as_deref().unwrap_or("tessera"))
            .keepalives_idle(Duration::from_secs(60));
        config.ssl_mode(match options.mode {
            tls::Mode::Disable => SslMode::Disable,
            tls::Mode::Prefer => SslMode::Prefer,
            tls::Mode::Require | tls::Mode::VerifyCa | tls::Mode::VerifyFull => SslMode::Require,
        });
        if let Some(iam) = &self.iam {
            // On the heap: a request with its buffers is large.
            let login = Box::pin(iam.login()).await?;
            config.user(&login.user).password(login.password.expose());
        } else {
            config.user(options.user.as_deref().unwrap_or("postgres"));
            if let Some(password) = &options.password {
                config.password(password.expose());
            }
        }
        if let Some(settings) = &options.more.options {
            config.options(settings);
        }
        if options.more.read_write {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        // The name is kept for the certificate; the connection goes to the address checked here.
        for address in self.settings.resolve(&options.host, options.port).await? {
            config.host(&options.host).hostaddr(address.ip()).port(address.port());
        }
        match &self.tls {
            Some(tls) => {
                let (client, connection) =
                    config.connect(tls.clone()).await.map_err(|error| failed(&error, None))?;
                drive(connection);
                let cancel = client.cancel_token();
                Ok(Pooled { client, cancel, tls: Some(tls.clone()) })
            }
            None => {
                let (client, connection) =
                    config.connect(NoTls).await.map_err(|error| failed(&error, None))?;
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

#[expect(clippy::disallowed_methods, reason = "how long a thing took is not domain time")]
pub(super) fn now() -> Instant {
    Instant::now()
}
