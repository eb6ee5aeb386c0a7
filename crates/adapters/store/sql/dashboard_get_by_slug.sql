SELECT id FROM dashboards WHERE slug = $1 ORDER BY is_archived, id LIMIT 1
