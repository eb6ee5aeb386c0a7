UPDATE imports SET new_id = $4, digest = $5 WHERE origin = $1 AND kind = $2 AND old_id = $3
