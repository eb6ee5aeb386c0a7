//! The sections of the settings. Units stand in the names.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }
    };
}

section! {
    /// Where and how to serve.
    ServerSection {
        /// Address and port; port 0 takes a free one.
        listen: String = "127.0.0.1:5000".to_owned(),
        /// Memory for copies of results that are downloaded again and again, from which the kernel
        /// sends them without copying (`sendfile`), in bytes; 0 for none.
        sendfile_bytes: usize = 32 << 20,
        /// How callers name this server; empty takes it from each request.
        base_url: String = String::new(),
        /// Largest request body, in bytes.
        body_bytes_max: usize = 10 << 20,
        /// Longest time until a response begins, in seconds.
        request_seconds: u64 = 90,
        /// How long running requests may take when the server ends, in seconds.
        shutdown_seconds: u64 = 10,
        /// Whether cookies are sent over HTTPS only.
        cookies_secure: bool = false,
        /// Networks of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
        trusted_proxies: Vec<String> = Vec::new(),
        /// Whether `/metrics` is open to everybody; if not, it takes an administrator's key.
        metrics_public: bool = true,
        /// Origins of pages that may show embedded visualizations and public dashboards in a frame,
        /// such as `https://intranet.example`; `*` is every page. A key that names its own origins
        /// is not widened by this.
        frame_origins: Vec<String> = Vec::new(),
        /// Origins of pages whose scripts may read results with a key, such as
        /// `https://intranet.example`; `*` is every page. Cookies never count, and a key that names
        /// its own origins is not widened by this.
        cors_origins: Vec<String> = Vec::new(),
        /// What `Strict-Transport-Security` says where this server is reached over HTTPS, such as
        /// `max-age=31536000; includeSubDomains`; empty for no such header.
        strict_transport_security: String = String::new(),
        /// Whether pages and the Redash dialect are served below the short name of the organisation,
        /// as `/default/api/queries`. Pages are then served there only.
        multi_org: bool = false,
    }
}

section! {
    /// Where metadata is kept.
    StoreSection {
        /// `postgres://…`, `sqlite:///path`, or empty for `tessera.sqlite` in the data folder.
        url: String = String::new(),
        /// Connections for reading (SQLite) or in all (PostgreSQL).
        connections: usize = 4,
        /// Longest wait for a connection, in seconds.
        wait_seconds: u64 = 10,
    }
}

section! {
    /// Passwords.
    PasswordsSection {
        /// Shortest password, in characters.
        min_characters: usize = 10,
    }
}

section! {
    /// Sessions of people in a browser.
    SessionsSection {
        /// How long an idle session lives, in seconds.
        idle_seconds: i64 = 6 * 3600,
        /// The same where the person ticked "Remember me", in seconds.
        remembered_seconds: i64 = 31 * 24 * 3600,
        /// How long an invitation or reset link works, in seconds.
        link_seconds: i64 = 7 * 24 * 3600,
    }
}

section! {
    /// Signing in. Secrets are best given by the environment or in files.
    SigninSection {
        /// Whether people may sign in with passwords.
        passwords: bool = true,
        /// Who needs a second factor after the password, until an administrator decides otherwise:
        /// `optional`, `required_for_admins` or `required`.
        second_factor: String = "optional".to_owned(),
        /// The name of this server in people's authenticators.
        second_factor_issuer: String = "Tessera".to_owned(),
        /// How long a sign-in may take between its steps, in seconds.
        pending_seconds: i64 = 600,
        /// Whether people whom a provider, token or proxy names for the first time get an account.
        create_users: bool = true,
        /// Whether such a person takes over the account with the same e-mail address, if both sides
        /// have proved it.
        link_by_email: bool = false,
        /// If not empty: the only domains of proved e-mail addresses that may sign in this way.
        allowed_domains: Vec<String> = Vec::new(),
        /// Domains of e-mail addresses with which nobody is invited, such as those of throw-away
        /// mailboxes; with what is below them.
        blocked_domains: Vec<String> = Vec::new(),
        /// The claim with a person's groups: a name, or a path with dots.
        groups_claim: String = "groups".to_owned(),
        /// What the claim calls a group → the name of the group here. Only these groups are
        /// filled and emptied at each sign-in.
        group_map: BTreeMap<String, String> = BTreeMap::new(),
        /// The issuer of an OpenID Connect provider, to the letter; empty for none.
        oidc_issuer: String = String::new(),
        /// What the button says.
        oidc_label: String = "Sign in with single sign-on".to_owned(),
        /// Who this server is to the provider.
        oidc_client_id: String = String::new(),
        /// The secret that goes with it.
        oidc_client_secret: String = String::new(),
        /// A file with that secret instead.
        oidc_client_secret_file: String = String::new(),
        /// What to ask the provider for besides `openid`.
        oidc_scopes: Vec<String> = ["profile", "email"].map(str::to_owned).to_vec(),
        /// How the provider's tokens may be signed: `RS256`, `ES256`, `EdDSA`.
        oidc_algorithms: Vec<String> = ["RS256", "ES256", "EdDSA"].map(str::to_owned).to_vec(),
        /// Who asks people who come from the provider for a second factor: the provider (`trust`), or
        /// this server too, as after a password (`ask`).
        oidc_second_factor: String = "trust".to_owned(),
        /// The cookie with a signed token that tells who calls; empty for none.
        jwt_cookie: String = String::new(),
        /// The header with such a token; empty for none.
        jwt_header: String = String::new(),
        /// Who must have made the token.
        jwt_issuer: String = String::new(),
        /// Whom the token must be for.
        jwt_audience: String = String::new(),
        /// Where the public keys are that sign tokens.
        jwt_jwks_url: String = String::new(),
        /// A PEM file with the one public key that signs tokens instead.
        jwt_public_key_file: String = String::new(),
        /// How tokens may be signed: `RS256`, `ES256`, `EdDSA`.
        jwt_algorithms: Vec<String> = ["RS256", "ES256", "EdDSA"].map(str::to_owned).to_vec(),
        /// Whether the e-mail address in a token that does not say so is a proved one.
        jwt_email_verified: bool = false,
        /// The same for signed tokens (`trust` or `ask`). A request with a token cannot be asked: with `ask`
        /// the tokens of those who have, or must have, a second factor here are refused.
        jwt_second_factor: String = "trust".to_owned(),
        /// The header in which a proxy of `server.trusted_proxies` names who calls; empty for none.
        remote_user_header: String = String::new(),
        /// The same for those whom that header names (`trust` or `ask`).
        remote_user_second_factor: String = "trust".to_owned(),
        /// How long public keys are remembered, in seconds.
        keys_seconds: i64 = 3600,
        /// Whether a provider may be asked without encryption also on other machines.
        allow_http: bool = false,
        /// A PEM file with certificates of authorities to trust besides the public ones.
        ca_file: String = String::new(),
        /// Longest time to ask a provider, in seconds.
        provider_seconds: u64 = 10,
        /// Largest answer of a provider, in bytes.
        provider_bytes_max: usize = 1 << 20,
        /// Networks that no provider may be in.
        denied_networks: Vec<String> =
            ["169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128"].map(str::to_owned).to_vec(),
        /// If not empty: the only networks that providers may be in.
        allowed_networks: Vec<String> = Vec::new(),
    }
}

section! {
    /// Keys.
    KeysSection {
        /// Whether a key that acts as a user may come in the address (`?api_key=`).
        user_keys_in_url: bool = true,
        /// How long a key or right may be remembered, in seconds; a change on another node takes
        /// effect within this time.
        cache_seconds: u64 = 5,
        /// How many keys and how many users are remembered.
        cache_entries: u64 = 20_000,
        /// How old a result may be that a link with a pinned key gives without a new run, in
        /// seconds.
        pinned_max_age_seconds: u64 = 60,
        /// How long such a link waits for a run, in seconds; less than `server.request_seconds`.
        pinned_wait_seconds: u64 = 60,
        /// Longest life of a token (`att_`) made from a key without asking the server, in seconds.
        token_seconds_max: i64 = 24 * 3600,
        /// How far the time of a signed request may be from ours, in seconds.
        proof_skew_seconds: i64 = 60,
        /// How many signed requests are remembered, so that none is taken twice; beyond, they are
        /// answered with 503.
        proof_nonces_max: usize = 1_000_000,
        /// Most keys below one key.
        children_max: usize = 1000,
        /// How long a new key works if nobody says, in days; zero for no end. This and the next
        /// three can be changed for the organisation while the server runs.
        default_lifetime_days: u32 = 90,
        /// The longest time that a new key may work, in days; zero for any.
        lifetime_days_max: u32 = 0,
        /// After how many days without use a key is switched off; zero for never.
        unused_days_max: u32 = 0,
        /// For how many days a revoked key can be brought back; after that it is deleted.
        restore_days: u32 = 30,
        /// Public keys (P-256, PEM) of partners for secret scanning, who report found keys at
        /// `/v1/secret-scanning/reports`.
        scanning_partner_keys: Vec<String> = Vec::new(),
    }
}

section! {
    /// Limits on attempts and on keys.
    LimitsSection {
        /// Whether they apply at all.
        enabled: bool = true,
        /// Attempts to sign in per address and hour.
        login_attempts_per_hour: u32 = 50,
        /// Attempts to sign in per account and hour, from addresses that are new to the account;
        /// also codes of the second factor.
        account_attempts_per_hour: u32 = 20,
        /// Links to set a new password per user and hour; also links that do not work, and wishes
        /// for links by mail, per address.
        reset_links_per_hour: u32 = 10,
        /// Users whom one person or key may add per hour on each node; 0 is no limit.
        new_users_per_hour: u32 = 200,
        /// Requests per hour for all keys of a workspace together; 0 is no limit.
        workspace_requests_per_hour: u64 = 250_000,
        /// Requests per minute for every other key, beside the limits of its own terms; 0 is no
        /// limit.
        requests_per_minute_per_key: u64 = 0,
        /// Bad keys per minute from one address before further ones are not looked up; 0 is no
        /// limit.
        failed_keys_per_minute: u64 = 60,
        /// How often nodes tell each other what was used, in milliseconds.
        sync_milliseconds: u64 = 1000,
    }
}

section! {
    /// Jobs.
    JobsSection {
        /// Jobs that run at the same time.
        workers: usize = 16,
        /// Of them, those that only schedules wait for; of several workers one is always there for
        /// people.
        scheduled_workers: usize = 8,
        /// How long a job belongs to a process that gives no sign of life, in seconds.
        lease_seconds: u64 = 15,
        /// How often a job is begun before it fails for good.
        attempts_max: i64 = 3,
        /// How often to look for jobs that other nodes queued, in milliseconds.
        poll_milliseconds: u64 = 1000,
        /// How long ended jobs are remembered, in seconds.
        retention_seconds: i64 = 7 * 24 * 3600,
    }
}

section! {
    /// Runs of queries.
    RunsSection {
        /// Time limit of a run, in seconds.
        time_limit_seconds: u64 = 15 * 60,
        /// Time limit of a run that a schedule asked for, in seconds.
        scheduled_time_limit_seconds: u64 = 3600,
    }
}

section! {
    /// Schedules of queries.
    SchedulesSection {
        /// Whether this process runs queries by their schedules.
        enabled: bool = true,
        /// Shortest interval, in seconds.
        interval_seconds_min: i64 = 60,
        /// How long after its schedule was set a query is run that never ran, in seconds: who made
        /// it may run it first.
        first_run_seconds: i64 = 30,
        /// How long to wait before looking again at a query that cannot be run now, in seconds.
        recheck_seconds: i64 = 60,
        /// Longest delay after failures, in seconds.
        delay_seconds_max: i64 = 30 * 24 * 3600,
        /// Longest sleep of the scheduler, in seconds: clocks are set, and other nodes die.
        look_seconds: u64 = 60,
        /// How long runs are remembered, in seconds.
        log_seconds: i64 = 30 * 24 * 3600,
        /// How long failures are collected for one mail, in seconds
        /// (`organization.send_email_on_failed_scheduled_queries`).
        failure_mail_seconds: u64 = 3600,
        /// After so many failures in a row of a query its owner is not told any more.
        failure_mails_max: i64 = 100,
        /// Most queries and reasons that one mail about failures describes; of the others it gives
        /// the number.
        failure_mail_entries_max: u64 = 50,
    }
}

section! {
    /// Results.
    ResultsSection {
        /// Most rows of a result; a run that gives more fails.
        rows_max: u64 = 5_000_000,
        /// Most bytes of a result in memory form; a run that gives more fails.
        bytes_max: u64 = 2 << 30,
        /// How old a stored result may be that is given to who takes any age (`max_age` -1), in seconds; 0 is
        /// any age.
        reuse_seconds_max: u64 = 0,
        /// Age after which a result that no query names goes, in seconds.
        retention_seconds: i64 = 7 * 24 * 3600,
        /// Bytes of all result files; beyond, the oldest go that no query names.
        storage_bytes_max: u64 = 20 << 30,
        /// Memory for finished encodings, in bytes.
        hot_cache_bytes: u64 = 128 << 20,
        /// Largest finished encoding that is kept in memory, in bytes.
        hot_cache_entry_bytes_max: u64 = 48 << 20,
        /// How often to clean up, in seconds.
        clean_up_seconds: u64 = 300,
        /// Memory for all questions over stored results together (Query Results, views), in bytes.
        query_memory_bytes: usize = 512 << 20,
        /// Longest value that a function (`replace`, `repeat`, `||` …) or an aggregate (`string_agg` …)
        /// makes in a query on results, uploaded files or records of usage, in bytes.
        query_value_bytes_max: usize = 16 << 20,
        /// How deep queries may read the results of queries.
        join_depth_max: usize = 5,
        /// Most results that one query may read, with those that they read themselves.
        join_tables_max: usize = 32,
        /// Most rows of one page or file of a view of a result.
        view_rows_max: u64 = 1_000_000,
        /// Most bytes of one page or file of a view of a result, in memory form.
        view_bytes_max: u64 = 64 << 20,
        /// How long a view of a result may take, in seconds.
        view_time_limit_seconds: u64 = 60,
    }
}

section! {
    /// Queries.
    QueriesSection {
        /// Longest text, in bytes.
        text_bytes_max: usize = 4 << 20,
        /// The limit that `apply_auto_limit` adds, in rows.
        auto_limit_rows: u64 = 1000,
        /// Most values of a query-based parameter.
        dropdown_rows_max: usize = 10_000,
        /// After how many days an archived query or dashboard that nobody changed since is deleted for
        /// good; 0 is never.
        trash_retention_days: u32 = 0,
        /// Time zone in which words like "yesterday" are meant.
        time_zone: String = "UTC".to_owned(),
    }
}

section! {
    /// Data sources.
    SourcesSection {
        /// If not empty: the only types of data sources that there are, such as `pg`. Data sources of
        /// another type stay, and cannot be used.
        types_enabled: Vec<String> = Vec::new(),
        /// Types of data sources that there are not.
        types_disabled: Vec<String> = Vec::new(),
        /// Networks that no data source may be in.
        denied_networks: Vec<String> =
            ["169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128"].map(str::to_owned).to_vec(),
        /// If not empty: the only networks that data sources may be in.
        allowed_networks: Vec<String> = Vec::new(),
        /// If not empty: the only folders that SQLite and DuckDB files may be in. The data folder is
        /// always closed, but for the sample database.
        sqlite_folders: Vec<PathBuf> = Vec::new(),
        /// Connections kept for each data source.
        connections: usize = 8,
        /// How long an unused connection is kept, in seconds.
        idle_seconds: u64 = 300,
        /// Longest time to connect, in seconds.
        connect_seconds: u64 = 10,
        /// Rows that are read at a time.
        batch_rows: usize = 8192,
        /// How long the tables of a data source are remembered, in seconds.
        schema_cache_seconds: i64 = 7 * 24 * 3600,
        /// Whether addresses that stand in queries (CSV, Excel, JSON, URL) may lead to this machine
        /// and into private networks.
        url_private_networks: bool = false,
        /// Longest time for a document over HTTP, in seconds.
        http_seconds: u64 = 60,
        /// Largest document over HTTP, in bytes.
        http_answer_bytes_max: u64 = 64 << 20,
        /// Most redirects that a request over HTTP follows.
        http_redirects_max: usize = 5,
        /// Where the interfaces of AWS are asked (redshift_iam), such as a private endpoint; empty for
        /// their own addresses.
        aws_url: String = String::new(),
        /// Where the interfaces of Google are asked (bigquery, google_spreadsheets), such as a private
        /// endpoint; empty for their own addresses.
        google_url: String = String::new(),
        /// DuckDB's own library (`libduckdb.so`), which is loaded with the first data source that needs
        /// it; empty for none, and then there is no type `duckdb`.
        duckdb_library: PathBuf = PathBuf::new(),
        /// Memory for all runs of one DuckDB file together, in bytes. Nothing is put on disk instead.
        /// Single values that functions make are not counted (docs/connectors.md).
        duckdb_memory_bytes_max: u64 = 1 << 30,
        /// Threads for all runs of one DuckDB file together.
        duckdb_threads: usize = 4,
        /// Extensions of DuckDB that data sources may load; the server installs none.
        duckdb_extensions: Vec<String> = Vec::new(),
        /// The folder that these extensions are installed in; empty for where DuckDB looks by itself.
        duckdb_extension_folder: PathBuf = PathBuf::new(),
    }
}

section! {
    /// Uploaded files.
    FilesSection {
        /// Largest file, in bytes.
        upload_bytes_max: usize = 64 << 20,
        /// Bytes of all tables made of files; beyond, nothing more is taken.
        storage_bytes_max: u64 = 5 << 30,
        /// Memory for one query over files, in bytes.
        query_memory_bytes: usize = 256 << 20,
    }
}

section! {
    /// The mail server that mail goes to. Secrets are best given by the environment or in files.
    MailSection {
        /// Its name or address; empty for no mail.
        host: String = String::new(),
        /// Its port: usually 587 for `starttls`, 465 for `implicit`, 25 for `none`.
        port: u16 = 587,
        /// How the way there is encrypted: `starttls` (or no mail), `implicit` (from the first
        /// byte), `none`.
        tls: String = "starttls".to_owned(),
        /// Who this server is to the mail server; empty to send without signing in.
        username: String = String::new(),
        /// The password that goes with it.
        password: String = String::new(),
        /// A file with that password instead.
        password_file: String = String::new(),
        /// Who writes the mails, such as `Tessera <tessera@example.com>`.
        from: String = String::new(),
        /// Longest time for one mail, in seconds.
        timeout_seconds: u64 = 20,
        /// How often a mail is tried before it is given up: ten times are about four hours.
        attempts_max: i64 = 10,
        /// How long the list of mails remembers those that were sent or given up, in days.
        retention_days: i64 = 7,
        /// A PEM file with certificates of authorities to trust besides the public ones.
        ca_file: String = String::new(),
    }
}

section! {
    /// Notices of alerts to chats, pagers and webhooks.
    ChannelsSection {
        /// If not empty: the only kinds of destinations that there are, such as `email`. Destinations of
        /// another kind stay, and are told nothing.
        kinds_enabled: Vec<String> = Vec::new(),
        /// Kinds of destinations that there are not.
        kinds_disabled: Vec<String> = Vec::new(),
        /// The subject of mails about alerts that have none of their own; `{alert_name}` and `{state}`
        /// are filled in.
        mail_subject: String = "Alert: {alert_name} changed status to {state}".to_owned(),
        /// Networks that no notice goes to.
        denied_networks: Vec<String> =
            ["169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128"].map(str::to_owned).to_vec(),
        /// If not empty: the only networks that notices go to.
        allowed_networks: Vec<String> = Vec::new(),
        /// Whether notices may leave this machine without encryption.
        allow_http: bool = true,
        /// Longest time for one request, in seconds.
        timeout_seconds: u64 = 10,
        /// Largest message, in bytes.
        message_bytes_max: usize = 256 << 10,
        /// How much of an answer is read, in bytes.
        answer_bytes_max: usize = 64 << 10,
        /// A PEM file with certificates of authorities to trust besides the public ones.
        ca_file: String = String::new(),
        /// Where PagerDuty takes events; accounts in the EU: `https://events.eu.pagerduty.com`.
        pagerduty_url: String = "https://events.pagerduty.com".to_owned(),
        /// Where Datadog takes events; differs by site, such as `https://api.datadoghq.eu`.
        datadog_url: String = "https://api.datadoghq.com".to_owned(),
        /// Where Chatwork takes messages.
        chatwork_url: String = "https://api.chatwork.com".to_owned(),
        /// Where Webex takes messages.
        webex_url: String = "https://webexapis.com".to_owned(),
        /// Where Asana takes tasks.
        asana_url: String = "https://app.asana.com".to_owned(),
    }
}

section! {
    /// Alerts.
    AlertsSection {
        /// Longest options of an alert, and longest text of a notice, in bytes.
        text_bytes_max: usize = 100_000,
        /// Most rows that the texts of an alert may show.
        rows_max: usize = 1000,
        /// Notices that are sent at the same time.
        senders: usize = 4,
        /// How long one attempt to deliver a notice may take, in seconds.
        delivery_seconds: u64 = 15,
        /// How often delivering a notice is tried.
        attempts_max: i64 = 10,
        /// How long to wait after the first attempt, in seconds; twice as long after each further one.
        retry_seconds: u64 = 5,
        /// Longest wait between two attempts, in seconds.
        retry_seconds_max: u64 = 3600,
        /// How often to look for notices that other nodes left behind, in seconds.
        poll_seconds: u64 = 30,
        /// How long the delivery log remembers, in seconds.
        retention_seconds: i64 = 30 * 24 * 3600,
    }
}

section! {
    /// How the Redash dialect writes dates in CSV and TSV, and what it calls itself.
    RedashSection {
        /// The version that clients are told; they decide by it what to ask for.
        version: String = "26.08.0".to_owned(),
        /// Dates, in moment.js tokens.
        date_format: String = "DD/MM/YY".to_owned(),
        /// Times of day, in moment.js tokens.
        time_format: String = "HH:mm".to_owned(),
        /// How many lines of a list the web client shows at once.
        page_size: u32 = 20,
        /// What people may choose instead.
        page_sizes: Vec<u32> = vec![5, 10, 20, 50, 100],
        /// How often dashboards may be refreshed by the web client, in seconds.
        dashboard_refresh_seconds: Vec<u32> = vec![60, 300, 600, 1800, 3600, 43_200, 86_400],
        /// Which intervals the web client offers for schedules, in seconds.
        query_refresh_seconds: Vec<u32> = vec![
            60, 300, 600, 900, 1800, 3600, 7200, 10_800, 14_400, 18_000, 21_600, 25_200, 28_800,
            32_400, 36_000, 39_600, 43_200, 86_400, 604_800, 1_209_600, 2_592_000,
        ],
        /// Longest text in a cell of a table that the web client shows as JSON, in characters.
        table_cell_json_characters_max: u32 = 50_000,
        /// Whether the web client publishes a query when it gets a name.
        auto_publish_named_queries: bool = true,
        /// Whether the web client offers charts that run their authors' scripts in readers' browsers.
        custom_js_visualizations: bool = true,
        /// Whether the web client offers more options of alerts.
        extended_alert_options: bool = false,
    }
}

section! {
    /// What the organisation decides for itself, until an administrator changes it while the server
    /// runs. Formats of dates are in `[redash]`.
    OrganizationSection {
        /// How clients show whole numbers, in numeral.js tokens.
        integer_format: String = "0,0".to_owned(),
        /// How clients show fractions, in numeral.js tokens.
        float_format: String = "0,0.00".to_owned(),
        /// What stands between thousands.
        thousands_separator: String = ",".to_owned(),
        /// What stands before the fraction.
        decimal_separator: String = ".".to_owned(),
        /// What clients show where there is no value.
        null_value: String = "null".to_owned(),
        /// Whether dates in CSV and TSV files of the Redash dialect are written as ISO 8601.
        iso_dates_in_files: bool = false,
        /// Whether search also finds parts of words, for languages without spaces.
        multi_byte_search_enabled: bool = false,
        /// Whether clients offer to share editing.
        feature_show_permissions_control: bool = false,
        /// Whether owners are told by mail of scheduled runs that failed.
        send_email_on_failed_scheduled_queries: bool = false,
        /// Whether clients hide the buttons of charts.
        hide_plotly_mode_bar: bool = false,
        /// Whether public links of dashboards do not work.
        disable_public_urls: bool = false,
    }
}

section! {
    /// What people did, for overviews: told by clients, and noted by the server.
    ActivitySection {
        /// What the server notes by itself of requests in the Redash dialect: `none`, `changes`, or
        /// `all`, which is also what is read and run.
        server_notes: String = "changes".to_owned(),
        /// How long it is kept, in days; 0 keeps nothing.
        retention_days: u32 = 90,
        /// Records that may wait to be written; what comes beyond is counted and lost.
        entries_max: usize = 10_000,
    }
}

section! {
    /// What the Metabase dialect tells its clients.
    MetabaseSection {
        /// The version that clients are told; they decide by it what to ask for. The command line
        /// client `mb` wants v0.58 or later, and reads no version that ends with `-SNAPSHOT`.
        version: String = "v0.58.0".to_owned(),
    }
}

section! {
    /// The `/v1` API.
    ApiSection {
        /// How long `Idempotency-Key`s and forms that were sent are remembered, in hours.
        idempotency_hours: u32 = 24,
        /// How long a request with an `Idempotency-Key` may be under way before a repetition is told
        /// that its end is not known, in seconds.
        idempotency_flight_seconds: u32 = 60,
        /// Remembered `Idempotency-Key`s of one caller; beyond, the oldest go.
        idempotency_entries_max: u64 = 10_000,
        /// Longest answer that is kept for repetitions, in bytes.
        idempotency_answer_bytes_max: usize = 1 << 20,
        /// Bytes of all answers that are kept; beyond, the oldest go.
        idempotency_bytes_max: u64 = 64 << 20,
        /// Longest wait for a job in one request, in milliseconds.
        wait_milliseconds_max: u64 = 60_000,
    }
}

section! {
    /// The audit log.
    AuditSection {
        /// How often the end of the log is signed, if it moved, in seconds.
        checkpoint_seconds: u64 = 300,
        /// The file that signed ends are appended to; empty for `audit-checkpoints.jsonl` in the
        /// data folder. Best on another disk or machine than the metadata.
        checkpoint_file: String = String::new(),
    }
}

section! {
    /// Records of requests: who did what with which key.
    UsageSection {
        /// Records that may wait to be written; what comes beyond is counted and lost.
        entries_max: usize = 100_000,
        /// Whether addresses of callers are recorded, also as those of a key's last use.
        addresses: bool = true,
        /// Whether names of callers' programs are recorded, also as those of a key's last use.
        clients: bool = true,
        /// How long records are kept, in days.
        events_days: u32 = 90,
        /// How long their sums per hour are kept, in days.
        hours_days: u32 = 730,
        /// Bytes of all records; beyond, the oldest go.
        storage_bytes_max: u64 = 5 << 30,
        /// Memory for all queries on the records together, in bytes.
        query_memory_bytes: usize = 256 << 20,
    }
}

section! {
    /// Logs, on standard error.
    LogsSection {
        /// Which records: a level (`error`, `warn`, `info`, `debug`, `trace`), or directives such
        /// as `info,tessera_store=debug`.
        level: String = "info".to_owned(),
        /// `text` or `json`.
        format: String = "text".to_owned(),
    }
}
