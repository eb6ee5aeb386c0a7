SELECT COUNT(*) FROM activities a WHERE $1 IS NULL OR a.user_id = $1
