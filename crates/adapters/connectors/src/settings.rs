//! What the operator decides about data sources.

use std::path::PathBuf;

use ipnet::IpNet;

/// Settings of this crate; the configuration of the binary fills them.
#[derive(Debug, Clone)]
pub struct ConnectorSettings {
    /// Networks that no data source may be in.
    pub denied_networks: Vec<IpNet>,
    /// If not empty: the only networks that data sources may be in.
    pub allowed_networks: Vec<IpNet>,
    /// Folders whose files are closed.
    pub sqlite_denied_folders: Vec<PathBuf>,
    /// Folders whose files are open, even inside closed ones.
    pub sqlite_allowed_folders: Vec<PathBuf>,
    /// Rows that are read at a time.
    pub batch_rows: usize,
    /// Longest time to connect, in seconds.
    pub connect_timeout_seconds: u64,
    /// Unused connections kept for each data source.
    pub pool_connections: usize,
    /// How long an unused connection is kept, in seconds.
    pub pool_idle_seconds: u64,
    /// Whether addresses that stand in queries may lead into private networks.
    pub url_private_networks: bool,
    /// Longest time for a document over HTTP, in seconds.
    pub http_seconds: u64,
    /// Largest document over HTTP, in bytes.
    pub http_answer_bytes_max: u64,
    /// Most redirects that a request over HTTP follows.
    pub http_redirects_max: usize,
    /// Where the interfaces of AWS are asked, instead of at their own addresses.
    pub aws_address: Option<String>,
    /// Where the interfaces of Google are asked, instead of at their own addresses.
    pub google_address: Option<String>,
    /// DuckDB's library; without it there is no such type.
    pub duckdb_library: Option<PathBuf>,
    /// Memory for all runs of one DuckDB file together, in bytes.
    pub duckdb_memory_bytes_max: u64,
    /// Threads for all runs of one DuckDB file together.
    pub duckdb_threads: usize,
    /// Extensions of DuckDB that a data source may load, in lower case.
    pub duckdb_extensions: Vec<String>,
    /// Where extensions of DuckDB are installed; `None` for where DuckDB looks by itself.
    pub duckdb_extension_folder: Option<PathBuf>,
}

impl Default for ConnectorSettings {
    fn default() -> Self {
        Self {
            denied_networks: ["169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128"]
                .iter()
                .filter_map(|network| network.parse().ok())
                .collect(),
            allowed_networks: Vec::new(),
            sqlite_denied_folders: Vec::new(),
            sqlite_allowed_folders: Vec::new(),
            batch_rows: 8192,
            connect_timeout_seconds: 10,
            pool_connections: 8,
            pool_idle_seconds: 300,
            url_private_networks: false,
            http_seconds: 60,
            http_answer_bytes_max: 64 << 20,
            http_redirects_max: 5,
            aws_address: None,
            google_address: None,
            duckdb_library: None,
            duckdb_memory_bytes_max: 1 << 30,
            duckdb_threads: 4,
            duckdb_extensions: Vec::new(),
            duckdb_extension_folder: None,
        }
    }
}
