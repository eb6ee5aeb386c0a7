-- Times are microseconds since 1970 in UTC, truth values 0 or 1, documents JSON text, identifiers
-- (uid) text of 36 characters. *_key columns hold names folded by the program, for order and search.

CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT,
    disabled_at BIGINT,
    invitation_pending BIGINT NOT NULL,
    email_verified BIGINT NOT NULL,
    active_at BIGINT,
    epoch BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE groups (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    builtin BIGINT NOT NULL,
    permissions TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- position: the order in which a user joined.
CREATE TABLE group_members (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    group_id BIGINT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    PRIMARY KEY (user_id, group_id)
);
CREATE INDEX group_members_by_group ON group_members (group_id);

CREATE TABLE sources (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    kind TEXT NOT NULL,
    options TEXT NOT NULL,
    sealed_options BLOB,
    version BIGINT NOT NULL,
    paused BIGINT NOT NULL,
    pause_reason TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE source_schemas (
    source_id BIGINT PRIMARY KEY REFERENCES sources (id) ON DELETE CASCADE,
    tables TEXT NOT NULL,
    read_at BIGINT NOT NULL
);

CREATE TABLE group_sources (
    group_id BIGINT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    source_id BIGINT NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
    level TEXT NOT NULL CHECK (level IN ('view', 'full')),
    PRIMARY KEY (group_id, source_id)
);
CREATE INDEX group_sources_by_source ON group_sources (source_id);

CREATE TABLE results (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    source_id BIGINT NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
    cache_key BLOB NOT NULL,
    template_digest BLOB NOT NULL,
    has_parameters BIGINT NOT NULL,
    display_text TEXT NOT NULL,
    query_hash TEXT NOT NULL,
    runtime_seconds DOUBLE PRECISION NOT NULL,
    retrieved_at BIGINT NOT NULL,
    row_count BIGINT NOT NULL,
    byte_count BIGINT NOT NULL
);
CREATE INDEX results_by_cache_key ON results (cache_key, retrieved_at);
CREATE INDEX results_by_template ON results (template_digest, retrieved_at);
CREATE INDEX results_by_source ON results (source_id);
CREATE INDEX results_by_time ON results (retrieved_at);

-- schedule_interval: the seconds in the schedule, for the order.
CREATE TABLE queries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    description TEXT,
    text TEXT NOT NULL,
    hash TEXT NOT NULL,
    template_digest BLOB,
    source_id BIGINT REFERENCES sources (id) ON DELETE SET NULL,
    owner_id BIGINT NOT NULL REFERENCES users (id),
    modified_by BIGINT REFERENCES users (id) ON DELETE SET NULL,
    options TEXT NOT NULL,
    schedule TEXT,
    schedule_interval BIGINT,
    tags TEXT NOT NULL,
    is_draft BIGINT NOT NULL,
    is_archived BIGINT NOT NULL,
    version BIGINT NOT NULL,
    latest_result BIGINT REFERENCES results (id) ON DELETE SET NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX queries_by_owner ON queries (owner_id, updated_at);
CREATE INDEX queries_by_modifier ON queries (modified_by);
CREATE INDEX queries_by_created ON queries (created_at);
CREATE INDEX queries_by_latest_result ON queries (latest_result);
CREATE INDEX queries_by_source ON queries (source_id);
CREATE INDEX queries_by_template ON queries (template_digest);

CREATE TABLE query_tags (
    query_id BIGINT NOT NULL REFERENCES queries (id) ON DELETE CASCADE,
    tag TEXT NOT NULL,
    PRIMARY KEY (query_id, tag)
);
CREATE INDEX query_tags_by_tag ON query_tags (tag);

-- The words of queries as the program split them: separated by single spaces, in lower case.
CREATE VIRTUAL TABLE query_words USING fts5 (
    name, description, text,
    content = '', contentless_delete = 1, detail = column, prefix = '2 3',
    tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"
);
CREATE TRIGGER query_words_deleted AFTER DELETE ON queries BEGIN
    DELETE FROM query_words WHERE rowid = old.id;
END;

CREATE TABLE query_favorites (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    query_id BIGINT NOT NULL REFERENCES queries (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, query_id)
);
CREATE INDEX query_favorites_by_query ON query_favorites (query_id);

CREATE TABLE query_editors (
    query_id BIGINT NOT NULL REFERENCES queries (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (query_id, user_id)
);
CREATE INDEX query_editors_by_user ON query_editors (user_id);

CREATE TABLE visualizations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    query_id BIGINT NOT NULL REFERENCES queries (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    options TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX visualizations_by_query ON visualizations (query_id);

CREATE TABLE dashboards (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    owner_id BIGINT NOT NULL REFERENCES users (id),
    layout TEXT NOT NULL,
    filters_enabled BIGINT NOT NULL,
    options TEXT NOT NULL,
    tags TEXT NOT NULL,
    is_draft BIGINT NOT NULL,
    is_archived BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX dashboards_by_slug ON dashboards (slug);
CREATE INDEX dashboards_by_owner ON dashboards (owner_id);
CREATE INDEX dashboards_by_created ON dashboards (created_at);

CREATE TABLE dashboard_tags (
    dashboard_id BIGINT NOT NULL REFERENCES dashboards (id) ON DELETE CASCADE,
    tag TEXT NOT NULL,
    PRIMARY KEY (dashboard_id, tag)
);
CREATE INDEX dashboard_tags_by_tag ON dashboard_tags (tag);

CREATE TABLE dashboard_favorites (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    dashboard_id BIGINT NOT NULL REFERENCES dashboards (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, dashboard_id)
);
CREATE INDEX dashboard_favorites_by_dashboard ON dashboard_favorites (dashboard_id);

CREATE TABLE dashboard_editors (
    dashboard_id BIGINT NOT NULL REFERENCES dashboards (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (dashboard_id, user_id)
);
CREATE INDEX dashboard_editors_by_user ON dashboard_editors (user_id);

CREATE TABLE widgets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    dashboard_id BIGINT NOT NULL REFERENCES dashboards (id) ON DELETE CASCADE,
    visualization_id BIGINT REFERENCES visualizations (id) ON DELETE CASCADE,
    text TEXT NOT NULL,
    width BIGINT NOT NULL,
    options TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX widgets_by_dashboard ON widgets (dashboard_id);
CREATE INDEX widgets_by_visualization ON widgets (visualization_id);

-- The history of queries and dashboards.
CREATE TABLE changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    object_kind TEXT NOT NULL,
    object_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    user_id BIGINT REFERENCES users (id) ON DELETE SET NULL,
    changes TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX changes_by_object ON changes (object_kind, object_id, id);
CREATE INDEX changes_by_user ON changes (user_id);

-- Exactly one of user_id, query_id and dashboard_id says whose key it is.
CREATE TABLE keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    user_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
    query_id BIGINT REFERENCES queries (id) ON DELETE CASCADE,
    dashboard_id BIGINT REFERENCES dashboards (id) ON DELETE CASCADE,
    lookup TEXT NOT NULL UNIQUE,
    digest BLOB NOT NULL UNIQUE,
    pepper_version BIGINT NOT NULL,
    sealed BLOB,
    name TEXT NOT NULL,
    hint TEXT NOT NULL,
    created_by BIGINT REFERENCES users (id) ON DELETE SET NULL,
    created_at BIGINT NOT NULL,
    not_before BIGINT,
    expires_at BIGINT,
    disabled_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT,
    CHECK (
        CASE WHEN user_id IS NULL THEN 0 ELSE 1 END
        + CASE WHEN query_id IS NULL THEN 0 ELSE 1 END
        + CASE WHEN dashboard_id IS NULL THEN 0 ELSE 1 END = 1
    )
);
CREATE INDEX keys_by_user ON keys (user_id);
CREATE INDEX keys_by_query ON keys (query_id);
CREATE INDEX keys_by_dashboard ON keys (dashboard_id);
CREATE INDEX keys_by_creator ON keys (created_by);

CREATE TABLE sessions (
    digest BLOB PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    epoch BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE tokens (
    digest BLOB PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX tokens_by_user ON tokens (user_id);

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL,
    address TEXT
);

CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    source_id BIGINT NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
    query_id BIGINT REFERENCES queries (id) ON DELETE SET NULL,
    dedup BLOB NOT NULL,
    run TEXT,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT,
    attempts BIGINT NOT NULL,
    error_code TEXT,
    error_detail TEXT,
    result_id BIGINT REFERENCES results (id) ON DELETE SET NULL,
    output TEXT,
    lease_node TEXT,
    lease_until BIGINT
);
-- Two jobs that are not final never do the same.
CREATE UNIQUE INDEX jobs_dedup_key ON jobs (dedup) WHERE state IN ('queued', 'running');
CREATE INDEX jobs_queued ON jobs (created_at, id) WHERE state = 'queued';
CREATE INDEX jobs_running ON jobs (lease_node) WHERE state = 'running';
CREATE INDEX jobs_by_end ON jobs (finished_at);
CREATE INDEX jobs_by_source ON jobs (source_id);
CREATE INDEX jobs_by_query ON jobs (query_id);
CREATE INDEX jobs_by_result ON jobs (result_id);

CREATE TABLE job_participants (
    job_id BIGINT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    PRIMARY KEY (job_id, label)
);
