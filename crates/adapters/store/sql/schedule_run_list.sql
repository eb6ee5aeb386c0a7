SELECT {schedule_run r}
FROM schedule_runs r
WHERE r.query_id = $1
ORDER BY r.due_at DESC
LIMIT $2 OFFSET $3
