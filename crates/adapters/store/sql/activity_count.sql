SELECT COUNT(*) FROM activities a WHERE CAST($1 AS BIGINT) IS NULL OR a.user_id = $1
