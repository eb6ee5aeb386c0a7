SELECT q.owner_id, q.id, q.name, r.failures, r.finished_at, COALESCE(r.error_detail, '')
FROM schedule_runs r
JOIN queries q ON q.id = r.query_id
WHERE r.id IN {ids $1}
ORDER BY r.finished_at, r.id
