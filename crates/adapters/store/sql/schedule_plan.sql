UPDATE query_schedules
SET
    revision = revision + 1, due_at = $3, wake_at = $4, blocked_reason = $5, blocked_detail = $6,
    blocked_since = $7
WHERE query_id = $1 AND revision = $2
