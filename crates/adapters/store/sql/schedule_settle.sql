-- The scheduler finds out when the next moment is.
UPDATE query_schedules
SET
    revision = revision + 1, job_uid = NULL,
    failures = CASE CAST($2 AS TEXT)
        WHEN 'succeeded' THEN 0
        WHEN 'failed' THEN failures + 1
        ELSE failures
    END,
    result_id = COALESCE(CAST($3 AS BIGINT), result_id),
    wake_at = CASE WHEN schedule IS NULL THEN NULL ELSE 0 END
WHERE job_uid = $1
