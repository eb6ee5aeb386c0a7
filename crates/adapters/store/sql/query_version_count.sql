SELECT COUNT(*) FROM query_versions v WHERE v.query_id = $1
