-- A job that does the same already keeps its place, and tells the schedule of its end.
INSERT INTO jobs (
    uid, kind, state, source_id, query_id, dedup, run, created_at, attempts, scheduled, priority
)
VALUES ($1, $2, 'queued', $3, $4, $5, $6, $7, 0, 1, 1)
ON CONFLICT (dedup) WHERE state IN ('queued', 'running') DO UPDATE SET scheduled = 1
RETURNING id, {job jobs}
