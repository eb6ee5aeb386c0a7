-- Versions of queries, and the approved one; attributes of users, and those a result was made with.

CREATE TABLE query_versions (
    query_id BIGINT NOT NULL REFERENCES queries (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    options TEXT NOT NULL,
    source_id BIGINT REFERENCES sources (id) ON DELETE SET NULL,
    created_by BIGINT REFERENCES users (id) ON DELETE SET NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (query_id, version)
);
CREATE INDEX query_versions_by_source ON query_versions (source_id);
CREATE INDEX query_versions_by_creator ON query_versions (created_by);

-- Of earlier versions only the history is known, from which no text can be trusted to be whole.
INSERT INTO query_versions (
    query_id, version, name, text, options, source_id, created_by, created_at
)
SELECT id, version, name, text, options, source_id, modified_by, updated_at
FROM queries;

ALTER TABLE queries ADD COLUMN approved_version BIGINT;
ALTER TABLE users ADD COLUMN attributes TEXT NOT NULL DEFAULT '{}';
ALTER TABLE results ADD COLUMN attributes TEXT;
