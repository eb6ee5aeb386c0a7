DELETE FROM query_tags WHERE query_id = $1
