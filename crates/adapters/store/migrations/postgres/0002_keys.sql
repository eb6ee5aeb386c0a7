-- Keys: terms, parents, successors and approvals; service accounts and workspaces as owners.

ALTER TABLE users ADD COLUMN kind TEXT NOT NULL DEFAULT 'person';

CREATE TABLE workspaces (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

ALTER TABLE keys DROP CONSTRAINT keys_check;
ALTER TABLE keys ADD COLUMN workspace_id BIGINT REFERENCES workspaces (id) ON DELETE CASCADE;
ALTER TABLE keys ADD COLUMN terms TEXT NOT NULL DEFAULT '{}';
ALTER TABLE keys ALTER COLUMN terms DROP DEFAULT;
ALTER TABLE keys ADD COLUMN parent_id BIGINT REFERENCES keys (id) ON DELETE CASCADE;
ALTER TABLE keys ADD COLUMN predecessor_id BIGINT REFERENCES keys (id) ON DELETE SET NULL;
ALTER TABLE keys ADD COLUMN approval TEXT;
ALTER TABLE keys ADD CONSTRAINT keys_check CHECK (
    CASE WHEN user_id IS NULL THEN 0 ELSE 1 END
    + CASE WHEN query_id IS NULL THEN 0 ELSE 1 END
    + CASE WHEN dashboard_id IS NULL THEN 0 ELSE 1 END
    + CASE WHEN workspace_id IS NULL THEN 0 ELSE 1 END = 1
);
CREATE INDEX keys_by_workspace ON keys (workspace_id);
CREATE INDEX keys_by_parent ON keys (parent_id);
CREATE INDEX keys_by_predecessor ON keys (predecessor_id);
