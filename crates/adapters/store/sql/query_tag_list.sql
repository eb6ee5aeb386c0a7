SELECT t.tag, COUNT(*)
FROM query_tags t
JOIN queries q ON q.id = t.query_id
WHERE
    q.is_archived = 0
    AND ($1 = CAST(1 AS BIGINT) OR q.owner_id = $2 OR q.source_id IN {ids $3})
GROUP BY t.tag
ORDER BY t.tag
