INSERT INTO query_favorites (user_id, query_id, created_at)
VALUES ($1, $2, $3)
ON CONFLICT (user_id, query_id) DO NOTHING
