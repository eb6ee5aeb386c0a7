UPDATE queries
SET
    is_archived = 1, schedule = NULL, schedule_interval = NULL, version = $2, updated_at = $3
WHERE id = $1
