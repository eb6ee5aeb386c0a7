-- Attempts to sign in, addresses that an account knows, and nonces of signatures that were used: by
-- keyed digest, each until a moment in microseconds.
CREATE TABLE attempts (
    name BLOB PRIMARY KEY,
    until BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX attempts_by_end ON attempts (until);
