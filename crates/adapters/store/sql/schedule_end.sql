UPDATE query_schedules
SET
    revision = revision + 1, schedule = NULL, due_at = NULL, wake_at = NULL, failures = 0,
    blocked_reason = NULL, blocked_detail = NULL, blocked_since = NULL
WHERE query_id = $1 AND revision = $2
