SELECT a.owner_id, q.id, q.source_id
FROM alerts a
JOIN queries q ON q.id = a.query_id
WHERE a.id = $1
