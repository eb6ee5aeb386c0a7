SELECT {version v}
FROM query_versions v
JOIN queries q ON q.id = v.query_id
WHERE v.query_id = $1 AND v.version <= $2 AND q.version >= $2
ORDER BY v.version DESC
LIMIT 1
