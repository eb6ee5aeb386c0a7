-- The update changes nothing; it makes a job that is not final yet come back instead of a new one.
INSERT INTO jobs (uid, kind, state, source_id, query_id, dedup, run, created_at, attempts)
VALUES ($1, $2, 'queued', $3, $4, $5, $6, $7, 0)
ON CONFLICT (dedup) WHERE state IN ('queued', 'running') DO UPDATE SET dedup = excluded.dedup
RETURNING id, {job jobs}
