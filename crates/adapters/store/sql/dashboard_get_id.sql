SELECT id FROM dashboards WHERE uid = $1
