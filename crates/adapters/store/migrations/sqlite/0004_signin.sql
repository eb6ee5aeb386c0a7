-- Sessions that people can tell apart and end. Those of before begin their life in the list now; they
-- keep working.
ALTER TABLE sessions RENAME TO sessions_before;
DROP INDEX sessions_by_user;
DROP INDEX sessions_by_end;
CREATE TABLE sessions (
    digest BLOB PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    epoch BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    address TEXT,
    client TEXT,
    method TEXT NOT NULL
);
INSERT INTO sessions (digest, uid, user_id, epoch, created_at, expires_at, last_seen_at, method)
SELECT digest, lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
    || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))), user_id, epoch, created_at, expires_at, created_at, 'password'
FROM sessions_before;
DROP TABLE sessions_before;
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- Sign-ins between two steps. user_id: whose, once that is known.
CREATE TABLE pending_signins (
    digest BLOB PRIMARY KEY,
    kind TEXT NOT NULL,
    user_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL,
    attempts BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX pending_signins_by_user ON pending_signins (user_id);
CREATE INDEX pending_signins_by_end ON pending_signins (expires_at);

-- last_step: no one-time password of this time step or before counts again.
CREATE TABLE second_factors (
    user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL,
    confirmed_at BIGINT,
    last_step BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    digest BLOB NOT NULL,
    PRIMARY KEY (user_id, digest)
);

-- Accounts of trusted parties that belong to users.
CREATE TABLE identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email TEXT,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX identities_by_user ON identities (user_id);
