SELECT d.id FROM dashboards d WHERE d.id > $1 ORDER BY d.id LIMIT $2
