SELECT {widget w}, {visualization v}
FROM widgets w
LEFT JOIN visualizations v ON v.id = w.visualization_id
WHERE w.dashboard_id = $1
ORDER BY w.id
