DELETE FROM dashboard_favorites WHERE user_id = $1 AND dashboard_id = $2
