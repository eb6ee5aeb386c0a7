SELECT {schedule s}
FROM query_schedules s
WHERE s.wake_at IS NOT NULL AND s.wake_at <= $1
ORDER BY s.wake_at, s.query_id
LIMIT $2
