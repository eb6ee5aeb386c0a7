SELECT r.source_id FROM results r WHERE r.id = $1
