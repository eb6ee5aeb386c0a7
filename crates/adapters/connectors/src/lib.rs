//! Other people's databases: one folder for each engine, one contract for all.
//!
//! Knows how to connect, run a bound statement, stream its rows into Arrow, and stop it. It decides
//! nothing about who may; hosts and files that no data source may touch are refused here, because
//! only here is known where a name leads. Entry point: [`AllConnectors`]. Tested by one suite that
//! runs against real databases, in `tests/`.

mod aws;
mod batch;
mod bigquery;
mod clickhouse;
mod duckdb;
mod elastic;
mod google;
mod guard;
mod http;
mod mssql;
mod mysql;
mod never;
mod options;
mod postgres;
mod prometheus;
mod resting;
mod rs256;
mod settings;
mod snowflake;
mod spreadsheets;
mod sqlite;
mod tls;
mod trino;
mod web;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value as Json;
use tessera_bi::ports::{Connector, Connectors};
use tessera_bi::{Source, SourceType};
use tessera_kernel::ids::{SourceId, Uid};
use tessera_kernel::{Code, Fault, Result};

use self::options::text as text_option;
pub use settings::ConnectorSettings;

/// An open connector and the version of the settings it was opened with.
type Opened = (i64, Arc<dyn Connector>);

/// Makes a connector from options.
pub type Maker = Arc<dyn Fn(&Json) -> Result<Arc<dyn Connector>> + Send + Sync>;

/// Makes a connector for the data source with this identifier, which is all zeros while options are
/// only checked.
pub type SourceMaker = Arc<dyn Fn(Uid, &Json) -> Result<Arc<dyn Connector>> + Send + Sync>;

/// Every engine this server knows.
pub struct AllConnectors {
    settings: Arc<ConnectorSettings>,
    types: Vec<SourceType>,
    /// Makers of types that other parts of this server offer.
    added: Vec<(&'static str, SourceMaker)>,
    /// Types that the operator switched off.
    closed: Vec<&'static str>,
    /// Open ones by data source, with the version of its settings.
    open: Mutex<HashMap<SourceId, Opened>>,
}

impl AllConnectors {
    /// The engines, with what the operator decided.
    #[must_use]
    pub fn new(settings: ConnectorSettings) -> Self {
        let mut types = vec![
            bigquery::source_type(),
            clickhouse::source_type(),
            mssql::source_type(),
            prometheus::source_type(),
            spreadsheets::source_type(),
            snowflake::source_type(),
            sqlite::source_type(),
            web::csv_type(),
            web::excel_type(),
            web::json_type(),
            web::url_type(),
        ];
        types.extend(elastic::Kind::ALL.map(elastic::Kind::source_type));
        types.extend(postgres::Family::ALL.map(postgres::Family::source_type));
        types.extend(trino::Family::ALL.map(trino::Family::source_type));
        types.extend(mysql::Family::ALL.map(mysql::Family::source_type));
        types.extend(settings.duckdb_library.as_ref().map(|_| duckdb::source_type()));
        types.sort_by_key(|known| known.title.to_lowercase());
        Self {
            settings: Arc::new(settings),
            types,
            added: Vec::new(),
            closed: Vec::new(),
            open: Mutex::default(),
        }
    }

    /// Switches types off: all that are not `enabled`, unless that is empty, and those that are
    /// `disabled`. Data sources that there are of such a type stay, and cannot be used.
    ///
    /// # Errors
    /// `Invalid` for a name that is no type.
    pub fn only(mut self, enabled: &[String], disabled: &[String]) -> Result<Self> {
        let known = |name: &String| self.types.iter().any(|one| one.name == name);
        if let Some(unknown) = enabled.iter().chain(disabled).find(|name| !known(name)) {
            let detail = format!("there is no data source type {unknown:?}");
            return Err(Fault::new(Code::Invalid, detail));
        }
        let named = |names: &[String], one: &SourceType| names.iter().any(|name| name == one.name);
        let (open, closed) = self
            .types
            .into_iter()
            .partition(|one| (enabled.is_empty() || named(enabled, one)) && !named(disabled, one));
        self.types = open;
        let closed: Vec<SourceType> = closed;
        self.closed = closed.iter().map(|one| one.name).collect();
        Ok(self)
    }

    /// Adds a type that another part of this server offers, such as its own records.
    #[must_use]
    pub fn with_type(self, added: SourceType, maker: Maker) -> Self {
        self.with_source_type(added, Arc::new(move |_uid, options| maker(options)))
    }

    /// Adds a type whose data sources have something of their own in this server.
    #[must_use]
    pub fn with_source_type(mut self, added: SourceType, maker: SourceMaker) -> Self {
        self.added.push((added.name, maker));
        self.types.push(added);
        self.types.sort_by_key(|known| known.title.to_lowercase());
        self
    }

    fn make(&self, kind: &str, uid: Uid, options: &Json) -> Result<Arc<dyn Connector>> {
        if self.closed.contains(&kind) {
            let detail = format!(
                "the type {kind:?} is switched off here (sources.types_enabled, \
                 sources.types_disabled)"
            );
            return Err(Fault::new(Code::Unsupported, detail));
        }
        if let Some(family) = mysql::Family::ALL.into_iter().find(|one| one.name() == kind) {
            let settings = Arc::clone(&self.settings);
            return Ok(Arc::new(mysql::MySql::new(family, options, settings)?));
        }
        if let Some(family) = postgres::Family::ALL.into_iter().find(|one| one.name() == kind) {
            let settings = Arc::clone(&self.settings);
            return Ok(Arc::new(postgres::Postgres::new(family, options, settings)?));
        }
        if let Some(family) = trino::Family::ALL.into_iter().find(|one| one.name() == kind) {
            let settings = Arc::clone(&self.settings);
            return Ok(Arc::new(trino::Trino::new(family, options, settings)?));
        }
        if let Some(known) = elastic::Kind::ALL.into_iter().find(|one| one.name() == kind) {
            return elastic::open(known, options, Arc::clone(&self.settings));
        }
        match kind {
            bigquery::NAME => {
                Ok(Arc::new(bigquery::BigQuery::new(options, Arc::clone(&self.settings))?))
            }
            clickhouse::NAME => {
                Ok(Arc::new(clickhouse::ClickHouse::new(options, Arc::clone(&self.settings))?))
            }
            mssql::NAME => {
                Ok(Arc::new(mssql::SqlServer::new(options, Arc::clone(&self.settings))?))
            }
            snowflake::NAME => {
                Ok(Arc::new(snowflake::Snowflake::new(options, Arc::clone(&self.settings))?))
            }
            duckdb::NAME if self.settings.duckdb_library.is_none() => Err(duckdb::not_offered()),
            duckdb::NAME => Ok(Arc::new(duckdb::DuckDb::new(options, Arc::clone(&self.settings))?)),
            sqlite::NAME => Ok(Arc::new(sqlite::Sqlite::new(options, Arc::clone(&self.settings))?)),
            web::CSV | web::EXCEL => {
                let sheets = web::Sheets::new(kind == web::CSV, Arc::clone(&self.settings))?;
                Ok(Arc::new(web::Documents(sheets)))
            }
            web::JSON => {
                let json = web::JsonDocuments::new(options, Arc::clone(&self.settings))?;
                Ok(Arc::new(web::Documents(json)))
            }
            web::URL => {
                let results = web::UrlResults::new(options, Arc::clone(&self.settings))?;
                Ok(Arc::new(web::Documents(results)))
            }
            spreadsheets::NAME => {
                Ok(Arc::new(spreadsheets::Spreadsheets::new(options, Arc::clone(&self.settings))?))
            }
            prometheus::NAME => {
                Ok(Arc::new(prometheus::Prometheus::new(options, Arc::clone(&self.settings))?))
            }
            _ => match self.added.iter().find(|(name, _)| *name == kind) {
                Some((_, maker)) => maker(uid, options),
                None => Err(Fault::new(
                    Code::Unsupported,
                    format!("this server has no connector for the type {kind:?}"),
                )),
            },
        }
    }
}

impl Connectors for AllConnectors {
    fn types(&self) -> &[SourceType] {
        &self.types
    }

    fn check(&self, kind: &str, options: &Json) -> Result<()> {
        self.make(kind, Uid::nil(), options).map(|_| ())
    }

    fn open(&self, source: &Source, options: &Json) -> Result<Arc<dyn Connector>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((version, connector)) = open.get(&source.id)
            && *version == source.version
        {
            return Ok(Arc::clone(connector));
        }
        let connector = self.make(&source.kind, source.uid, options)?;
        open.insert(source.id, (source.version, Arc::clone(&connector)));
        Ok(connector)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_the_operator_switched_off_are_not_there() {
        let only = |enabled: &[&str], disabled: &[&str]| {
            let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
            let (enabled, disabled): (Vec<String>, Vec<String>) = (names(enabled), names(disabled));
            AllConnectors::new(ConnectorSettings::default()).only(&enabled, &disabled)
        };
        let names = |all: &AllConnectors| -> Vec<&'static str> {
            all.types().iter().map(|known| known.name).collect()
        };
        let all = names(&only(&[], &[]).expect("all"));
        assert!(all.contains(&"pg") && all.contains(&"sqlite"));
        let two = only(&["pg", "mysql", "sqlite"], &["sqlite"]).expect("two");
        assert_eq!(names(&two), ["mysql", "pg"]);
        let options = serde_json::json!({ "dbname": "x" });
        assert!(two.check("pg", &options).is_ok());
        let fault = two.check("sqlite", &options).expect_err("switched off");
        assert!(fault.code() == Code::Unsupported, "{fault}");
        assert!(fault.detail().contains("sources.types_disabled"), "{fault}");
        assert!(only(&["postgres"], &[]).is_err(), "it is called pg");
        assert!(only(&[], &["nope"]).is_err());
    }
}
