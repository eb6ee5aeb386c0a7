-- The lives of keys: successors, widenings, who ended them, warnings.

ALTER TABLE keys ADD COLUMN replaced_at BIGINT;
ALTER TABLE keys ADD COLUMN widening TEXT;
ALTER TABLE keys ADD COLUMN disabled_by BIGINT;
ALTER TABLE keys ADD COLUMN revoked_by BIGINT;
ALTER TABLE keys ADD COLUMN enabled_at BIGINT;
ALTER TABLE keys ADD COLUMN warned_days BIGINT;
CREATE INDEX keys_by_end ON keys (expires_at);
CREATE INDEX keys_by_revocation ON keys (revoked_at);
