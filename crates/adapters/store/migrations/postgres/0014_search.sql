-- The search over objects of all kinds, and what an import brought.

CREATE TABLE dashboard_words (
    dashboard_id BIGINT PRIMARY KEY REFERENCES dashboards (id) ON DELETE CASCADE,
    words TSVECTOR NOT NULL
);
CREATE INDEX dashboard_words_by_word ON dashboard_words USING GIN (words);

-- How words were split when the index was made; the program makes an earlier one anew.
CREATE TABLE search_index (
    version BIGINT NOT NULL
);
INSERT INTO search_index (version) VALUES (0);

CREATE INDEX queries_archived ON queries (updated_at) WHERE is_archived = 1;
CREATE INDEX dashboards_archived ON dashboards (updated_at) WHERE is_archived = 1;

-- Where objects came from: the number they had there, and a digest of what they were there.
CREATE TABLE imports (
    origin TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    old_id BIGINT NOT NULL,
    new_id BIGINT NOT NULL,
    digest TEXT NOT NULL,
    imported_at BIGINT NOT NULL,
    PRIMARY KEY (origin, kind, old_id)
);
