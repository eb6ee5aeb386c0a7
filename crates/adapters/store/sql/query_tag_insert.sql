INSERT INTO query_tags (query_id, tag) VALUES ($1, $2) ON CONFLICT DO NOTHING
