DELETE FROM results WHERE source_id = $1 RETURNING uid
