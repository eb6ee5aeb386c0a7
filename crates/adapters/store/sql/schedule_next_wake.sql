SELECT s.wake_at FROM query_schedules s WHERE s.wake_at IS NOT NULL ORDER BY s.wake_at LIMIT 1
