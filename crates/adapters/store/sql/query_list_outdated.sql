SELECT {listing q}
FROM query_schedules s
JOIN queries q ON q.id = s.query_id
JOIN users u ON u.id = q.owner_id
LEFT JOIN query_favorites f ON f.query_id = q.id AND f.user_id = 0
LEFT JOIN results r ON r.id = q.latest_result
LEFT JOIN keys k ON k.id = {query_key q}
WHERE s.schedule IS NOT NULL AND q.is_archived = 0 AND (s.job_uid IS NOT NULL OR s.due_at <= $1)
ORDER BY CASE WHEN s.job_uid IS NULL THEN s.due_at ELSE s.last_due_at END, q.id
LIMIT $2
