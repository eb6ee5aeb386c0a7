INSERT INTO source_schemas (source_id, tables, read_at)
VALUES ($1, $2, $3)
ON CONFLICT (source_id) DO UPDATE SET tables = excluded.tables, read_at = excluded.read_at
