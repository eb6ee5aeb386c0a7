DELETE FROM query_words WHERE query_id = $1
