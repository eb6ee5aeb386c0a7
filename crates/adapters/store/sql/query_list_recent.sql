SELECT {listing q}
FROM queries q
JOIN users u ON u.id = q.owner_id
LEFT JOIN query_favorites f ON f.query_id = q.id AND f.user_id = $1
LEFT JOIN results r ON r.id = q.latest_result
LEFT JOIN keys k ON k.id = {query_key q}
WHERE q.owner_id = $1 AND q.is_archived = 0
ORDER BY q.updated_at DESC, q.id DESC
LIMIT $2
