SELECT s.group_id, s.source_id, s.level FROM group_sources s ORDER BY s.group_id, s.source_id
