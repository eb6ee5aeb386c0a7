-- The search over objects of all kinds, and what an import brought.

CREATE VIRTUAL TABLE dashboard_words USING fts5 (
    name, description, text,
    content = '', contentless_delete = 1, detail = column, prefix = '2 3',
    tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"
);
CREATE TRIGGER dashboard_words_deleted AFTER DELETE ON dashboards BEGIN
    DELETE FROM dashboard_words WHERE rowid = old.id;
END;

-- How words were split when the index was made; the program makes an earlier one anew.
CREATE TABLE search_index (
    version BIGINT NOT NULL
);
INSERT INTO search_index (version) VALUES (0);

CREATE INDEX queries_archived ON queries (updated_at) WHERE is_archived = 1;
CREATE INDEX dashboards_archived ON dashboards (updated_at) WHERE is_archived = 1;

-- Where objects came from: the number they had there, and a digest of what they were there.
CREATE TABLE imports (
    origin TEXT NOT NULL,
    kind TEXT NOT NULL,
    old_id BIGINT NOT NULL,
    new_id BIGINT NOT NULL,
    digest TEXT NOT NULL,
    imported_at BIGINT NOT NULL,
    PRIMARY KEY (origin, kind, old_id)
);
