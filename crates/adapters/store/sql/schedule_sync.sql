-- The scheduler looks at once at a schedule that is new, or whose query was changed in what runs.
INSERT INTO query_schedules (query_id, revision, schedule, set_at, wake_at, failures)
SELECT q.id, 1, q.schedule, q.updated_at, 0, 0
FROM queries q
WHERE q.id = $1 AND q.schedule IS NOT NULL AND q.is_archived = 0
ON CONFLICT (query_id) DO UPDATE SET
    revision = query_schedules.revision + 1,
    set_at = CASE
        WHEN query_schedules.schedule = excluded.schedule THEN query_schedules.set_at
        ELSE excluded.set_at
    END,
    schedule = excluded.schedule, due_at = NULL, wake_at = 0, failures = 0,
    blocked_reason = NULL, blocked_detail = NULL, blocked_since = NULL
WHERE query_schedules.schedule IS DISTINCT FROM excluded.schedule OR CAST($2 AS BIGINT) = 1
