INSERT INTO dashboard_editors (dashboard_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING
