INSERT INTO schedule_runs (
    query_id, due_at, started_at, job_uid, state, finished_at, error_code, error_detail, failures
)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, CASE WHEN CAST($6 AS BIGINT) IS NULL THEN 0 ELSE s.failures END
FROM query_schedules s
WHERE s.query_id = $1
ON CONFLICT (query_id, due_at) DO NOTHING
