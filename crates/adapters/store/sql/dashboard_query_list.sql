SELECT DISTINCT v.query_id
FROM widgets w
JOIN visualizations v ON v.id = w.visualization_id
WHERE w.dashboard_id = $1
ORDER BY v.query_id
