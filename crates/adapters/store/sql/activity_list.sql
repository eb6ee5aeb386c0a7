SELECT {activity a}, u.name
FROM activities a
LEFT JOIN users u ON u.id = a.user_id
WHERE CAST($1 AS BIGINT) IS NULL OR a.user_id = $1
ORDER BY a.at DESC, a.id DESC
LIMIT $2 OFFSET $3
