-- How keys were last used, and for whom a result of a data source with a row policy is.

ALTER TABLE keys ADD COLUMN last_address TEXT;
ALTER TABLE keys ADD COLUMN last_client TEXT;
ALTER TABLE keys ADD COLUMN last_transport TEXT;
ALTER TABLE keys ADD COLUMN url_used_at BIGINT;

ALTER TABLE results ADD COLUMN viewer TEXT;
