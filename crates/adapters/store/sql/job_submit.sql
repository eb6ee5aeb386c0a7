-- A job that is not final yet comes back instead of a new one; one of a schedule does not have to
-- wait for its turn any more.
INSERT INTO jobs (uid, kind, state, source_id, query_id, dedup, run, created_at, attempts)
VALUES ($1, $2, 'queued', $3, $4, $5, $6, $7, 0)
ON CONFLICT (dedup) WHERE state IN ('queued', 'running') DO UPDATE SET priority = 0
RETURNING id, {job jobs}
