INSERT INTO dashboard_favorites (user_id, dashboard_id, created_at)
VALUES ($1, $2, $3)
ON CONFLICT (user_id, dashboard_id) DO NOTHING
