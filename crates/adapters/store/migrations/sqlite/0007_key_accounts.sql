-- Accounts that were made for one key each and end with it, and who changed them last.
CREATE TABLE key_accounts (
    user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    changed_at BIGINT NOT NULL,
    changed_by BIGINT REFERENCES users (id) ON DELETE SET NULL
);
CREATE INDEX key_accounts_by_changer ON key_accounts (changed_by);
CREATE INDEX keys_by_hint ON keys (hint);
