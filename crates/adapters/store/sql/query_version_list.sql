SELECT {version v} FROM query_versions v WHERE v.query_id = $1 ORDER BY v.version DESC LIMIT $2 OFFSET $3
