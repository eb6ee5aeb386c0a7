SELECT s.source_id, s.level FROM group_sources s WHERE s.group_id = $1 ORDER BY s.source_id
