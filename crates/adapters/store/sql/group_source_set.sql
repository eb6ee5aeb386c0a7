INSERT INTO group_sources (group_id, source_id, level)
VALUES ($1, $2, $3)
ON CONFLICT (group_id, source_id) DO UPDATE SET level = excluded.level
