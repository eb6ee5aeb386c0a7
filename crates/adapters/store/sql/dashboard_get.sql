SELECT {dashboard d}, {user u}, f.created_at
FROM dashboards d
JOIN users u ON u.id = d.owner_id
LEFT JOIN dashboard_favorites f ON f.dashboard_id = d.id AND f.user_id = $2
WHERE d.id = $1
