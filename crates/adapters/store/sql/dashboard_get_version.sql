SELECT version FROM dashboards WHERE id = $1
