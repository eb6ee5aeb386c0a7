SELECT user_id FROM query_editors WHERE query_id = $1 ORDER BY user_id
