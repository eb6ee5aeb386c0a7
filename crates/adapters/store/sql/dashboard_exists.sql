SELECT 1 FROM dashboards WHERE id = $1
