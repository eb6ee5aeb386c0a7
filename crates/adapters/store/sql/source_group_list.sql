SELECT s.group_id, s.level FROM group_sources s WHERE s.source_id = $1 ORDER BY s.group_id
