DELETE FROM group_sources WHERE group_id = $1 AND source_id = $2
