SELECT {visualization v} FROM visualizations v WHERE v.query_id = $1 ORDER BY v.id
