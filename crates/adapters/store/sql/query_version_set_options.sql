UPDATE query_versions SET options = $2 WHERE query_id = $1
