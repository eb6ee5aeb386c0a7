-- Work that counts once, by a key that the caller chose. name, caller: digests. body: the keyed digest
-- of what was sent. answer: sealed, once the work is done. Moments in microseconds.
CREATE TABLE once_records (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    caller TEXT NOT NULL,
    body BYTEA NOT NULL,
    pepper BIGINT NOT NULL,
    began BIGINT NOT NULL,
    until BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    answer BYTEA
);

-- report: the mail that a failed run is told in, from when somebody begins it.
ALTER TABLE schedule_runs ADD COLUMN report TEXT;
CREATE INDEX schedule_runs_by_report ON schedule_runs (report)
WHERE report IS NOT NULL AND reported_at IS NULL;
