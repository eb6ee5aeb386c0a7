DELETE FROM query_editors WHERE query_id = $1 AND user_id = $2
