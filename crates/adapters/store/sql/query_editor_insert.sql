INSERT INTO query_editors (query_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING
