-- Attempts to sign in, addresses that an account knows, and nonces of signatures that were used: by
-- digest, each until a moment in microseconds.
CREATE TABLE attempt_marks (
    name BLOB PRIMARY KEY,
    until BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX attempt_marks_by_end ON attempt_marks (until);
