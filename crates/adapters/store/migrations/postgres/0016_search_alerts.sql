-- The search over alerts and snippets. The program makes the index when it opens the store.

CREATE TABLE alert_words (
    alert_id BIGINT PRIMARY KEY REFERENCES alerts (id) ON DELETE CASCADE,
    words TSVECTOR NOT NULL
);
CREATE INDEX alert_words_by_word ON alert_words USING GIN (words);

CREATE TABLE snippet_words (
    snippet_id BIGINT PRIMARY KEY REFERENCES snippets (id) ON DELETE CASCADE,
    words TSVECTOR NOT NULL
);
CREATE INDEX snippet_words_by_word ON snippet_words USING GIN (words);
