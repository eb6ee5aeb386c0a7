DELETE FROM query_favorites WHERE user_id = $1 AND query_id = $2
