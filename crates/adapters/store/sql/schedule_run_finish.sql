UPDATE schedule_runs
SET
    state = $2, finished_at = $3, error_code = $4, error_detail = $5, result_id = $6,
    failures = CASE
        WHEN CAST($2 AS TEXT) = 'failed' THEN 1 + COALESCE(
            (SELECT s.failures FROM query_schedules s WHERE s.query_id = schedule_runs.query_id), 0
        )
        ELSE 0
    END
WHERE job_uid = $1 AND state = 'running'
