SELECT {widget w}
FROM widgets w
JOIN visualizations v ON v.id = w.visualization_id
WHERE v.query_id = $1
ORDER BY w.id
