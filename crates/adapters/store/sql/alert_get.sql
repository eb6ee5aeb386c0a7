SELECT {alert a}, {user o}, {listing q}, {user m}
FROM alerts a
JOIN users o ON o.id = a.owner_id
JOIN queries q ON q.id = a.query_id
JOIN users u ON u.id = q.owner_id
LEFT JOIN users m ON m.id = q.modified_by
LEFT JOIN query_favorites f ON f.query_id = q.id AND f.user_id = $2
LEFT JOIN results r ON r.id = q.latest_result
LEFT JOIN keys k ON k.id = {query_key q}
WHERE a.id = $1
