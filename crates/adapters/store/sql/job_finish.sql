UPDATE jobs
SET
    state = $3, finished_at = $4, error_code = $5, error_detail = $6, output = $7,
    lease_node = NULL, lease_until = NULL
WHERE uid = $1 AND state = 'running' AND lease_node = $2
RETURNING
    id, run, scheduled,
    CASE WHEN EXISTS (SELECT 1 FROM alerts a WHERE a.query_id = jobs.query_id) THEN 1 ELSE 0 END
