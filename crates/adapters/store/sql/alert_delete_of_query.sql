DELETE FROM alerts WHERE query_id = $1
