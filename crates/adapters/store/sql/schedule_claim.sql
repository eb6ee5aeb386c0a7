-- Who comes second finds another revision. A run that failed before it had a job is planned anew.
UPDATE query_schedules
SET
    revision = revision + 1, last_due_at = $3, due_at = $4, wake_at = $5, job_uid = $6,
    failures = failures + CAST($7 AS BIGINT), blocked_reason = NULL, blocked_detail = NULL,
    blocked_since = NULL
WHERE query_id = $1 AND revision = $2
