-- Mail that waits to be sent, and for a while what became of it. sealed: the mail, until it ended.
CREATE TABLE mails (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    deduplication TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    recipients TEXT NOT NULL,
    sealed BLOB,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    error TEXT,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX mails_by_turn ON mails (state, next_at);
CREATE INDEX mails_by_end ON mails (ended_at);
