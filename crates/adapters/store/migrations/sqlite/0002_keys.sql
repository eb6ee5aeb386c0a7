-- Keys: terms, parents, successors and approvals; service accounts and workspaces as owners.

ALTER TABLE users ADD COLUMN kind TEXT NOT NULL DEFAULT 'person';

CREATE TABLE workspaces (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

-- SQLite cannot change a condition of a table: the keys move into a new one.
CREATE TABLE keys_new (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    user_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
    query_id BIGINT REFERENCES queries (id) ON DELETE CASCADE,
    dashboard_id BIGINT REFERENCES dashboards (id) ON DELETE CASCADE,
    workspace_id BIGINT REFERENCES workspaces (id) ON DELETE CASCADE,
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
    terms TEXT NOT NULL,
    parent_id BIGINT REFERENCES keys (id) ON DELETE CASCADE,
    predecessor_id BIGINT REFERENCES keys (id) ON DELETE SET NULL,
    approval TEXT,
    CHECK (
        CASE WHEN user_id IS NULL THEN 0 ELSE 1 END
        + CASE WHEN query_id IS NULL THEN 0 ELSE 1 END
        + CASE WHEN dashboard_id IS NULL THEN 0 ELSE 1 END
        + CASE WHEN workspace_id IS NULL THEN 0 ELSE 1 END = 1
    )
);
INSERT INTO keys_new (
    id, uid, kind, user_id, query_id, dashboard_id, lookup, digest, pepper_version, sealed, name,
    hint, created_by, created_at, not_before, expires_at, disabled_at, revoked_at, last_used_at, terms
)
SELECT
    id, uid, kind, user_id, query_id, dashboard_id, lookup, digest, pepper_version, sealed, name,
    hint, created_by, created_at, not_before, expires_at, disabled_at, revoked_at, last_used_at, '{}'
FROM keys;
DROP TABLE keys;
ALTER TABLE keys_new RENAME TO keys;
CREATE INDEX keys_by_user ON keys (user_id);
CREATE INDEX keys_by_query ON keys (query_id);
CREATE INDEX keys_by_dashboard ON keys (dashboard_id);
CREATE INDEX keys_by_creator ON keys (created_by);
CREATE INDEX keys_by_workspace ON keys (workspace_id);
CREATE INDEX keys_by_parent ON keys (parent_id);
CREATE INDEX keys_by_predecessor ON keys (predecessor_id);
