-- Snippets, what people did, and visualizations that nobody described.

CREATE TABLE snippets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    trigger TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    text TEXT NOT NULL,
    owner_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX snippets_by_owner ON snippets (owner_id);

-- No reference to users: the record of what somebody did stays.
CREATE TABLE activities (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at BIGINT NOT NULL,
    user_id BIGINT,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object TEXT,
    address TEXT,
    client TEXT,
    detail TEXT NOT NULL
);
CREATE INDEX activities_by_time ON activities (at);
CREATE INDEX activities_by_user ON activities (user_id, at);

-- 0: the description was left out, which some clients tell from an empty one.
ALTER TABLE visualizations ADD COLUMN described BIGINT NOT NULL DEFAULT 1;
