INSERT INTO dashboard_tags (dashboard_id, tag) VALUES ($1, $2) ON CONFLICT DO NOTHING
