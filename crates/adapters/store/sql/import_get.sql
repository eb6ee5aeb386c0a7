SELECT new_id FROM imports WHERE origin = $1 AND kind = $2 AND old_id = $3
